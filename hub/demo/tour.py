"""`munihub demo`: everything running until Ctrl-C. `munihub demo --once`: a guided tour that ends by itself.

The tour shows only what is real: accounts assembled from live (simulated) back offices, one of them switched off and
the account still answering with its age, a push, garbage that is kept, the payment codes read back by an independent
reader, and money on its way from a card or a transfer to the accounting office.
"""

from __future__ import annotations

import fcntl
import shutil
import signal
import tempfile
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from hub.demo.cards import Cards
from hub.demo.front_end import FrontEnd
from hub.demo.guide import Guide, Headers, expect, out
from hub.demo.people import CITIZENS
from hub.demo.stage import Processes, Stage, staged, start
from hub.demo.transfers import Transfers
from hub.demo.welcome import print_addresses, print_ended
from hub.kernel.clock import SystemClock
from hub.kernel.errors import NotReady
from hub.settings import PROJECT


def run(*, once: bool, port: int) -> int:
    """Run the demonstration; returns the exit code."""
    if not once:
        return _stay(port)
    var = Path(tempfile.mkdtemp(prefix="munihub-demo-"))
    var.chmod(0o711)  # a private PostgreSQL started by root runs as another user
    began = time.monotonic()
    try:
        with out.status("Starting a database, simulated back offices, card gateways and the API …"):
            # The worker reads on schedule what can be read, so it comes when it has been shown that nothing was.
            stage_context = staged(var, None, ("api",))
            stage, processes = stage_context.__enter__()
        try:
            out.print(f"[green]✓[/] running after {time.monotonic() - began:.1f} s")
            _Tour(Guide(stage, processes)).run()
        finally:
            with out.status("Ending everything …"):
                stage_context.__exit__(None, None, None)
    finally:
        shutil.rmtree(var, ignore_errors=True)
    out.print(f"[green]✓[/] everything ended, nothing left behind. The tour took {time.monotonic() - began:.0f} s.")
    return 0


def _stay(port: int) -> int:
    var = PROJECT / "var" / "demo"
    var.mkdir(parents=True, exist_ok=True)
    lock = (var / "running").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NotReady("The demonstration is running already; end that one with Ctrl-C first.") from None
    with out.status(
        "Starting a database, simulated back offices, eIDs, card gateways and a bank, the API and the worker …"
    ):
        stage_context = staged(var, port)
        stage, processes = stage_context.__enter__()
    try:
        for town in CITIZENS:
            _read_everybody(stage, town)
        print_addresses(stage)
        with suppress(KeyboardInterrupt):
            # Both end it in order; a shell starts a background process with SIGINT ignored.
            for one in (signal.SIGTERM, signal.SIGINT):
                signal.signal(one, signal.default_int_handler)
            while True:
                look(stage, processes)
                time.sleep(1)
    finally:
        with out.status("Ending everything …"):
            stage_context.__exit__(None, None, None)
    return 0


def look(stage: Stage, processes: Processes) -> None:
    """Says which simulators have ended. Raises NotReady where the hub itself has: there is nothing to see any more."""
    for name in processes.let_go(stage.simulators):
        print_ended(stage, name)
    processes.refuse_dead()


def _read_everybody(stage: Stage, town: str) -> None:
    """The feeds that are read for everybody, once now instead of within the next minutes."""
    if town == "vzorov":
        stage.command("read", "--city", town)


