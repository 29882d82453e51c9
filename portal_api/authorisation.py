"""`python -m portal_api.authorisation FILE`: the table of who may do what, as docs/authorisation.md has it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from hub.authorisation import HEADER, OPERATIONS, Audience, Role, Rule, scopes_of

_INTRODUCTION = f"""# Who may do what

Printed by `make authorisation` from `hub/authorisation.py`, which the doors enforce and where the reasons stand; a test
compares. A route that is not here does not exist: another test fails for it.

* **Scope**: what the access token must carry. A token belongs to one town, and to a citizen, to staff or to a machine.
* **Assurance**: the least by which the person must be known (eIDAS). Too little is answered with 403 and
  `WWW-Authenticate: Bearer error="insufficient_user_authentication", acr_values="…"` (RFC 9470): log in again with that
  `acr`. Development tokens count as high, and no live town takes them.
* **Roles** are looked up at every request of staff, so that one taken back opens nothing from that moment on. *In
  part*: a role at one payee or department suffices, for what belongs to these.
* **For others**: a citizen may do it for whom she has a mandate of, with `{HEADER}: sub_…`. Whom she may act for is at
  `GET /v1/mandates`. Without a mandate the answer is 404, whether or not there is such a subject; with one, the read
  is in that subject's access log.
"""


def operations(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """Operation, method and path of every route, in the order of routes. HEAD belongs to its GET."""
    for context in iter_route_contexts(app.routes):
        methods: set[str] = set(getattr(context, "methods", None) or {"*"})
        for method in sorted(methods - ({"HEAD"} if "GET" in methods else set())):
            yield str(context.name), method, str(context.path)


def printed(app: FastAPI) -> str:
    """The document."""
    rows: dict[Audience, list[str]] = {audience: [] for audience in Audience}
    for operation, method, path in operations(app):
        rule = OPERATIONS[operation]
        cells = [f"`{method} {path}`", *_cells(rule)]
        rows[rule.audience].append(_row(cells))
    return "\n".join([_INTRODUCTION, *_sections(rows), *_roles()])


def _sections(rows: dict[Audience, list[str]]) -> Iterator[str]:
    heads = {
        Audience.CITIZEN: ("Citizens", ("operation", "scope", "assurance", "for others", "remark")),
        Audience.STAFF: ("Staff", ("operation", "scope", "assurance", "roles", "remark")),
        Audience.MACHINE: ("Back offices and other programs", ("operation", "scope", "remark")),
        Audience.ANYONE: ("Without a token", ("operation", "why")),
    }
    for audience, (title, columns) in heads.items():
        yield f"## {title}\n\n{_row(columns)}\n{_row(['---'] * len(columns))}\n" + "\n".join(rows[audience]) + "\n"


def _cells(rule: Rule) -> list[str]:
    match rule.audience:
        case Audience.CITIZEN:
            return [f"`{rule.scope}`", str(rule.assurance), "yes" if rule.acting_for else "no", rule.why]
        case Audience.STAFF:
            roles = ", ".join(sorted(rule.roles)) + (" (in part)" if rule.partly else "")
            return [f"`{rule.scope}`", str(rule.assurance), roles, rule.why]
        case Audience.MACHINE:
            return [f"`{rule.scope}`", rule.why]
    return [rule.why]


def _roles() -> Iterator[str]:
    yield "## Roles\n\nScopes that open something to somebody with the role, whatever else her token carries.\n"
    yield _row(["role", "scopes"])
    yield _row(["---", "---"])
    for role in Role:
        scopes = ", ".join(f"`{scope}`" for scope in scopes_of(Audience.STAFF, [role]))
        yield _row([str(role), scopes])
    yield ""


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    from portal_api.app import create_app

    text = printed(create_app(None))  # type: ignore[arg-type] # nothing is opened: only its routes are read
    Path(sys.argv[1]).write_text(text, "utf-8")
