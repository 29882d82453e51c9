"""kill -9 of the API and of the worker in the middle of pushes and of a pull: nothing acknowledged is lost or doubled."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import orjson
import psycopg
import pytest

from hub.demo import stage as staging
from hub.demo.stage import Processes, Stage, staged
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import WORKER
from tests.support.postgres import reachable_folder

OIBS = ["83100426579", "29471603856", "60582139473", "17305492686"]
PATIENCE = 60.0


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, Processes]]:
    """One for both tests: each is about a town of its own."""
    with reachable_folder() as folder, staged(folder / "var", None, ("api", "worker")) as both:
        yield both


def until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {patience:.0f} seconds"
        time.sleep(0.1)


def rows(stage: Stage, city_id: int, query: str) -> list[tuple]:
    with EmbeddedPostgres(stage.var) as server, psycopg.connect(server.url(WORKER)) as connection:
        connection.execute("select set_config('munihub.city', %s, false)", [str(city_id)])
        return connection.execute(query).fetchall()


def event(number: int, version: int) -> dict:
    """Item `number` in its state `version`; its outstanding amount tells which state was applied."""
    return {
        "specversion": "1.0",
        "id": f"{number}-{version}",
        "source": "/financije",
        "type": "hr.pregrada.financije.stavka",
        "data": {
            "Sifra": f"T-{number}",
            "OIB": OIBS[number % 4],
            "Vrsta": "KN",
            "Opis": "Komunalna naknada",
            "Godina": 2026,
            "Strana": "D",
            "Valuta": "EUR",
            "Iznos": "99.999,00",
            "Preostalo": f"{version},00",
            "Primatelj": "GRAD",
            "Status": "A",
            "ZadnjaPromjena": f"18.11.2026 06:00:{version:02}",
        },
    }


class Pusher(threading.Thread):
    """Sends batches until told to stop, and remembers what was acknowledged; what was not is sent again, as it must."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.url = f"{stage.api}/pregrada/push/v1/events"
        self.secret = (stage.var / "secrets" / "pregrada-financije-push").read_text()
        self.acknowledged: set[tuple[int, int]] = set()
        self.refused: list[str] = []
        self.done = threading.Event()
        self.interrupted = 0

    def run(self) -> None:
        chosen = random.Random(7)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/cloudevents-batch+json"}
        for round_number in itertools.count():
            if self.done.is_set():
                return
            states = [(round_number * 10 + n, version) for n in range(10) for version in (1, 2, 3)]
            chosen.shuffle(states)
            body = orjson.dumps([event(*one) for one in states])
            while True:
                try:
                    answer = httpx.post(self.url, content=body, headers=headers, timeout=10, trust_env=False)
                except httpx.HTTPError:
                    self.interrupted += 1
                    time.sleep(0.2)
                    continue
                if answer.status_code == 202:
                    self.acknowledged |= set(states)
                    break
                if answer.status_code != 503:
                    self.refused.append(answer.text)
                    return
                time.sleep(0.2)


def test_pushes_survive_kill_9_of_the_api_and_the_worker(stage):
    place, processes = stage
    pusher = Pusher(place)
    pusher.start()
    chosen = random.Random(11)
    for victim in ("api", "worker", "api", "worker"):
        time.sleep(chosen.uniform(0.3, 1.0))
        processes.kill(victim)
        staging.start(place, processes, victim)
        if victim == "api":
            until(lambda: _answers(place), "the API")
    time.sleep(0.5)
    pusher.done.set()
    pusher.join(30)
    assert pusher.refused == []
    assert pusher.interrupted > 0
    assert len(pusher.acknowledged) > 100

    until(
        lambda: not rows(place, 1, "select 1 from messages where state = 'received' limit 1"),
        "the last message applied",
    )
    assert rows(place, 1, "select reason, detail from dead_letters") == []
    kept = rows(place, 1, "select external_id, state from messages")
    assert len(kept) == len({external_id for external_id, _ in kept})
    assert {state for _, state in kept} == {"applied"}
    wanted = {f"/financije {number}-{version}" for number, version in pusher.acknowledged}
    assert wanted <= {external_id for external_id, _ in kept}
    # Every item stands at its newest state, whatever order its states came in and whoever died meanwhile.
    found = dict(rows(place, 1, "select source_key, outstanding from obligations where source_key like 'T-%'"))
    assert found == {f"T-{number}": 300 for number, _ in pusher.acknowledged}
    parties = rows(place, 1, "select count(*) from parties p join obligations o on o.obligation_id = p.record_id")
    assert parties == [(len(found),)]


def _answers(place: Stage) -> bool:
    try:
        return httpx.get(f"{place.api}/readyz", timeout=1, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_a_pull_survives_kill_9_of_the_worker(stage):
    place, processes = stage
    accounting = place.simulators["vzorov_ucetnictvi"]
    place.command("read", "--city", "vzorov", "registr/subjects")
    # The answer drips while the worker dies in the middle of it.
    httpx.post(f"{accounting}/_control", json={"drip": 4}, trust_env=False).raise_for_status()
    with EmbeddedPostgres(place.var) as server, psycopg.connect(server.url(WORKER), autocommit=True) as connection:
        connection.execute(
            """insert into jobs (city_id, kind, payload, dedupe, priority) values (2, 'feed.read',
               '{"back_office": "ucetnictvi", "feed": "obligations",
                 "identifier": "00000000-0000-0000-0000-000000000000"}', 'crash', 100)"""
        )
        connection.execute("notify munihub_jobs")
        until(
            lambda: bool(
                connection.execute("select 1 from jobs where dedupe = 'crash' and state = 'running'").fetchall()
            ),
            "the read running",
        )
        time.sleep(1.5)
        processes.kill("worker")
        assert connection.execute("select attempts from jobs where dedupe = 'crash'").fetchall() == [(1,)]
        httpx.post(f"{accounting}/_control", json={}, trust_env=False).raise_for_status()
        staging.start(place, processes, "worker")
        until(lambda: not connection.execute("select 1 from jobs where dedupe = 'crash'").fetchall(), "the read done")
    keys = [key for (key,) in rows(place, 2, "select source_key from obligations where gone_at is null")]
    assert len(keys) == len(set(keys)) == 14
    # How many the latest read gave is not looked at: the schedule may have asked for changes since.
    state = rows(place, 2, "select complete_at is not null, failing_since from feed_states where feed = 'obligations'")
    assert state == [(True, None)]
