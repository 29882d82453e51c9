"""What simulated card gateways share: what can go wrong with them, the page of cards, and their messages.

A gateway keeps its own orders in its own words. From here it takes

    board = Switchboard(GatewaySwitches)          wrong(request) inside a handler: what is switched on for this call
    page = card_page(…)                           and `decision(form)` for what the payer pressed
    messages = Messages(); await messages.notify(…)   every message it sends, also those that are lost or late
    return await leaving(request, back(…))        the browser goes home; `Accept: application/json` tells where instead
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.kit.pages import group, hidden, page, post_form
from simulators.kit.serve import drop_connection
from simulators.kit.switches import CONTROL, Switches

# The hub of a test or a demonstration is reached without TLS; reading the authorities would take longer than the call.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Wrong = Literal[
    "wrong_signature",
    "altered_amount",
    "foreign_currency",
    "unknown_state",
    "three_d_secure_refused",
    "duplicate",
    "reordered",
    "late",
    "lost",
    "drop_after",
    "error_after",
]


class GatewaySwitches(Switches):
    """`wrong`: any number of these at once, in what the gateway says from now on.

    `wrong_signature`         signed by a key or secret that is not the gateway's
    `altered_amount`          another amount than ordered, under a good signature; `foreign_currency` likewise
    `unknown_state`           a state nobody published
    `three_d_secure_refused`  whatever card is entered, its bank does not confirm the payer
    `duplicate`               every message twice
    `reordered`               a message waits for the next one and comes after it
    `late`                    messages wait until `POST /_control/messages/release`; `lost`: they are never sent
    `drop_after`              what was asked is done, and the connection closed; questions are answered as ever
    `error_after`             the same with status 500
    """

    wrong: tuple[Wrong, ...] = ()


def wrong(request: Request) -> frozenset[Wrong]:
    """What is switched on for this call."""
    switches: GatewaySwitches = request.scope["switches"]
    return frozenset(switches.wrong)


async def leaving(request: Request, response: Response) -> Response:
    """`response` to what has been done, or what `drop_after` and `error_after` make of it."""
    if "drop_after" in wrong(request):
        await drop_connection(request.scope, request.receive)
    if "error_after" in wrong(request):
        return Response("Internal Server Error", 500, media_type="text/plain")
    return response


# ── The page of cards ──

Do = Literal["approve", "decline", "cancel", "challenge", "pending"]


@dataclass(frozen=True, slots=True)
class Card:
    """A magic card. `why` is for `decline`: funds, expired, limit, fraud, authentication, or empty for no reason given.

    `challenge`: its bank asks the payer to confirm, on one more page.
    """

    do: Do
    label: str
    why: str = ""


MAGIC: Mapping[str, Card] = {
    "4111111111111111": Card("approve", "approved"),
    "4000000000003063": Card("challenge", "its bank asks the payer to confirm (3-D Secure)"),
    "4000000000000002": Card("decline", "declined"),
    "4000000000009995": Card("decline", "not enough money", "funds"),
    "4000000000000069": Card("decline", "expired card", "expired"),
    "4000000000000119": Card("pending", "stays under way"),
}
"""For gateways that publish no test cards of their own, and beside those that do."""


@dataclass(frozen=True, slots=True)
class Decision:
    do: Do
    why: str = ""
    card: str = ""

    @property
    def masked(self) -> str:
        """First six and last four digits."""
        return f"{self.card[:6]}******{self.card[-4:]}" if self.card else ""


def decision(form: FormData, cards: Mapping[str, Card] = MAGIC, *, refuse_3ds: bool = False) -> Decision:
    """What the payer did. Fields: `do` (pay, approve, decline, cancel, confirm, refuse), `card`, `cvc`.

    `approve`, `decline` and `cancel` are buttons that need no card; `confirm` and `refuse` answer the challenge. A
    card nobody knows is declined. `refuse_3ds` is the switch `three_d_secure_refused`.
    """
    number = "".join(char for char in str(form.get("card") or "") if char.isdigit())
    pressed = str(form.get("do") or "pay")
    chosen = cards.get(number, Card("decline", "unknown card"))
    decided = {
        "approve": Decision("approve", card=number or next(iter(cards))),
        "confirm": Decision("approve", card=number),
        "decline": Decision("decline", card=number or next(iter(cards))),
        "refuse": Decision("decline", "authentication", number),
        "cancel": Decision("cancel"),
    }.get(pressed, Decision(chosen.do, chosen.why, number))
    if refuse_3ds and decided.do in {"approve", "challenge"}:
        return Decision("decline", "authentication", decided.card)
    return decided


def card_page(
    title: str, action: str, facts: Mapping[str, str], cards: Mapping[str, Card] = MAGIC, language: str = "en"
) -> Response:
    """`facts` are shown: merchant, order, amount. The form is posted to `action`, see `decision`."""
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    known = "".join(f"<li><code>{number}</code> {escape(card.label)}</li>" for number, card in cards.items())
    fields = (
        f'<label>Card <input name="card" inputmode="numeric" autocomplete="off" value="{next(iter(cards))}"></label>'
        '<label>Valid until <input name="expiry" value="12/49" size="7"></label>'
        '<label>CVC <input name="cvc" value="100" size="4"></label><p><button name="do" value="pay">Pay</button></p>'
    )
    buttons = "".join(
        f'<button name="do" value="{name.lower()}" formnovalidate>{name}</button>'
        for name in ("Approve", "Decline", "Cancel")
    )
    form = f'<form method="post" action="{escape(action)}">{group("Card", fields)}{group("Or at once", buttons)}</form>'
    return page(title, f"<dl>{shown}</dl>{form}<ul>{known}</ul>", language=language)


def challenge_page(title: str, action: str, card: str) -> Response:
    """The card's bank asks its holder (3-D Secure 2)."""
    body = (
        f'<form method="post" action="{escape(action)}">{hidden("card", card)}<p>Is it you who pays?</p>'
        '<button name="do" value="confirm">Confirm</button><button name="do" value="refuse">Refuse</button></form>'
    )
    return page(title, body)


