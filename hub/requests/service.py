"""What a citizen can do: report a problem with its place and photos, look what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from hub.back_offices.model import Town
from hub.blobs import service as blobs
from hub.kernel.clock import Clock
from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.matters import repeated
from hub.matters.people import person
from hub.matters.record import common, files
from hub.matters.repeated import Asked
from hub.matters.service import MatterService, Sender, offices_for
from hub.requests.model import PROBLEM_REPORT, Place, Report, Reported
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault


class RequestService:
    """Requests of all towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, matters: MatterService) -> None:
        self._database, self._vault, self._clock, self._matters = database, vault, clock, matters

    async def report(self, town: Town, sender: Sender, report: Report) -> UUID:
        """Returns the request's id; the same one for the same key.

        Raises NotFound where the town takes no reports by this way or for a photo that is not hers, InvalidRequest for
        a category the town does not have and for a photo that is no picture, Conflict for a key or photo used before.
        """
        if not offices_for(town, PROBLEM_REPORT.name):
            raise NotFound("This town takes no reports by this way.")
        if report.category not in town.city.problems:
            known = ", ".join(town.city.problems)
            raise InvalidRequest(f"There is no such category; there are: {known}.", field="body.category")
        city_id, request_id = town.city.id, new_uuid()
        place = report.place.as_json()
        content = {
            "category": report.category,
            "text": report.text,
            "place": place,
            "photos": [str(one) for one in report.photos],
        }
        async with self._database.citizen(city_id, sender.subject_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            asked = Asked(sender.key, PROBLEM_REPORT.name, sender.actor_id, sender.subject_id, content)
            first = await repeated.begin(connection, keys, asked, record_id=request_id, now=self._clock.now())
            if first is not None:
                return first
            number = await self._matters.begin(
                connection, town, PROBLEM_REPORT, request_id, sender, category=report.category
            )
            await _insert(connection, keys, request_id, sender.subject_id, report)
            photos = await blobs.attach(connection, city_id, sender.subject_id, report.photos, request_id)
            if any(not one.media_type.startswith("image/") for one in photos):
                raise InvalidRequest("A photo must be a picture.", field="body.photos")
            values = {
                **common(request_id, number, sender.language, self._clock.now()),
                "reporter": await person(connection, keys, sender.subject_id),
                "category": {"code": report.category, "name": dict(town.city.problems[report.category])},
                "text": report.text,
                "place": place,
                "photos": files(photos),
            }
            await self._matters.deliver(connection, keys, town, PROBLEM_REPORT, request_id, values)
        return request_id

    async def texts(self, connection: Connection, city_id: int, ids: Sequence[UUID]) -> Mapping[UUID, Reported]:
        """What she wrote, by request; within her walls."""
        keys = await self._vault.keys(connection, city_id)
        rows = await connection.fetch(
            "select matter_id, text, place from requests where city_id = $1 and matter_id = any ($2)",
            city_id,
            list(ids),
        )
        found: dict[UUID, Reported] = {}
        for row in rows:
            bound = str(row["matter_id"])
            place = json.loads(keys.decrypt("requests", "place", bound, row["place"]))
            found[row["matter_id"]] = Reported(
                keys.decrypt("requests", "text", bound, row["text"]).decode(), Place(**place)
            )
        return found


async def _insert(connection: Connection, keys: TownKeys, request_id: UUID, subject_id: UUID, report: Report) -> None:
    place = json.dumps(report.place.as_json(), ensure_ascii=False)
    await connection.execute(
        "insert into requests (city_id, matter_id, subject_id, text, place) values ($1, $2, $3, $4, $5)",
        keys.city_id,
        request_id,
        subject_id,
        keys.encrypt("requests", "text", str(request_id), report.text.encode()),
        keys.encrypt("requests", "place", str(request_id), place.encode()),
    )
