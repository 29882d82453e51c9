"""What is noted while one document is mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.mapping.model import Drift, PartyRef
from hub.mapping.scalars import outline, printable, shorten

REPEATED = "stands there more than once, and a field takes one"
NESTED = "has more elements inside, where one value is expected"

_MOST_DRIFT = 200  # A document in another format altogether would otherwise name each of its elements.


class Run:
    """Drift is told once per path (and per code), with the outline of what was found there.

    `misfits` are slots of the record being read whose place in the document holds something else than one
    value, and what it holds.
    `parties` remembers what was made of a role, a scheme and a text.
    """

    __slots__ = ("_drift", "asked", "misfits", "parties", "sample")

    def __init__(self, asked: Mapping[str, str], sample: Callable[[str], str] = outline) -> None:
        self.asked = asked
        self.sample = sample
        self.misfits: list[tuple[int, str]] = []
        self.parties: dict[tuple[str, str, str], tuple[PartyRef, ...]] = {}
        self._drift: dict[tuple[str, ...], Drift] = {}

    def take_misfits(self) -> list[tuple[int, str]]:
        taken, self.misfits = self.misfits, []
        return taken

    @property
    def drift(self) -> list[Drift]:
        return list(self._drift.values())

    def unknown_field(self, path: str, text: str) -> None:
        self._note(("unknown_field", path), text, self.sample)

    def unknown_code(self, path: str, code: str) -> None:
        """A code is shown as it is: it is what the mapping's table lacks."""
        self._note(("unknown_code", path, code), code, shorten)

    def lenient(self, path: str, text: str) -> None:
        self._note(("lenient", path), text, self.sample)

    def _note(self, key: tuple[str, ...], text: str, show: Callable[[str], str]) -> None:
        if key not in self._drift and len(self._drift) < _MOST_DRIFT:
            self._drift[key] = Drift(key[0], printable(key[1]), show(text))
