"""Jobs of the push doors: read a file, look into a drop folder, try dead letters again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from hub.back_offices.model import READ, SWEEP, Town
from hub.back_offices.pushing import file_kinds
from hub.intake import replays
from hub.intake.drop_folder import EVERY, LOOK, DropFolders
from hub.intake.file_states import READ_FILE
from hub.intake.files import FileIntake
from hub.intake.replays import REPLAY
from hub.jobs.queue import Job, enqueue
from hub.jobs.schedules import Schedule
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, NotFound
from hub.storage.database import NIL, Connection, Database
from hub.storage.vault import Vault

__all__ = ["LOOK", "READ_FILE", "REPLAY", "PushJobs"]


class PushJobs:
    """What the worker does for what is pushed, beside applying messages."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, files: FileIntake) -> None:
        self._database, self._vault, self._clock, self._files = database, vault, clock, files
        self._folders = DropFolders(database, files, clock)

    async def read_file(self, town: Town, job: Job) -> None:
        """Make messages of a file's records. A kind that is configured no more ends the job with what to do."""
        city_id, file_id = town.city.id, UUID(job.payload["file"])
        try:
            file = await self._files.find(city_id, file_id)
        except NotFound:
            return  # Past its time.
        office = town.back_offices.get(file.back_office)
        kind = file_kinds(office.configuration).get(file.kind) if office else None
        if kind is None:
            raise ConfigurationError(
                f"{town.city.slug} has no kind of file {file.back_office}/{file.kind} any more",
                key=f"back_offices.{file.back_office}.push.files",
                remedy="Write it again, or discard the file's records at the back office.",
            )
        await self._files.read(city_id, file_id, kind)

    async def look(self, town: Town, job: Job) -> None:
        """One look into the drop folder of a back office."""
        office = town.back_offices.get(job.payload["back_office"])
        push = office.configuration.push if office else None
        if office is None or push is None or push.folder is None:
            return  # Taken out of the configuration since it was planned.
        await self._folders.look(town.city.id, office.back_office, push.folder, file_kinds(office.configuration))

    async def replay(self, town: Town, job: Job) -> None:
        """Letters in turn, a batch a transaction; what came with an answer is read again."""
        replay_id, feeds = UUID(job.payload["replay"]), set[tuple[str, str]]()
        while True:
            async with self._database.town(town.city.id) as connection:
                keys = await self._vault.keys(connection, town.city.id)
                taken = await replays.take(connection, keys, replay_id, self._clock.now())
                if taken is None:
                    return
                # In the same transaction, so that a run that is cut off leaves none behind.
                await _read_again(connection, town, taken.feeds - feeds)
                feeds |= taken.feeds


async def _read_again(connection: Connection, town: Town, feeds: Iterable[tuple[str, str]]) -> None:
    """Have feeds (back office, feed) read, for everybody; those that are only pushed are passed over."""
    for back_office, name in sorted(feeds):
        office = town.back_offices.get(back_office)
        feed = office.feeds.get(name) if office else None
        if feed is None or feed.mapping is None:
            continue
        dedupe = f"{back_office}/{name}" if feed.needs else f"{back_office}/{name}/{NIL}"
        await enqueue(
            connection,
            city_id=town.city.id,
            kind=SWEEP if feed.needs else READ,
            payload={"back_office": back_office, "feed": name, "identifier": str(NIL)},
            dedupe=dedupe,
        )


def schedules(towns: Mapping[int, Town]) -> Iterator[Schedule]:
    """A look into every drop folder; into one not before the look before has ended, however large a file it found."""
    for town in towns.values():
        for name, office in town.back_offices.items():
            if office.configuration.push and office.configuration.push.folder:
                yield Schedule(
                    name=f"{LOOK}/{name}",
                    job={
                        "city_id": town.city.id,
                        "kind": LOOK,
                        "key": f"{LOOK}/{name}",
                        "payload": {"back_office": name},
                        "dedupe": name,
                    },
                    every=EVERY,
                )
