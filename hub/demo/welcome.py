"""What `make demo` prints: everything somebody needs who has never seen this."""

from __future__ import annotations

from rich.panel import Panel
from rich.table import Column, Table

from hub.demo.guide import out
from hub.demo.people import CITIZENS
from hub.demo.stage import Stage


def print_addresses(stage: Stage) -> None:
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
