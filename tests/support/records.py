"""Towns, subjects and records made for tests, in the shape the mapping engine yields."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.mapping.model import PartyRef, Record
from hub.ports.projection import Source
from hub.storage.database import Database
from hub.storage.vault import MasterKeys, TownKeys, Vault
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ANA, IVO, EVA = "87582274224", "33392005961", "85821130368"
"""OIBs with valid check digits."""


async def make_town(worker: Database, folder: Path, city_id: int = 1) -> tuple[Vault, TownKeys]:
    """A town's row and keys; several towns of one test share `folder`'s master key."""
    vault = Vault(MasterKeys.load(folder / "master.json", create=True))
    async with worker.town(city_id) as connection:
        await connection.execute("insert into cities (city_id, slug) values ($1, $2)", city_id, f"town-{city_id}")
        await vault.ensure(connection, city_id)
        return vault, await vault.keys(connection, city_id)


async def make_subject(worker: Database, keys: TownKeys, *oibs: str, name: str = "Ana Šćrbačić") -> UUID:
    async with worker.town(keys.city_id) as connection:
        subject_id = await subjects.create(connection, keys.city_id, SubjectKind.PERSON, name)
        for oib in oibs:
            await subjects.prove(
                connection, keys, subject_id, "hr.oib", oib, proof=Proof.CLERK, source="counter", now=NOW
            )
        return subject_id


def source(city_id: int = 1, as_of: datetime = NOW, *, asked: bool = True, **changes: Any) -> Source:
    plain = Source(
        city_id=city_id,
        back_office="financije",
        feed="obligations",
        as_of=as_of,
        caught_up_to=as_of,
        asked=asked,
        language="hr",
        payee="grad",
        department=None,
        payees=frozenset({"grad", "voda"}),
        departments=frozenset({"financije"}),
    )
    return replace(plain, **changes)


def obligation(key: str = "2026-1", oib: str = ANA, version: int | None = 1, **values: Any) -> Record:
    return Record(
        key=key,
        version=version,
        parties=(PartyRef("debtor", "hr.oib", oib),),
        values={
            "kind": "fee",
            "title": {"hr": "Komunalna naknada", "en": "Municipal fee"},
            "original": Money(12550, "EUR"),
            "outstanding": Money(12550, "EUR"),
            "due_on": date(2026, 12, 15),
            "references": (Reference("hr.poziv_na_broj", "HR68 5720-87582274224"),),
        }
        | values,
    )


def case(key: str = "UP-1", oib: str = ANA, version: int | None = 1, **values: Any) -> Record:
    return Record(
        key=key,
        version=version,
        parties=(PartyRef("applicant", "hr.oib", oib),),
        values={"title": {"hr": "Priključak na vodovod"}, "status": "waiting_for_office"} | values,
    )


def removal(key: str, version: int | None) -> Record:
    return Record(key=key, version=version, parties=(), values={}, removed=True)
