"""The texts of the login's pages: `texts/<language>.yaml`, found by scanning the folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hub.kernel.text import choose_language, preferred_languages

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language. `tag` is BCP 47, `name` what its readers call it."""

    tag: str
    name: str
    texts: Mapping[str, str]

    def text(self, key: str, **values: str) -> str:
        """The text with its placeholders filled; what is filled in is escaped where it is put into a page."""
        return self.texts[key].format(**values)


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Every language there is, by tag, in the order of their own names."""
    found = []
    for file in FOLDER.glob("*.yaml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        language = document.pop("language")
        found.append(Catalogue(language["tag"], language["name"], dict(_flat(document))))
    return {one.tag: one for one in sorted(found, key=lambda one: one.name.casefold())}


def choose_tag(
    own: str, *, asked: str | None = None, wanted: str | None = None, accept_language: str | None = None
) -> str:
    """The tag of the catalogue to be read from: what was `asked` for on the page, `wanted` by the front end
    (`ui_locales`, best first), accepted by the browser, else the town's `own`.
    """
    ranked = [
        *([asked[:40]] if asked else []),
        *(wanted or "")[:200].split(),
        *preferred_languages(accept_language),
    ]
    return _choose(tuple(ranked[:20]), own)


def _choose(ranked: Sequence[str], own: str) -> str:
    return choose_language(catalogues(), ranked, own) or own


def _flat(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in document.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", str(value)))
    return rows
