"""The table of docs/privacy.md, from what is decided about each table and how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping

from hub.personal_data.holdings import HOLDINGS
from hub.personal_data.model import Blank, Delete, Holding, Keep
from hub.personal_data.others import OTHERS

_ALWAYS = "as long as it is needed"


def tables(keeps: Mapping[str, str | None]) -> str:
    """Markdown; `keeps` says how long each table is kept, as PostgreSQL writes an interval."""
    lines = ["| table | kept | not given to the person | erased with the person |", "| --- | --- | --- | --- |"]
    for holding in sorted(HOLDINGS, key=lambda one: one.table):
        without = "; ".join(f"{', '.join(names)}: {why}" for why, names in _reasons(holding).items())
        cells = (f"`{holding.table}`", _keep(keeps.get(holding.table)), without, _erasure(holding))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| table | kept | why it is neither given nor erased |", "| --- | --- | --- |"]
    lines += [f"| `{table}` | {_keep(keeps.get(table))} | {why} |" for table, why in sorted(OTHERS.items())]
    return "\n".join(lines) + "\n"


def _reasons(holding: Holding) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for column, why in holding.without.items():
        found.setdefault(why, []).append(f"`{column}`")
    return found


def _erasure(holding: Holding) -> str:
    match holding.erasure:
        case Delete(spared=spared):
            return "yes" if spared is None else f"yes, but {spared.why}"
        case Blank(set=what, why=why):
            return f"in part (`{what.replace('$4', 'now')}`): {why}"
        case Keep(why=why):
            return f"no: {why}"


def _keep(interval: str | None) -> str:
    if interval is None:
        return _ALWAYS
    return "1 hour" if interval == "01:00:00" else interval.replace("mons", "months")
