"""`munihub demo`: everything running until Ctrl-C. `munihub demo --once`: a guided tour that ends by itself.

The tour shows only what is real: accounts assembled from live (simulated) back offices, one of them switched off and
the account still answering with its age, a push, garbage that is kept, and the payment codes read back by an
independent reader.
"""

from __future__ import annotations

import fcntl
import io
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import zxingcpp
from PIL import Image
from rich.console import Console
from rich.panel import Panel
from rich.table import Column, Table

from hub.demo.front_end import FrontEnd
from hub.demo.stage import Processes, Stage, staged, start
from hub.kernel.errors import HubError, NotReady
from hub.settings import PROJECT

out = Console(highlight=False, width=None if sys.stdout.isatty() else 110)

CITIZENS = {
    "pregrada": [
        ("hr.oib=83100426579", "Željka Đurđević-Šćepan", "a bit of everything"),
        ("hr.oib=29471603856", "Đuro Čavrić", "co-owner; an amount being recalculated"),
        ("hr.oib=60582139473", "Šime Žnidarčić", "owes nothing"),
        ("hr.oib=17305492686", "Ćiro Bišćan", "rent overdue; unknown to the registry of cases"),
    ],
    "vzorov": [
        ("cz.birth_number=0572127050", "Růžena Příhodová", "a bit of everything; a daughter"),
        ("cz.birth_number=0430277034", "Ing. Zdeněk Úlehla", "a fine of unknown remainder"),
        ("cz.ico=88888886", "Zahradnictví Šťovíček s.r.o.", "a legal entity"),
    ],
}


class TourFailed(HubError):
    """The tour saw something else than it should."""

    code = "tour_failed"


def run(*, once: bool, port: int) -> int:
    """Run the demonstration; returns the exit code."""
    if not once:
        return _stay(port)
    var = Path(tempfile.mkdtemp(prefix="munihub-demo-"))
    var.chmod(0o711)  # a private PostgreSQL started by root runs as another user
    began = time.monotonic()
    try:
        with out.status("Starting a database, simulated back offices and the API …"):
            # The worker reads on schedule what can be read, so it comes when it has been shown that nothing was.
            stage_context = staged(var, None, ("api",))
            stage, processes = stage_context.__enter__()
        try:
            out.print(f"[green]✓[/] running after {time.monotonic() - began:.1f} s")
            _Tour(stage, processes).run()
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
    with out.status("Starting a database, five simulated back offices, two eIDs, the API and the worker …"):
        stage_context = staged(var, port)
        stage, processes = stage_context.__enter__()
    try:
        for town in CITIZENS:
            _read_everybody(stage, town)
        _print_addresses(stage)
        with suppress(KeyboardInterrupt):
            # Both end it in order; a shell starts a background process with SIGINT ignored.
            for one in (signal.SIGTERM, signal.SIGINT):
                signal.signal(one, signal.default_int_handler)
            while True:
                processes.refuse_dead()
                time.sleep(1)
    finally:
        with out.status("Ending everything …"):
            stage_context.__exit__(None, None, None)
    return 0


def _read_everybody(stage: Stage, town: str) -> None:
    """The feeds that are read for everybody, once now instead of within the next minutes."""
    if town == "vzorov":
        stage.command("read", "--city", town)


def _print_addresses(stage: Stage) -> None:
    out.print(Panel(f"API  {stage.api}    OpenAPI  {stage.api}/openapi.json", title="munihub demonstration"))
    table = Table("town", "citizen", Column("identifier", no_wrap=True), "shows", title="Test citizens")
    for town, people in CITIZENS.items():
        for identifier, name, shows in people:
            table.add_row(town, name, identifier, shows)
    out.print(table)
    out.print("Break a simulated back office (all switches: simulators/README.md):")
    for address in stage.simulators.values():
        out.print(f"""  curl -d '{{"down": "503"}}' {address}/_control""", soft_wrap=True)
    identifier, name, _ = CITIZENS["pregrada"][0]
    token = stage.command("token", "--city", "pregrada", "--identifier", identifier, "--name", name)
    out.print("Try (the token lasts 12 hours):")
    out.print(f"  TOKEN={token}", soft_wrap=True)
    for method, path in (("-X POST", "refresh"), ("", "account"), ("", "obligations")):
        out.print(
            f'  curl -N {method} -H "Authorization: Bearer $TOKEN" {stage.api}/pregrada/v1/{path}', soft_wrap=True
        )
    out.print("Log in in a browser, with a simulated eID:")
    for town in CITIZENS:
        out.print(f"  {stage.api}/{town}/login/session", soft_wrap=True)
    out.print("Tokens for others, and everything else munihub does, here:")
    out.print(f"  export MUNIHUB_VAR={stage.var} MUNIHUB_CONFIG_PATH={stage.var}/config", soft_wrap=True)
    out.print("  .venv/bin/munihub token --city vzorov --identifier cz.birth_number=0572127050")
    out.print("Staff log in by a password and a second step; a clerk registers people (POST /admin/v1/people):")
    out.print('  .venv/bin/munihub staff add "Petra Kunović" --role clerk --city pregrada    # prints stf_…')
    out.print("  .venv/bin/munihub password issue stf_… --city pregrada    # for her, on paper")
    out.print(f"  {stage.api}/pregrada/login?staff=yes", soft_wrap=True)
    out.print("  (her tokens go to the client `console` at http://127.0.0.1:8081: docs/openid-provider.md)")
    out.print("Ctrl-C ends everything.")


class _Tour:
    """The steps, each of which looks at what it shows."""

    def __init__(self, stage: Stage, processes: Processes) -> None:
        self._stage, self._processes = stage, processes
        self._client = httpx.Client(base_url=stage.api, timeout=30, trust_env=False)
        self._number = 0

    def run(self) -> None:
        with self._client:
            zeljka = self._log_in()
            self._never_read(zeljka)
            self._refresh(zeljka)
            self._account(zeljka)
            self._codes("pregrada", zeljka, "hr")
            self._push(zeljka)
            self._sent_while_off(zeljka)
            self._switched_off(zeljka)
            self._garbage()
            self._second_town()

    def _step(self, title: str) -> None:
        self._number += 1
        out.print(f"\n[bold]{self._number}. {title}[/]")

    def _log_in(self) -> dict[str, str]:
        self._step("A citizen logs in with the national eID (NIAS, SAML), a front end gets her token (OpenID Connect)")
        self._stage.command("migrate")  # keys of the towns, which otherwise the worker makes
        front_end = FrontEnd(f"{self._stage.api}/pregrada", "portal", "http://127.0.0.1:8080/callback")
        try:
            tokens = front_end.log_in("NIAS", CITIZENS["pregrada"][0][1])
            claims = front_end.claims(tokens["id_token"])
        finally:
            front_end.close()
        out.print(f"   {claims['sub']}, assurance {claims['acr']}")
        _expect(claims["acr"].endswith(("substantial", "high")), "a login of too little assurance")
        return {"Authorization": f"Bearer {tokens['access_token']}"}

    def _never_read(self, token: dict[str, str]) -> None:
        self._step("A citizen nobody has asked about yet: unknown is not empty")
        body = self._get("/pregrada/v1/account", token)
        self._sources(body["sources"])
        _expect(body["obligations"]["items"] is None, "a list where nothing is known")
        out.print('   obligations: [yellow]null[/] ("knowledge": "unknown"), not an empty list')
        start(self._stage, self._processes, "worker")

    def _refresh(self, token: dict[str, str]) -> None:
        self._step("Refresh: each back office as it lands")
        self._control("pregrada_urudzbeni", {"delay": 1.0})
        began = time.monotonic()
        landed = 0
        with self._client.stream("POST", "/pregrada/v1/refresh", headers=token) as answer:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: ") and name == "source":
                    source = orjson.loads(line[6:])
                    landed += source["freshness"]["status"] == "fresh"
                    when = (time.monotonic() - began) * 1000
                    out.print(f"   {when:6.0f} ms  {source['name']}: {source['freshness']['status']}")
        self._control("pregrada_urudzbeni", {})
        _expect(landed == 2, f"{landed} of 2 sources landed")

    def _account(self, token: dict[str, str]) -> None:
        self._step("The account, from two systems that have never met (SOAP in windows-1250, REST in pages)")
        body = self._get("/pregrada/v1/account", token)
        table = Table("due", "title", "to pay", "state", "to")
        for one in body["obligations"]["items"]:
            amount = one["outstanding"] or {"text": "?"}
            table.add_row(one["due_on"] or "", one["title"], amount["text"], one["state"], one["payee"]["name"])
        out.print(table)
        for total in body["obligations"]["totals"]:
            if total["open"]:
                out.print(f"   together {total['outstanding']['text']}, of that overdue {total['overdue']['text']}")
        for one in body["cases"]["items"]:
            numbers = ", ".join(f"{number['label']} {number['value']}" for number in one["numbers"])
            out.print(f"   case: {one['title']} ({one['status']}; {numbers})")
        _expect(body["obligations"]["knowledge"] == "complete", "an incomplete account")
        _expect(bool(body["cases"]["items"]), "no cases")

    def _codes(self, town: str, token: dict[str, str], language: str) -> None:
        self._step("The code on an obligation, drawn by the hub and read back by an independent reader (zxing)")
        headers = token | {"Accept-Language": language}
        items = self._get(f"/{town}/v1/obligations?state=open&sort=-due_on", headers)["items"]
        item = next(one for one in items if one["original"]["currency"] in {"EUR", "CZK"})
        transfer = self._get(f"/{town}/v1/obligations/{item['id']}/transfer", headers)
        out.print(f"   {item['title']}: {transfer['amount']['text']} to {transfer['payee']['account']}")
        _expect(bool(transfer["codes"]), f"no code: {transfer['without_code']}")
        for code in transfer["codes"]:
            picture = self._client.get(code["png"], headers=headers).raise_for_status()
            symbols = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))
            _expect([one.text for one in symbols] == [code["payload"]], f"the {code['scheme']} code reads differently")
            shown = code["payload"].replace("\n", "⏎")
            out.print(f"   [green]✓[/] {code['scheme']} ({symbols[0].format.name}): {shown}", soft_wrap=True)

    def _push(self, token: dict[str, str]) -> None:
        self._step("The back office pushes a change, twice and in the wrong order: it counts once")
        address = self._stage.simulators["pregrada_financije"]
        items = self._client.get(f"{address}/_control/items").raise_for_status().json()
        item = next(one for one in items if one.get("OIB") == "83100426579" and one.get("Status") == "A")
        changed = {"Sifra": item["Sifra"], "Opis": "Promijenjeno guranjem: komunalna naknada čćđšž"}
        self._client.post(f"{address}/_control/items", json=changed).raise_for_status()
        order = {"hub": f"{self._stage.api}/pregrada/push/v1/events", "keys": [item["Sifra"]], "history": True,
                 "duplicated": True, "out_of_order": True, "mode": "batch"}  # fmt: skip
        sent = self._client.post(f"{address}/_control/push", json=order).raise_for_status().json()
        out.print(f"   the hub answered: {orjson.dumps(sent).decode()}", soft_wrap=True)
        self._await(
            lambda: any(
                one["title"] == changed["Opis"]
                for one in self._get("/pregrada/v1/obligations?limit=100", token)["items"]
            ),
            "the pushed change in the account",
        )
        out.print(f"   [green]✓[/] in the account: {changed['Opis']}")

    def _switched_off(self, token: dict[str, str]) -> None:
        self._step("One back office is switched off: the account still answers, and says how old that part is")
        before = self._calls()
        self._control("pregrada_financije", {"down": "close"})
        time.sleep(10.5)  # within ten seconds of a good read nobody is asked again
        with self._client.stream("POST", "/pregrada/v1/refresh", headers=token) as answer:
            for _ in answer.iter_lines():
                pass
        asked = self._calls()
        body = self._get("/pregrada/v1/account", token)
        self._sources(body["sources"])
        finance = next(one for one in body["sources"] if one["back_office"] == "financije")
        _expect(finance["freshness"]["status"] == "stale", "the dead source is not stale")
        _expect(bool(body["obligations"]["items"]), "its figures are gone")
        for _ in range(20):
            self._get("/pregrada/v1/account", token)
        _expect(self._calls() == asked, "reading an account called a back office")
        out.print(f"   [green]✓[/] the refresh called {asked - before} times, 21 account reads 0 times")
        self._control("pregrada_financije", {})

    def _sent_while_off(self, token: dict[str, str]) -> None:
        self._step("She reports a problem while the registry is off: kept, told, and sent once when it comes back")
        self._control("pregrada_urudzbeni", {"down": "503"})
        report = {
            "category": "rasvjeta",
            "text": "Ulična svjetiljka ne radi već tri dana.",
            "place": {"address": "Ulica žrtava fašizma 12"},
        }
        headers = token | {"Idempotency-Key": "tour"}
        answers = [self._client.post("/pregrada/v1/requests", json=report, headers=headers) for _ in range(2)]
        _expect([one.status_code for one in answers] == [201, 201], f"the report was answered {answers[0].text}")
        sent = answers[0].json()
        _expect(answers[1].json()["id"] == sent["id"], "the same report sent twice is two")
        out.print(f"   {sent['number']}: {sent['title']} (sent twice, kept once)")
        path = f"/pregrada/v1/requests/{sent['id']}"

        def office() -> dict[str, Any]:
            found: dict[str, Any] = self._get(path, token)["offices"][0]
            return found

        self._await(lambda: office()["not_answering_since"], "word that the registry does not answer")
        out.print(f"   [yellow]{office()['text']}[/]", soft_wrap=True)
        self._control("pregrada_urudzbeni", {})
        self._await(lambda: office()["state"] == "delivered", "the report at the registry", patience=40)
        out.print(f"   [green]✓[/] {office()['text']}", soft_wrap=True)
        address = self._stage.simulators["pregrada_urudzbeni"]
        counts = self._client.get(f"{address}/_control/writes").raise_for_status().json()["counts"]
        _expect(list(counts.values()) == [1], f"the registry did it {counts}")

    def _garbage(self) -> None:
        self._step("Garbage is refused or kept with its reason, never lost")
        secret = (self._stage.var / "secrets" / "pregrada-financije-push").read_text()
        answer = self._client.post(
            "/pregrada/push/v1/events",
            content=b'[{"specversion": "1.0", "id": ',
            headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/cloudevents-batch+json"},
        )
        out.print(f"   {answer.status_code} {answer.json()['detail']}", soft_wrap=True)
        order = {"hub": f"{self._stage.api}/pregrada/push/v1/events", "wrong_schema": "mistyped", "mode": "ndjson"}
        address = self._stage.simulators["pregrada_financije"]
        self._client.post(f"{address}/_control/push", json=order).raise_for_status()
        staff = {"Authorization": f"Bearer {self._stage.command('token', '--city', 'pregrada', '--staff')}"}
        self._await(
            lambda: len(self._get("/pregrada/admin/v1/dead-letters", staff)["items"]) > 1, "letters of mistyped events"
        )
        for one in self._get("/pregrada/admin/v1/dead-letters?limit=2", staff)["items"]:
            out.print(f"   dead letter {one['reason']}: {one['path'] or ''} {one['detail']}", soft_wrap=True)

    def _second_town(self) -> None:
        self._step("A second town, another country, another currency, no Python: Vzorov")
        out.print(self._stage.command("read", "--city", "vzorov"))
        token = self._token("vzorov", 0)
        body = self._get("/vzorov/v1/account", token | {"Accept-Language": "cs"})
        for one in body["obligations"]["items"][:5]:
            out.print(
                f"   {one['due_on'] or '':10}  {(one['outstanding'] or {'text': '?'})['text']:>14}  {one['title']}"
            )
        _expect(body["obligations"]["knowledge"] == "complete", "an incomplete account")
        self._codes("vzorov", token, "cs")

    def _sources(self, sources: list[dict[str, Any]]) -> None:
        colours = {"fresh": "green", "stale": "yellow", "unavailable": "red"}
        for one in sources:
            freshness = one["freshness"]
            colour = colours[freshness["status"]]
            tail = "".join(f", {key} {freshness[key]}" for key in ("as_of", "since", "because") if freshness[key])
            out.print(f"   {one['name']}: [{colour}]{freshness['status']}[/]{tail}", soft_wrap=True)

    def _token(self, town: str, citizen: int) -> dict[str, str]:
        identifier, name, _ = CITIZENS[town][citizen]
        signed = self._stage.command("token", "--city", town, "--identifier", identifier, "--name", name)
        return {"Authorization": f"Bearer {signed}"}

    def _get(self, path: str, headers: dict[str, str]) -> Any:
        answer = self._client.get(path, headers=headers)
        _expect(answer.status_code == 200, f"{path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def _control(self, simulator: str, switches: dict[str, Any]) -> None:
        self._client.post(f"{self._stage.simulators[simulator]}/_control", json=switches).raise_for_status()

    def _calls(self) -> int:
        """How often the simulators were called, all together."""
        return sum(
            int(self._client.get(f"{address}/_control").raise_for_status().json()["calls"])
            for address in self._stage.simulators.values()
        )

    def _await(self, condition: Any, what: str, patience: float = 15) -> None:
        deadline = time.monotonic() + patience
        while not condition():
            self._processes.refuse_dead()
            _expect(time.monotonic() < deadline, f"{what} did not come within {patience:.0f} seconds")
            time.sleep(0.1)


def _expect(seen: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not seen:
        raise TourFailed(f"The tour stopped: {otherwise}.")