class _Tour:
    """The steps, each of which looks at what it shows."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide

    def run(self) -> None:
        guide, cards, transfers = self._guide, Cards(self._guide), Transfers(self._guide)
        with closing(guide):
            zeljka = self._log_in()
            self._never_read(zeljka)
            self._refresh(zeljka)
            self._account(zeljka)
            self._push(zeljka)
            cards.two_payees(zeljka)
            self._sent_while_off(zeljka)
            transfers.by_code(zeljka, self._token_of)
            transfers.balances("pregrada")
            self._garbage()
            ruzena = self._second_town()
            cards.by_csob(ruzena)
            transfers.by_spayd(ruzena)
            transfers.balances("vzorov")
            self._switched_off(zeljka)

    def _log_in(self) -> Headers:
        self._guide.step(
            "A citizen logs in with the national eID (NIAS, SAML), a front end gets her token (OpenID Connect)"
        )
        self._guide.stage.command("migrate")  # keys of the towns, which otherwise the worker makes
        return self._token_of(CITIZENS["pregrada"][0].name)

    def _token_of(self, name: str) -> Headers:
        """Of somebody of Pregrada, as a front end gets it."""
        front_end = FrontEnd(f"{self._guide.stage.api}/pregrada", "portal", "http://127.0.0.1:8080/callback")
        try:
            tokens = front_end.log_in("NIAS", name)
            claims = front_end.claims(tokens["id_token"])
        finally:
            front_end.close()
        out.print(f"   {name}: {claims['sub']}, assurance {claims['acr']}")
        expect(claims["acr"].endswith(("substantial", "high")), "a login of too little assurance")
        return {"Authorization": f"Bearer {tokens['access_token']}"}

    def _never_read(self, token: Headers) -> None:
        self._guide.step("A citizen nobody has asked about yet: unknown is not empty")
        body = self._guide.get("/pregrada/v1/account", token)
        self._sources(body["sources"])
        expect(body["obligations"]["items"] is None, "a list where nothing is known")
        out.print('   obligations: [yellow]null[/] ("knowledge": "unknown"), not an empty list')
        start(self._guide.stage, self._guide.processes, "worker")
        self._guide.prepare()

    def _refresh(self, token: Headers) -> None:
        self._guide.step("Refresh: each back office as it lands")
        self._guide.control("pregrada_urudzbeni", {"delay": 1.0})
        began = time.monotonic()
        landed = 0
        with self._guide.client.stream("POST", "/pregrada/v1/refresh", headers=token) as answer:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: ") and name == "source":
                    source = orjson.loads(line[6:])
                    landed += source["freshness"]["status"] == "fresh"
                    when = (time.monotonic() - began) * 1000
                    out.print(f"   {when:6.0f} ms  {source['name']}: {source['freshness']['status']}")
        self._guide.control("pregrada_urudzbeni", {})
        expect(landed == 2, f"{landed} of 2 sources landed")

    def _account(self, token: Headers) -> None:
        self._guide.step("The account, from two systems that have never met (SOAP in windows-1250, REST in pages)")
        body = self._guide.get("/pregrada/v1/account", token)
        table = Table("due", "title", "to pay", "state", "to")
        for one in body["obligations"]["items"]:
            amount = one["outstanding"] or {"text": "?"}
            table.add_row(one["due_on"] or "", one["title"], amount["text"], one["state"], one["payee"]["name"])
        out.print(table)
        for total in body["obligations"]["totals"]:
            if total["open"]:
                out.print(f"   together {total['due']['text']}, of that overdue {total['overdue']['text']}")
        for one in body["cases"]["items"]:
            numbers = ", ".join(f"{number['label']} {number['value']}" for number in one["numbers"])
            out.print(f"   case: {one['title']} ({one['status']}; {numbers})")
        expect(body["obligations"]["knowledge"] == "complete", "an incomplete account")
        expect(bool(body["cases"]["items"]), "no cases")

    def _push(self, token: Headers) -> None:
        self._guide.step("The back office pushes a change, twice and in the wrong order: it counts once")
        items = self._guide.controls("pregrada_financije", "/items")
        item = next(one for one in items if one.get("OIB") == "83100426579" and one.get("Status") == "A")
        changed = {"Sifra": item["Sifra"], "Opis": "Promijenjeno guranjem: komunalna naknada čćđšž"}
        self._guide.control("pregrada_financije", changed, "/items")
        order = {"hub": f"{self._guide.stage.api}/pregrada/push/v1/events", "keys": [item["Sifra"]], "history": True,
                 "duplicated": True, "out_of_order": True, "mode": "batch"}  # fmt: skip
        sent = self._guide.control("pregrada_financije", order, "/push")
        out.print(f"   the hub answered: {orjson.dumps(sent).decode()}", soft_wrap=True)
        self._guide.wait_for(
            lambda: any(
                one["title"] == changed["Opis"]
                for one in self._guide.get("/pregrada/v1/obligations?limit=100", token)["items"]
            ),
            "the pushed change in the account",
        )
        self._guide.seen(f"in the account: {changed['Opis']}")

    def _switched_off(self, token: Headers) -> None:
        self._guide.step("One back office is switched off: the account still answers, and says how old that part is")
        before = self._calls()
        self._guide.control("pregrada_financije", {"down": "close"})
        self._until_asked_again(token)
        self._guide.refresh("pregrada", token)
        asked = self._calls()
        body = self._guide.get("/pregrada/v1/account", token)
        self._sources(body["sources"])
        finance = next(one for one in body["sources"] if one["back_office"] == "financije")
        expect(finance["freshness"]["status"] == "stale", "the dead source is not stale")
        expect(bool(body["obligations"]["items"]), "its figures are gone")
        for _ in range(20):
            self._guide.get("/pregrada/v1/account", token)
        expect(self._calls() == asked, "reading an account called a back office")
        self._guide.seen(f"the refresh called {asked - before} times, 21 account reads 0 times")
        self._guide.control("pregrada_financije", {})

    def _sent_while_off(self, token: Headers) -> None:
        self._guide.step(
            "She reports a problem while the registry is off: kept, told, and sent once when it comes back"
        )
        self._guide.control("pregrada_urudzbeni", {"down": "503"})
        report = {
            "category": "rasvjeta",
            "text": "Ulična svjetiljka ne radi već tri dana.",
            "place": {"address": "Ulica žrtava fašizma 12"},
        }
        headers = token | {"Idempotency-Key": "tour"}
        answers = [self._guide.client.post("/pregrada/v1/requests", json=report, headers=headers) for _ in range(2)]
        expect([one.status_code for one in answers] == [201, 201], f"the report was answered {answers[0].text}")
        sent = answers[0].json()
        expect(answers[1].json()["id"] == sent["id"], "the same report sent twice is two")
        out.print(f"   {sent['number']}: {sent['title']} (sent twice, kept once)")
        path = f"/pregrada/v1/requests/{sent['id']}"

        def office() -> dict[str, Any]:
            found: dict[str, Any] = self._guide.get(path, token)["offices"][0]
            return found

        self._guide.wait_for(lambda: office()["not_answering_since"], "word that the registry does not answer")
        out.print(f"   [yellow]{office()['text']}[/]", soft_wrap=True)
        self._guide.control("pregrada_urudzbeni", {})
        self._guide.wait_for(lambda: office()["state"] == "delivered", "the report at the registry", patience=40)
        self._guide.seen(f"{office()['text']}")
        counts = self._guide.controls("pregrada_urudzbeni", "/writes")["counts"]
        expect(list(counts.values()) == [1], f"the registry did it {counts}")

    def _garbage(self) -> None:
        self._guide.step("Garbage is refused or kept with its reason, never lost")
        secret = (self._guide.stage.var / "secrets" / "pregrada-financije-push").read_text()
        answer = self._guide.client.post(
            "/pregrada/push/v1/events",
            content=b'[{"specversion": "1.0", "id": ',
            headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/cloudevents-batch+json"},
        )
        out.print(f"   {answer.status_code} {answer.json()['detail']}", soft_wrap=True)
        order = {
            "hub": f"{self._guide.stage.api}/pregrada/push/v1/events",
            "wrong_schema": "mistyped",
            "mode": "ndjson",
        }
        self._guide.control("pregrada_financije", order, "/push")
        staff = self._guide.staff("pregrada")
        self._guide.wait_for(
            lambda: len(self._guide.get("/pregrada/admin/v1/dead-letters", staff)["items"]) > 1,
            "letters of mistyped events",
        )
        for one in self._guide.get("/pregrada/admin/v1/dead-letters?limit=2", staff)["items"]:
            out.print(f"   dead letter {one['reason']}: {one['path'] or ''} {one['detail']}", soft_wrap=True)

    def _second_town(self) -> Headers:
        self._guide.step("A second town, another country, another currency, no Python: Vzorov")
        out.print(self._guide.read())
        token = self._guide.citizen() | {"Accept-Language": "cs"}
        body = self._guide.get("/vzorov/v1/account", token)
        expect(body["obligations"]["knowledge"] == "complete", "an incomplete account")
        for one in body["obligations"]["items"][:5]:
            out.print(
                f"   {one['due_on'] or '':10}  {(one['outstanding'] or {'text': '?'})['text']:>14}  {one['title']}"
            )
        return token

    def _sources(self, sources: list[dict[str, Any]]) -> None:
        colours = {"fresh": "green", "stale": "yellow", "unavailable": "red"}
        for one in sources:
            freshness = one["freshness"]
            colour = colours[freshness["status"]]
            tail = "".join(f", {key} {freshness[key]}" for key in ("as_of", "since", "because") if freshness[key])
            out.print(f"   {one['name']}: [{colour}]{freshness['status']}[/]{tail}", soft_wrap=True)

    def _until_asked_again(self, token: Headers) -> None:
        """Within ten seconds of a good read nobody is asked again."""
        sources = self._guide.get("/pregrada/v1/account", token)["sources"]
        read = max(datetime.fromisoformat(one["freshness"]["as_of"]) for one in sources)
        time.sleep(
            max(0.0, read.timestamp() + 11.1 - SystemClock().now().timestamp())
        )  # as_of is told in whole seconds

    def _calls(self) -> int:
        """How often the simulators were called, all together."""
        return sum(int(self._guide.controls(name, "")["calls"]) for name in self._guide.stage.simulators)
