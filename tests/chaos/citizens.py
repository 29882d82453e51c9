"""Citizens who send things by the API, send them again when the answer was lost, and look what became of them."""

from __future__ import annotations

import asyncio
import random
import struct
import time
import zlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from hub.kernel.ids import parse_public_id, public_id
from tests.chaos import ledgers
from tests.chaos.script import Script, Write
from tests.chaos.towns import CANNOT_BE_ASKED, STEPS, Person
from tests.chaos.world import World

PATIENCE = 120.0
_PREFIX = {"open_case": "sbm", "answer_case": "sbm", "problem_report": "req", "contact_change": "cch"}


@dataclass
class Sent:
    """What the API has accepted. `order`: in which order this citizen was told so."""

    write: Write
    person: Person
    id: str
    at: float
    order: int

    @property
    def matter_id(self) -> UUID:
        return parse_public_id(_PREFIX[self.write.kind], self.id)


@dataclass
class Citizens:
    """`findings` are sentences about what a citizen must never see."""

    world: World
    script: Script
    cases: list[str]
    accepted: dict[str, Sent] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    samples: int = 0
    interrupted: int = 0
    offices_of: dict[UUID, dict[str, str]] = field(default_factory=dict)
    _shown: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _true: set[tuple[str, str]] = field(default_factory=set)

    # ── Sending ──

    async def send_all(self) -> None:
        """Everything of the script; each citizen does one thing after the other."""
        began = time.monotonic()
        by_person: dict[int, list[Write]] = {}
        for write in self.script.writes:
            by_person.setdefault(write.person, []).append(write)
        await asyncio.gather(*(self._one_after_the_other(number, some, began) for number, some in by_person.items()))

    async def _one_after_the_other(self, number: int, writes: list[Write], began: float) -> None:
        for write in writes:
            await asyncio.sleep(max(0.0, began + write.at - time.monotonic()))
            await self._send(self.world.people[number], write)

    async def _send(self, person: Person, write: Write) -> None:
        documents = []
        for number, size in enumerate(write.files):
            name = f"{write.title}-{number}.png"
            url = f"{self.world.api}/{person.city}/v1/attachments?name={name}"
            made = await self._ask(person, "POST", url, f"{write.title}a{number}", content=_picture(size, name))
            if made is None:
                return
            documents.append(made["id"])
        method, path, body = self._request(person, write, documents)
        url = f"{self.world.api}/{person.city}/v1/{path}"
        found = await self._ask(person, method, url, f"{write.title}k", json=body)
        if found is None:
            return
        sent_id = found["changes"][0]["id"] if write.kind == "contact_change" else found["id"]
        self.accepted[write.title] = Sent(write, person, sent_id, time.monotonic(), len(self.accepted))

    def _request(self, person: Person, write: Write, documents: list[str]) -> tuple[str, str, dict[str, Any]]:
        text = f"Molim rješenje: {write.title}."
        match write.kind:
            case "open_case":
                return "POST", "submissions", {"title": write.title, "text": text, "documents": documents}
            case "answer_case":
                case = self.cases[write.target % len(self.cases)]
                return "POST", f"cases/{case}/answers", {"text": text, "documents": documents}
            case "problem_report":
                category = {"pregrada": "rasvjeta", "vzorov": "osvetleni"}[person.city]
                place = {"address": f"{write.title} 4"}
                return "POST", "requests", {"category": category, "text": text, "place": place, "photos": documents}
        return "PATCH", "contact-details", {"email": f"{write.title}@example.hr"}

    async def _ask(self, person: Person, method: str, url: str, key: str, **content: Any) -> dict[str, Any] | None:
        """Until it is accepted, with the same key. A refusal, or an API that never answers, is a finding."""
        headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": key}
        if "content" in content:
            headers["Content-Type"] = "image/png"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = await self.world.client.request(method, url, headers=headers, timeout=10, **content)
            except httpx.HTTPError:
                self.interrupted += 1
            else:
                if answer.is_success:
                    found: dict[str, Any] = answer.json()
                    return found
                if answer.status_code not in {429, 503}:
                    self.findings.append(_told(method, url, answer))
                    if answer.status_code < 500:
                        return None
                self.interrupted += 1
            if not self.script.shaken:
                self.findings.append(f"{method} {url} was not answered, though nothing was wrong with the hub itself")
            await asyncio.sleep(0.1)
        self.findings.append(f"{method} {url} was not accepted within {PATIENCE:.0f} seconds")
        return None

    # ── Looking ──

    async def watch(self, over: asyncio.Event, seed: int) -> None:
        """Look at somebody's things, again and again."""
        chosen = random.Random(seed)
        while not over.is_set():
            await self.look(chosen.choice(self.world.people))
            await asyncio.sleep(0.05)

    async def look(self, person: Person) -> bool:
        """One sample, judged; False where the API gave none."""
        before = [one for one in self.accepted.values() if one.person is person]
        items: dict[str, dict[str, Any]] = {}
        for path, place in (("submissions", "items"), ("requests", "items"), ("contact-details", "changes")):
            found = await self._get(person, f"{path}?limit=100" if place == "items" else path)
            if found is None:
                return False
            items |= {one["id"]: one for one in found[place]}
        if await self._get(person, "account") is None:
            return False
        self.samples += 1
        for one in before:
            if one.id not in items:
                self.findings.append(f"{one.write.title} ({one.id}) was accepted and has vanished from the account")
            else:
                await self._judge(one, items[one.id])
        return True

    async def _get(self, person: Person, path: str) -> Any:
        headers = {"Authorization": f"Bearer {person.token}"}
        url = f"{self.world.api}/{person.city}/v1/{path}"
        try:
            answer = await self.world.client.get(url, headers=headers, timeout=10)
        except httpx.HTTPError as error:
            if not self.script.shaken:
                self.findings.append(f"GET {url}: {error!r}, though nothing was wrong with the hub itself")
            return None
        if answer.status_code == 503 and self.script.shaken:
            return None
        if not answer.is_success:
            self.findings.append(_told("GET", url, answer))
            return None
        return answer.json()

    async def _judge(self, sent: Sent, item: dict[str, Any]) -> None:
        """Never further than the back office, never back, and never without a word."""
        title = sent.write.title
        if not item["text"]:
            self.findings.append(f"{title}: the citizen is told nothing")
        if item["state"] == "registered" and any(one["state"] != "delivered" for one in item["offices"]):
            self.findings.append(f"{title}: all has arrived, it says, and then: {item['offices']}")
        for office in item["offices"]:
            name, at = office["back_office"], (sent.id, office["back_office"])
            old = self._shown.get(at)
            if old and old["state"] == "delivered" and office["state"] != "delivered":
                self.findings.append(f"{title} was delivered to {name}, and then {office['state']}")
            if old and old["number"] and old["number"] != office["number"]:
                self.findings.append(f"{title} had the number {old['number']}, and then {office['number']}")
            self._shown[at] = office
            if (office["state"] == "delivered" or office["number"]) and at not in self._true:
                await self._verify(sent, office)

    async def _verify(self, sent: Sent, office: dict[str, Any]) -> None:
        """The back office has what it is said to have."""
        name = office["back_office"]
        book = await ledgers.read(self.world, name)
        keys = [key async for key in self._keys(sent, name)]
        missing = [key for key in keys if not book.done[key]]
        if office["state"] == "delivered" and missing:
            self.findings.append(f"{sent.write.title} is shown as delivered to {name}, which has nothing of {missing}")
        elif not book.done[keys[0]]:
            self.findings.append(
                f"{sent.write.title} has the number {office['number']}, and {name} knows nothing of it"
            )
        elif office["state"] == "delivered":
            self._true.add((sent.id, name))

    async def _keys(self, sent: Sent, office: str) -> Any:
        """Under which keys the back office should have it."""
        if sent.matter_id not in self.offices_of:
            rows = await self.world.rows(
                """select d.back_office, d.delivery_id, m.number from deliveries d
                   join matters m using (city_id) where m.matter_id = d.record_id and d.record_id = $1""",
                sent.matter_id,
            )
            self.offices_of[sent.matter_id] = {row["back_office"]: key_of(row, sent.write) for row in rows}
        first = self.offices_of[sent.matter_id][office]
        for key in keys_from(first, office, sent.write):
            yield key


def _told(method: str, url: str, answer: httpx.Response) -> str:
    path = url.partition("/v1/")[2].partition("?")[0]
    return f"ANSWERED {answer.status_code} to {method} {path}: {answer.json().get('detail', '')}"


def key_of(row: Any, write: Write) -> str:
    """The first key: of our first step, or where the back office looks at none, the number the citizen has."""
    office = row["back_office"]
    if office in CANNOT_BE_ASKED:
        return str(row["number"])
    return f"{public_id('dlv', row['delivery_id'])}:{STEPS[office, write.kind][0]['name']}"


def keys_from(first: str, office: str, write: Write) -> list[str]:
    """All keys of a delivery, from its first one: a step may be made once for each document."""
    delivery = first.partition(":")[0]
    keys = [first]
    for step in STEPS[office, write.kind][1:]:
        numbers = [f".{number}" for number in range(1, len(write.files) + 1)] if "each" in step else [""]
        keys += [f"{delivery}:{step['name']}{number}" for number in numbers]
    return keys


def _picture(size: int, name: str) -> bytes:
    """A PNG of about that many bytes, like no other."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    noise = random.Random(name).randbytes(size)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"tEXt", b"Comment\0" + noise.hex().encode()[:size])
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )
