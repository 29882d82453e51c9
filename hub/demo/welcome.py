"""What `make demo` prints: everything somebody needs who has never seen this."""

from __future__ import annotations

from rich.panel import Panel
from rich.table import Column, Table

from hub.demo.guide import out
from hub.demo.people import CITIZENS
from hub.demo.stage import BANK, Stage

CARDS = {
    "4111 1111 1111 1111": "approved",
    "4000 0000 0000 3063": "its bank asks the payer to confirm (3-D Secure)",
    "4000 0000 0000 0002": "declined",
    "4000 0000 0000 0119": "stays under way",
}


def print_addresses(stage: Stage) -> None:
    out.print(Panel(f"API  {stage.api}    OpenAPI  {stage.api}/openapi.json", title="munihub demonstration"))
    table = Table("town", "citizen", Column("identifier", no_wrap=True), "shows", title="Test citizens")
    for town, people in CITIZENS.items():
        for identifier, name, shows in people:
            table.add_row(town, name, identifier, shows)
    out.print(table)
    identifier, name, _ = CITIZENS["pregrada"][0]
    token = stage.command("token", "--city", "pregrada", "--identifier", identifier, "--name", name)
    _say("Try (the token lasts 12 hours):", f"TOKEN={token}", f"API={stage.api}")
    for method, path in (("-X POST ", "refresh"), ("", "account"), ("", "obligations?state=open")):
        _say("", f'curl -N {method}-H "Authorization: Bearer $TOKEN" "$API/pregrada/v1/{path}"')
    _say(
        "Pay one of them by card (obl_… from the list; the answer to the second has the `url` to open in a browser):",
        'curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -H "Idempotency-Key: $RANDOM" '
        """-d '{"method": "card", "items": [{"obligation": "obl_…"}]}' $API/pregrada/v1/payments""",
        'curl -X POST -H "Authorization: Bearer $TOKEN" $API/pregrada/v1/payments/pay_…/attempts',
    )
    cards = Table("card", "what happens", title="Magic cards, at every gateway")
    for number, happens in CARDS.items():
        cards.add_row(number, happens)
    out.print(cards)
    bank = stage.simulators[BANK]
    _say(
        "Tokens for others, and everything else munihub does, here:",
        f"export MUNIHUB_VAR={stage.var}",
        f"export MUNIHUB_CONFIG_PATH={stage.var}/config",
        ".venv/bin/munihub token --city vzorov --identifier cz.birth_number=0572127050",
    )
    _say(
        "Or by transfer: give the text of a code to the simulated bank, have it close the day, upload its statement:",
        'curl -H "Authorization: Bearer $TOKEN" $API/pregrada/v1/obligations/obl_…/transfer/epc.txt >code.txt',
        f"curl --data-binary @code.txt {bank}/transfers    # tells the account it went to",
        f"curl -X POST {bank}/accounts/HR1723600001101234565/close    # tells the file",
        f"curl -o izvod.xml {bank}/accounts/HR1723600001101234565/statements/1",
        "STAFF=$(.venv/bin/munihub token --city pregrada --staff)",
        'curl -H "Authorization: Bearer $STAFF" --data-binary @izvod.xml '
        '"$API/pregrada/admin/v1/statement-files?name=izvod.xml"',
        'curl -H "Authorization: Bearer $STAFF" $API/pregrada/admin/v1/statement-entries',
    )
    _say("Log in in a browser, with a simulated eID:", *(f"{stage.api}/{town}/login/session" for town in CITIZENS))
    _say(
        "Staff log in by a password and a second step: a clerk registers people, a cashier has the money:",
        '.venv/bin/munihub staff add "Petra Kunović" --role clerk --role cashier --city pregrada    # prints stf_…',
        ".venv/bin/munihub password issue stf_… --city pregrada    # for her, on paper",
        f"{stage.api}/pregrada/login?staff=yes",
        "(her tokens go to the client `console` at http://127.0.0.1:8081: docs/openid-provider.md)",
    )
    out.print("Simulators, and how to break one (all switches: simulators/README.md):")
    for simulator, address in stage.simulators.items():
        _say("", f"""curl -d '{{"down": "503"}}' {address}/_control    # {simulator}""")
    out.print("Ctrl-C ends everything.")


def print_ended(stage: Stage, simulator: str) -> None:
    """Somebody has stopped one: everything else goes on, and this is how it comes back."""
    port = stage.simulators[simulator].rpartition(":")[2]
    _say(
        f"{simulator} has ended, everything else goes on. To start it again, with the data of its start:",
        f".venv/bin/python -m simulators {simulator} --port {port} --hub {stage.api}",
    )


def _say(title: str, *lines: str) -> None:
    if title:
        out.print(title, soft_wrap=True)
    for line in lines:
        out.print(f"  {line}", soft_wrap=True, markup=False)
