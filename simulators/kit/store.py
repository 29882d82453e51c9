"""What a simulated back office knows: its items, in its own words, with every state they ever had."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Item = dict[str, Any]


class Refused(ValueError):
    """A change of the data that makes no sense; the text says what would."""


@dataclass(frozen=True, slots=True)
class State:
    """An item from `at` on. `data` includes its key, and the stamp of its version.

    `sequence` counts the changes of the whole store: 1, 2, 3, …
    """

    key: str
    data: Item
    at: datetime
    removed: bool
    sequence: int


@dataclass(frozen=True, slots=True)
class Changes:
    """A part of what changed. `mark` is how far it reaches; `more` says that it is not the last part."""

    items: list[Item]
    mark: str
    more: bool


class Store:
    """A collection of items by key.

    `fields` are the names an item may have. `version` names the field that tells when an item was last
    changed, and how a moment (UTC, whole seconds) is written there; `removed` names the one that is true
    for an item that is gone. The items of the start come from `initial`, each with the moment of its
    last change.
    """

    def __init__(
        self,
        *,
        key: str,
        fields: Iterable[str],
        initial: Callable[[], Iterable[tuple[Item, datetime]]],
        clock: Callable[[], datetime],
        version: tuple[str, Callable[[datetime], Any]] | None = None,
        removed: str = "",
    ) -> None:
        self.key = key
        self.fields = frozenset(fields)
        self._initial = initial
        self._clock = clock
        self._version = version
        self._removed = removed
        self._history: dict[str, list[State]] = {}
        self._sequence = 0
        # A mark of another run says nothing about the changes of this one.
        self._run = f"{clock():%Y%m%d%H%M%S%f}"
        for data, at in sorted(initial(), key=lambda pair: pair[1]):
            self._append(data, at, removed=False)

    def states(self, key: str) -> list[State]:
        """Every state of an item, oldest first. Raises Refused for a key never seen."""
        if key not in self._history:
            raise Refused(f"there is no {self.key} {key!r}; there are: {', '.join(sorted(self._history))}")
        return self._history[key]

    def latest(self) -> list[State]:
        """The last state of every item, also of removed ones, in the order of their changes."""
        return sorted((states[-1] for states in self._history.values()), key=lambda state: state.sequence)

    def changes(self, mark: str | None, size: int) -> Changes:
        """The next `size` items changed since `mark`.

        Without a mark, and with one that is not known any more, all of them: then those that are gone are
        left out, or not, respectively.
        """
        run, _, sequence = (mark or "").partition("-")
        after = int(sequence) if run == self._run and sequence.isdigit() else 0
        changed = [state for state in self.latest() if state.sequence > after and not (state.removed and mark is None)]
        part = changed[:size]
        reached = f"{self._run}-{part[-1].sequence if part else after}"
        return Changes([state.data for state in part], reached, more=len(changed) > size)

    def items(self) -> list[Item]:
        """The items that exist, in the order of their keys."""
        return [self._history[key][-1].data for key in sorted(self._history) if not self._history[key][-1].removed]

    def put(self, changes: Mapping[str, Any]) -> State:
        """Add an item, or change the given fields of an existing one.

        Raises Refused for a missing key or a field no item has.
        """
        if unknown := sorted(set(changes) - self.fields):
            raise Refused(f"unknown: {', '.join(unknown)}; an item has: {', '.join(sorted(self.fields))}")
        key = str(changes.get(self.key) or "")
        if not key:
            raise Refused(f"{self.key} is missing: it says which item is meant")
        states = self._history.get(key, [])
        known = states[-1].data if states and not states[-1].removed else {}
        return self._append({**known, **changes}, self._now(states), removed=False)

    def remove(self, key: str) -> State:
        """Raises Refused for an item that does not exist."""
        states = self.states(key)
        if states[-1].removed:
            raise Refused(f"{self.key} {key!r} is removed already")
        return self._append(states[-1].data, self._now(states), removed=True)

    def reset(self) -> None:
        """The data of the start again. Every item counts as changed now, so that a reader takes it anew."""
        initial = {str(data[self.key]): data for data, _ in self._initial()}
        for key, states in list(self._history.items()):
            if key not in initial and not states[-1].removed:
                self.remove(key)
        for key, data in initial.items():
            self._append(data, self._now(self._history[key]), removed=False)

    def _now(self, states: list[State]) -> datetime:
        # Versions of back offices have whole seconds; two changes in one second must still differ.
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        return max(now, states[-1].at + timedelta(seconds=1)) if states else now

    def _append(self, data: Item, at: datetime, *, removed: bool) -> State:
        at = at.astimezone(UTC)
        self._sequence += 1
        data = {name: value for name, value in data.items() if name != self._removed}
        if removed and self._removed:
            data[self._removed] = True
        if self._version:
            field, write = self._version
            data[field] = write(at)
        state = State(str(data[self.key]), data, at, removed, self._sequence)
        self._history.setdefault(state.key, []).append(state)
        return state
