"""What differs between an interface as it was recorded and as it is now, in the words of whoever calls it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from hub.ports.interface import Interface, Operation, Part, Parts

_UNBOUNDED = 10**9


class What(StrEnum):
    """Kinds of changes."""

    OPERATION_GONE = "operation_gone"
    OPERATION_NEW = "operation_new"
    GONE = "gone"
    NEW = "new"
    RENAMED = "renamed"
    TYPE = "type"
    OCCURRENCE = "occurrence"
    VALUE_NEW = "value_new"
    VALUE_GONE = "value_gone"
    FORM = "form"
    ELEMENT = "element"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is dotted, as mappings write it; of a renamed part the old one, and `now` its new name.

    `side` is `request` or `reply`; empty for a whole operation. `part` is what is left of it: as it is now, and of
    something that went or changed its type, as it was. `looser`: it may occur, or have values, as it could not;
    `tighter`: it may not as it could.
    """

    what: What
    operation: str
    side: str = ""
    path: str = ""
    was: str = ""
    now: str = ""
    part: Part | None = None
    looser: bool = False
    tighter: bool = False


def changes(recorded: Interface, live: Interface) -> Iterator[Change]:
    """Every difference, operation by operation; of a part that came or went its own parts are not told too."""
    for name, operation in recorded.operations.items():
        if name not in live.operations:
            yield Change(What.OPERATION_GONE, name, was=name)
        else:
            yield from _of_operation(name, operation, live.operations[name])
    for name in live.operations:
        if name not in recorded.operations:
            yield Change(What.OPERATION_NEW, name, now=name)


def _of_operation(name: str, recorded: Operation, live: Operation) -> Iterator[Change]:
    for side, before, after in (
        ("request", recorded.request_element, live.request_element),
        ("reply", recorded.reply_element, live.reply_element),
    ):
        if before != after:
            yield Change(What.ELEMENT, name, side, "", before or "none", after or "none", Part("parts"))
    for side, was, now in (("request", recorded.request, live.request), ("reply", recorded.reply, live.reply)):
        for change in _of_parts(was, now):
            yield replace(change, operation=name, side=side)


def _of_parts(recorded: Parts, live: Parts) -> Iterator[Change]:
    gone = _outermost(recorded, live)
    new = _outermost(live, recorded)
    for path in gone:
        renamed = _renamed(path, recorded, new, live)
        if renamed is not None:
            new.remove(renamed)
            yield Change(What.RENAMED, "", "", path, path, renamed, recorded[path])
        else:
            yield Change(What.GONE, "", "", path, described(recorded[path]), "", recorded[path])
    for path in new:
        yield Change(What.NEW, "", "", path, "", described(live[path]), live[path])
    for path, was in recorded.items():
        if path in live:
            yield from _of_part(path, was, live[path])


def _outermost(these: Parts, others: Parts) -> list[str]:
    """Those that the others lack, without what stands inside another such one."""
    found: list[str] = []
    for path in these:
        parent = path.rpartition(".")[0]
        if path not in others and (not parent or parent in others):
            found.append(path)
    return found


def _renamed(path: str, recorded: Parts, new: list[str], live: Parts) -> str | None:
    """The one part of the same kind that came to the same place; None where there is none, or several."""
    parent, was = path.rpartition(".")[0], recorded[path]
    alike = [
        other
        for other in new
        if other.rpartition(".")[0] == parent and (live[other].type, live[other].most) == (was.type, was.most)
    ]
    return alike[0] if len(alike) == 1 else None


def _of_part(path: str, was: Part, now: Part) -> Iterator[Change]:
    if was.type != now.type:
        yield Change(What.TYPE, "", "", path, was.type, now.type, was)
    if (was.least, was.most, was.nillable) != (now.least, now.most, now.nillable):
        most_was, most_now = (was.most or _UNBOUNDED), (now.most or _UNBOUNDED)
        looser = now.least < was.least or most_now > most_was or (now.nillable and not was.nillable)
        yield Change(What.OCCURRENCE, "", "", path, occurrence(was), occurrence(now), now, looser)
    if was.values or now.values:
        added = now.values - was.values if was.values else frozenset[str]()
        removed = was.values - now.values if now.values else frozenset[str]()
        if now.values and not was.values:
            yield Change(What.VALUE_GONE, "", "", path, "any other", _listed(now.values), now)
        if was.values and not now.values:
            yield Change(What.VALUE_NEW, "", "", path, _listed(was.values), "any", now)
        if added:
            yield Change(What.VALUE_NEW, "", "", path, _listed(was.values), _listed(added), now)
        if removed and now.values:
            yield Change(What.VALUE_GONE, "", "", path, _listed(removed), _listed(now.values), now)
    if was.form != now.form and was.type == now.type:
        looser, tighter = _moved(was.form, now.form)
        told, tells = ", ".join(was.form) or "no rule", ", ".join(now.form) or "no rule"
        yield Change(What.FORM, "", "", path, told, tells, now, looser, tighter)


def _moved(was: tuple[str, ...], now: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether what these rules allow became more, and whether it became less; where nobody can say, both."""
    before, after = _by_facet(was), _by_facet(now)
    looser = tighter = False
    for facet in before.keys() | after.keys():
        old, new = before.get(facet, []), after.get(facet, [])
        if old == new:
            continue
        more, less = not new, not old
        if len(old) == len(new) == 1 and (wider := _wider(facet, old[0], new[0])) is not None:
            more, less = wider, not wider
        elif old and new:
            more = less = True
        looser, tighter = looser or more, tighter or less
    return looser, tighter


def _by_facet(form: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for rule in form:
        facet, _, value = rule.partition("=")
        found.setdefault(facet, []).append(value)
    return found


def _wider(facet: str, was: str, now: str) -> bool | None:
    """Of a bound, whether it lets more through; None for what is none."""
    try:
        grown = float(now) > float(was)
    except ValueError:
        return None
    if facet.startswith("max") or facet in ("totalDigits", "fractionDigits"):
        return grown
    return not grown if facet.startswith("min") else None


def occurrence(part: Part) -> str:
    """`1`, `0..1`, `0..*`, and whether it may be nil."""
    most = "*" if part.most is None else str(part.most)
    text = most if str(part.least) == most else f"{part.least}..{most}"
    return f"{text}, nillable" if part.nillable else text


def described(part: Part) -> str:
    return f"{part.type}, {occurrence(part)}"


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))
