"""What a citizen can do: open a case with documents, answer on one, look what became of it.

Nothing here waits for a back office. What she sends is kept and queued in one transaction, and the queue (hub.delivery)
sends it. The record a mapping sees is written down in docs/submissions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from hub.back_offices.model import Town
from hub.blobs import service as blobs
from hub.blobs.model import Blob
from hub.cases import service as cases
from hub.kernel.clock import Clock
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.ids import new_uuid
from hub.matters import repeated
from hub.matters.people import person
from hub.matters.record import common, files
from hub.matters.repeated import Asked
from hub.matters.service import MatterService, Sender, offices_for
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault
from hub.submissions.model import ANSWER_CASE, OPEN_CASE, Answer, NewCase


class SubmissionService:
    """Submissions of all towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, matters: MatterService) -> None:
        self._database, self._vault, self._clock, self._matters = database, vault, clock, matters

    async def open_case(self, town: Town, sender: Sender, case: NewCase) -> UUID:
        """Returns the submission's id; the same one for the same key.

        Raises NotFound where the town takes no cases by this way or for a file that is not hers, Conflict for a key
        that was used for something else and for a file that was used before.
        """
        if not offices_for(town, OPEN_CASE.name):
            raise NotFound("This town takes no cases by this way.")
        city_id, submission_id = town.city.id, new_uuid()
        content = {"title": case.title, "text": case.text, "documents": [str(one) for one in case.documents]}
        async with self._database.citizen(city_id, sender.subject_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            asked = Asked(sender.key, OPEN_CASE.name, sender.actor_id, sender.subject_id, content)
            first = await repeated.begin(connection, keys, asked, record_id=submission_id, now=self._clock.now())
            if first is not None:
                return first
            number = await self._matters.begin(connection, town, OPEN_CASE, submission_id, sender, title=case.title)
            kept = await self._keep(connection, keys, submission_id, sender.subject_id, case.text, case.documents)
            values = {
                **common(submission_id, number, sender.language, self._clock.now()),
                "applicant": await person(connection, keys, sender.subject_id),
                "title": case.title,
                "text": case.text,
                "documents": files(kept),
            }
            await self._matters.deliver(connection, keys, town, OPEN_CASE, submission_id, values)
        return submission_id

    async def answer_case(self, town: Town, sender: Sender, case_id: UUID, answer: Answer) -> UUID:
        """Answers on one case arrive in the order in which they were sent. Returns the submission's id.

        Raises as `open_case`; NotFound for a case that is not hers, Conflict for one whose office takes no answers.
        """
        city_id, submission_id = town.city.id, new_uuid()
        content = {"case": str(case_id), "text": answer.text, "documents": [str(one) for one in answer.documents]}
        async with self._database.citizen(city_id, sender.subject_id) as connection:
            case = await cases.opened(connection, town.city, case_id)
            keys = await self._vault.keys(connection, city_id)
            asked = Asked(sender.key, ANSWER_CASE.name, sender.actor_id, sender.subject_id, content)
            first = await repeated.begin(connection, keys, asked, record_id=submission_id, now=self._clock.now())
            if first is not None:
                return first
            # Not before: what was sent once is answered the same, whatever the case has come to.
            if case["back_office"] not in offices_for(town, ANSWER_CASE.name):
                raise Conflict("The office that has this case takes no answers by this way: write to it, or call.")
            if case["gone_at"] is not None:
                raise Conflict("The office does not have this case any more.")
            number = await self._matters.begin(connection, town, ANSWER_CASE, submission_id, sender, case_id=case_id)
            kept = await self._keep(connection, keys, submission_id, sender.subject_id, answer.text, answer.documents)
            values = {
                **common(submission_id, number, sender.language, self._clock.now()),
                "applicant": await person(connection, keys, sender.subject_id),
                "case": {"key": case["source_key"], "numbers": case["number"]},
                "text": answer.text,
                "documents": files(kept),
            }
            order = f"case/{case_id}"
            await self._matters.deliver(connection, keys, town, ANSWER_CASE, submission_id, values, order=order)
        return submission_id

    @staticmethod
    async def _keep(
        connection: Connection,
        keys: TownKeys,
        submission_id: UUID,
        subject_id: UUID,
        text: str,
        documents: Sequence[UUID],
    ) -> list[Blob]:
        await connection.execute(
            "insert into submissions (city_id, matter_id, subject_id, text) values ($1, $2, $3, $4)",
            keys.city_id,
            submission_id,
            subject_id,
            keys.encrypt("submissions", "text", str(submission_id), text.encode()),
        )
        return await blobs.attach(connection, keys.city_id, subject_id, documents, submission_id)

    async def texts(self, connection: Connection, city_id: int, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """What she wrote, by submission; within her walls."""
        keys = await self._vault.keys(connection, city_id)
        rows = await connection.fetch(
            "select matter_id, text from submissions where city_id = $1 and matter_id = any ($2)", city_id, list(ids)
        )
        return {
            row["matter_id"]: keys.decrypt("submissions", "text", str(row["matter_id"]), row["text"]).decode()
            for row in rows
        }
