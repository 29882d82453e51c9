"""The counter: a clerk registers a person who stands there with a document, and hands over a password on paper.

Who she is follows from an identifier the clerk read in the document, never from a name and a birth date: a subject that
has proven it is the same person, and where two subjects have, a clerk must merge them first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hub.cities.model import City
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kit import identifiers
from hub.logins.resolution import held_by
from hub.passwords import queries
from hub.passwords.model import FirstPassword, Issued
from hub.passwords.service import PasswordService
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind

Seen = Callable[[Connection, UUID], Awaitable[None]]
"""Told, in the same transaction, that the clerk is shown the name of a subject who was here before."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who stands at the counter. `identifiers`: `(scheme, value)` as read in the document; at least one."""

    kind: SubjectKind
    name: str
    identifiers: Sequence[tuple[str, str]]
    document_kind: str
    document_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """`created`: nobody had proven any of the identifiers before. `name` is the subject's, as the hub has it."""

    subject_id: UUID
    name: str | None
    created: bool
    issued: Issued


class Counter:
    """What clerks do with people who have no eID, or have forgotten their password."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, passwords: PasswordService) -> None:
        self._database, self._vault, self._clock, self._passwords = database, vault, clock, passwords

    async def register(self, city: City, applicant: Applicant, *, by: str, seen: Seen) -> Registered:
        """Find or make the subject, prove its identifiers, hand out a user name and a first password.

        Raises InvalidRequest for a missing name or identifier or one its scheme refuses, Conflict where the identifiers
        belong to several subjects, to one of the other kind, to one that has another national number, or to one that
        has a password, NotReady.
        """
        name = " ".join(applicant.name.split())
        if not name:
            raise InvalidRequest("Give the name as the document writes it.", field="body.name")
        city_id = city.id
        pairs = [_normal(city, scheme, value) for scheme, value in applicant.identifiers]
        if not pairs:
            raise InvalidRequest("Give an identifier that the document shows.", field="body.identifiers")
        first = await self._passwords.first_password()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            subject_id, created = await self._subject(connection, keys, applicant.kind, name, pairs)
            for scheme, value in pairs:
                if await subjects.subject_of(connection, keys, scheme, value) is None:
                    await subjects.prove(
                        connection,
                        keys,
                        subject_id,
                        scheme,
                        value,
                        proof=Proof.CLERK,
                        source=by,
                        now=self._clock.now(),
                    )
            if await queries.by_owner(connection, city_id, subject_id, None) is not None:
                raise Conflict("This person has a password; hand out a new one at …/people/{id}/password.")
            document = (applicant.document_kind, applicant.document_number)
            issued = await self._issue(connection, keys, subject_id, by, document, first)
            row = await queries.standing_subject(connection, city_id, subject_id)
            if not created:
                await seen(connection, subject_id)
        return Registered(subject_id, row["name"] if row else name, created, issued)

    async def recover(
        self, city_id: int, subject_id: UUID, *, document: tuple[str, str], without_factors: bool, by: str, seen: Seen
    ) -> Registered:
        """A new first password for somebody who forgot hers; `without_factors` where she lost those too.

        Raises NotFound for a subject that is not there or was never given a password.
        """
        first = await self._passwords.first_password()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            row = await queries.standing_subject(connection, city_id, subject_id)
            account = await queries.by_owner(connection, city_id, subject_id, None)
            if row is None or account is None:
                raise NotFound("There is no such person with a password here.")
            if without_factors:
                await queries.remove_factors(connection, city_id, account["account_id"])
            issued = await self._issue(connection, keys, row["subject_id"], by, document, first)
            await seen(connection, row["subject_id"])
        return Registered(row["subject_id"], row["name"], created=False, issued=issued)

    async def _subject(
        self,
        connection: Connection,
        keys: TownKeys,
        kind: SubjectKind,
        name: str,
        pairs: Sequence[tuple[str, str]],
    ) -> tuple[UUID, bool]:
        found = {await subjects.subject_of(connection, keys, scheme, value) for scheme, value in pairs} - {None}
        if len(found) > 1:
            raise Conflict("These identifiers belong to different subjects; merge them first.")
        subject_id = next(iter(found), None)
        if subject_id is None:
            return await subjects.create(connection, keys.city_id, kind, name), True
        row = await queries.standing_subject(connection, keys.city_id, subject_id)
        if row is None or row["kind"] != kind:
            raise Conflict("This identifier belongs to a subject of the other kind.")
        # Whoever knows the number of a contract is not whom the town knows by it if her own number is another.
        held = await held_by(connection, keys.city_id, subject_id) & identifiers.NATIONAL.keys()
        for scheme, value in pairs:
            if scheme in held and await subjects.subject_of(connection, keys, scheme, value) is None:
                raise Conflict(f"The subject these identifiers lead to has another {scheme}.")
        return subject_id, False

    async def _issue(
        self,
        connection: Connection,
        keys: TownKeys,
        subject_id: UUID,
        by: str,
        document: tuple[str, str],
        first: FirstPassword,
    ) -> Issued:
        return await self._passwords.issue_first_password(
            connection, keys, subject_id=subject_id, by=by, document=document, first=first
        )


def _normal(city: City, scheme: str, value: str) -> tuple[str, str]:
    """A national scheme, or a number of one of the town's back offices; what logins are kept by is no document's."""
    if scheme not in identifiers.NATIONAL and scheme.partition(".")[0] not in city.back_offices:
        known = ", ".join(identifiers.NATIONAL)
        raise InvalidRequest(f"A scheme is one of {known}, or <back office>.<name>.", field="body.identifiers")
    try:
        identifiers.check_scheme(scheme)
        return scheme, identifiers.normalise(scheme, value)
    except ValueError as error:
        raise InvalidRequest(f"This is not a valid {scheme[:40]}: {error}", field="body.identifiers") from error