def back(request: Request, method: str, url: str, fields: Mapping[str, str]) -> Response:
    """The browser goes back to the merchant with `fields`; a program that accepts only JSON is told where and what."""
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"method": method, "url": url, "fields": dict(fields)})
    if method == "POST":
        return post_form("Back to the merchant", url, fields)
    query = urlencode(fields)
    return RedirectResponse(f"{url}{'&' if '?' in url else '?'}{query}" if query else url, 303)


# ── Messages from the gateway to the merchant ──


@dataclass(slots=True)
class Message:
    """One request of the gateway's own. `status` is what the merchant answered, None where it has not been reached."""

    url: str
    headers: dict[str, str]
    body: str
    status: int | None = None
    sent: int = 0


@dataclass(slots=True)
class Messages:
    """Everything the gateway wanted to tell, in its order; what waits is in `waiting`."""

    made: list[Message] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)

    async def notify(self, request: Request, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Sends a message by POST, as the switches of this call allow. A merchant not reached is no error."""
        message = Message(url, dict(headers), body.decode("utf-8"))
        self.made.append(message)
        switched = wrong(request)
        if "lost" in switched:
            return
        if "late" in switched or ("reordered" in switched and not self.waiting):
            self.waiting.append(message)
            return
        await self._send(message, twice="duplicate" in switched)
        if "reordered" in switched:
            await self.release()

    async def release(self) -> int:
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            await self._send(message)
        return len(waiting)

    async def _send(self, message: Message, *, twice: bool = False) -> None:
        async with httpx.AsyncClient(verify=_NO_TLS, trust_env=False, timeout=10) as client:
            for _ in range(2 if twice else 1):
                message.sent += 1
                try:
                    answer = await client.post(message.url, content=message.body.encode(), headers=message.headers)
                except httpx.HTTPError:
                    continue
                message.status = answer.status_code

    def routes(self) -> Sequence[Route]:
        """`GET /_control/messages`: all of them. `POST /_control/messages/release`: send what waits."""

        async def listed(_: Request) -> Response:
            return JSONResponse({"messages": [asdict(one) for one in self.made], "waiting": len(self.waiting)})

        async def released(_: Request) -> Response:
            return JSONResponse({"sent": await self.release()})

        return (
            Route(f"{CONTROL}/messages", listed, methods=["GET"]),
            Route(f"{CONTROL}/messages/release", released, methods=["POST"]),
        )


def done_by_control(path: str, act: Callable[[dict[str, Any]], Awaitable[Any]]) -> Route:
    """`POST /_control/<path>` with a JSON object: what happens at the gateway by itself (end of day, a chargeback)."""

    async def door(request: Request) -> Response:
        said = await request.json() if await request.body() else {}
        return JSONResponse(await act(said))

    return Route(f"{CONTROL}/{path}", door, methods=["POST"])
