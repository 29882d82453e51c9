"""A recorded contract: what we sent, what came back and what it became, as files beside the mapping.

    recordings/<name>.yaml                 exchanges in their order, the records, what was replaced
    recordings/<name>.1.request.xml        the body we sent, where there was one
    examples/<name>.1.xml                  the body that came back; an example of the mapping too

A name is `<mapping>.<what>`: `obligation.recorded`. Paths in the file are relative to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import load


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange. `target` is the path and query of the address; headers have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    reply_headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """`source` is what was asked, as a mapping's source writes it; `mapping` the mapping's file, or None.
    `unsure_texts` are some received texts by path, for a question at the terminal: they are not written.
    """

    name: str
    recorded_at: str
    source: Mapping[str, Any]
    mapping: str | None
    asked: Mapping[str, str]
    exchanges: Sequence[Recorded]
    records: Sequence[Mapping[str, Any]] = ()
    replaced: Sequence[str] = ()
    unsure: Sequence[str] = ()
    personal_data: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    unsure_texts: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)


_OURS = ("content-type", "soapaction", "accept", "accept-language", "authorization", "idempotency-key", "prefer")
_THEIRS = ("content-type", "link", "retry-after", "location")


def write(recording: Recording, folder: Path, *, replace: bool = False) -> list[Path]:
    """Write it below `folder`; returns the files. Raises ConfigurationError where one of them is there already,
    unless it may `replace` them.
    """
    bodies: dict[Path, bytes] = {}
    exchanges: list[dict[str, Any]] = []
    for number, one in enumerate(recording.exchanges, 1):
        request: dict[str, Any] = {"method": one.method, "target": one.target, "headers": dict(one.headers)}
        if one.body:
            name = f"{recording.name}.{number}.request.{_suffix(one.body)}"
            bodies[folder / "recordings" / name] = one.body
            request["body"] = name
        reply: dict[str, Any] = {"status": one.status, "headers": dict(one.reply_headers)}
        if one.content:
            name = f"{recording.name}.{number}.{_suffix(one.content)}"
            bodies[folder / "examples" / name] = one.content
            reply["body"] = f"../examples/{name}"
        exchanges.append({"request": request, "reply": reply})
    plain = {
        "recorded_at": recording.recorded_at,
        "personal_data": "as received" if recording.personal_data else "invented",
        "mapping": recording.mapping,
        "source": dict(recording.source),
        "asked": dict(recording.asked),
        "exchanges": exchanges,
        "records": [dict(one) for one in recording.records],
        "replaced": list(recording.replaced),
        "unsure": list(recording.unsure),
    }
    file = folder / "recordings" / f"{recording.name}.yaml"
    bodies[file] = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=120).encode()
    taken = [path for path in bodies if path.exists()]
    if taken and not replace:
        remedy = "Give it another --name, or say --replace."
        raise ConfigurationError(f"{taken[0]} is there already", key="--name", remedy=remedy)
    for path, content in bodies.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(bodies)


def read(file: Path) -> Recording:
    """A recording from its file. Raises ConfigurationError where it or a body of it cannot be used."""
    data = load(file).data
    try:
        exchanges = [
            Recorded(
                method=one["request"]["method"],
                target=one["request"]["target"],
                headers=one["request"].get("headers") or {},
                body=_body(file, one["request"]),
                status=one["reply"]["status"],
                reply_headers=one["reply"].get("headers") or {},
                content=_body(file, one["reply"]),
            )
            for one in data["exchanges"]
        ]
        return Recording(
            name=file.stem,
            recorded_at=data["recorded_at"],
            source=data["source"],
            mapping=data["mapping"],
            asked=data.get("asked") or {},
            exchanges=exchanges,
            records=data.get("records") or [],
            replaced=data.get("replaced") or [],
            unsure=data.get("unsure") or [],
            personal_data=data.get("personal_data") != "invented",
        )
    except (KeyError, TypeError) as error:
        raise ConfigurationError(f"is no recording: {error}", file=str(file), remedy="Record it again.") from None


def _body(file: Path, part: Mapping[str, Any]) -> bytes:
    if "body" not in part:
        return b""
    try:
        return (file.parent / str(part["body"])).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{part['body']} cannot be read: {error.strerror}", file=str(file)) from None


def _suffix(content: bytes) -> str:
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "xml" if start == b"<" else "json" if start in (b"{", b"[") else "txt"


def kept_headers(headers: Mapping[str, str], *, ours: bool) -> dict[str, str]:
    """Those that say something of the contract. Credentials keep their scheme: `Bearer [secret]`."""
    kept = {}
    for name, value in headers.items():
        if name == "authorization":
            kept[name] = f"{value.partition(' ')[0]} [secret]"
        elif name in (_OURS if ours else _THEIRS):
            kept[name] = value
    return kept
