"""Sending changes to the hub as CloudEvents 1.0, well behaved or not.

Formats: a single event in structured mode and the JSON batch format are those of the CloudEvents HTTP
protocol binding 1.0.2, §3.2 and §3.3; NDJSON is one event per line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from simulators.kit.store import Item, State, Store

_MEDIA_TYPES = {
    "single": "application/cloudevents+json; charset=utf-8",
    "batch": "application/cloudevents-batch+json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
}


class PushOrder(BaseModel):
    """What to send where.

    `hub`           full URL of the push door
    `secret`        bearer secret; the demo value of this simulator where left out
    `keys`          which items, in this order; all where left out
    `mode`          `single`: one request per event; `batch` and `ndjson`: one request for all
    `history`       every state of each item, oldest first, instead of the last one only
    `duplicated`    every event is sent twice, with the same id
    `out_of_order`  last event first; together with `history` an item's newest state comes before its older
    `garbage`       `truncated`: the body ends in the middle; `html`: a page; `bytes`: every byte value
    `wrong_schema`  as the switch of the same name, for the data of the events
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hub: str = Field(pattern=r"^https?://")
    secret: str | None = None
    keys: list[str] | None = None
    mode: Literal["single", "batch", "ndjson"] = "single"
    history: bool = False
    duplicated: bool = False
    out_of_order: bool = False
    garbage: Literal["truncated", "html", "bytes"] | None = None
    wrong_schema: Literal["renamed", "mistyped"] | None = None


@dataclass(frozen=True, slots=True)
class Pusher:
    """Turns states of a store into events. `spoil` breaks data as `wrong_schema` says."""

    type: str
    source: str
    secret: str
    store: Store
    spoil: Callable[[Item, str], Item]

    async def send(self, order: PushOrder) -> dict[str, Any]:
        """Send it; returns how many events went out and what the hub answered to each request.

        Raises Refused for a key never seen and httpx.HTTPError where the hub cannot be reached.
        """
        events = [self._event(state, order) for state in self._states(order)]
        if order.duplicated:
            events = [event for event in events for _ in range(2)]
        if order.out_of_order:
            events.reverse()
        headers = {
            "Authorization": f"Bearer {order.secret or self.secret}",
            "Content-Type": _MEDIA_TYPES[order.mode],
        }
        answers = []
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            for body in _bodies(events, order):
                answer = await client.post(order.hub, content=body, headers=headers)
                answers.append({"status": answer.status_code, "body": answer.text[:2000]})
        return {"events": len(events), "answers": answers}

    def _states(self, order: PushOrder) -> Iterable[State]:
        if order.keys is None and not order.history:
            return self.store.latest()
        keys = order.keys if order.keys is not None else [state.key for state in self.store.latest()]
        return [state for key in keys for state in self.store.states(key)[0 if order.history else -1 :]]

    def _event(self, state: State, order: PushOrder) -> dict[str, Any]:
        time = state.at.isoformat().replace("+00:00", "Z")
        return {
            "specversion": "1.0",
            "type": self.type,
            "source": self.source,
            "id": f"{state.key}@{time}",
            "time": time,
            "datacontenttype": "application/json",
            "data": self.spoil(state.data, order.wrong_schema) if order.wrong_schema else state.data,
        }


def _bodies(events: list[dict[str, Any]], order: PushOrder) -> list[bytes]:
    texts = [json.dumps(event, ensure_ascii=False) for event in events]
    if order.mode == "batch":
        texts = [f"[{','.join(texts)}]"]
    elif order.mode == "ndjson":
        texts = ["".join(f"{text}\n" for text in texts)]
    bodies = [text.encode() for text in texts]
    if order.garbage == "truncated":
        return [body[: len(body) // 2] for body in bodies]
    if order.garbage == "html":
        return [b"<!DOCTYPE html><html><body>Error 500</body></html>" for _ in bodies]
    if order.garbage == "bytes":
        return [bytes(range(256)) for _ in bodies]
    return bodies
