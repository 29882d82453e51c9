"""Chooses one of several texts of ours: by language, or of numbers by their scheme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.kit.transliteration import serbian_latin
from hub.mapping.block import Block

_CYRILLIC, _LATIN = ("sr-Cyrl", "sr"), "sr-Latn"


def in_language(block: Block) -> Callable[[Any], str | None]:
    """The text in a language, or in the first of several that there is.

    Where Serbian is asked for in Latin script and there is a Cyrillic text only, that is transliterated; never the
    other way. A text without languages is refused: nobody knows which it is in.
    """
    wanted = [str(code) for code in block.codes()]
    if not wanted:
        raise block.error("names no language", remedy="Write language: hr, or [hr, en] for the first there is.")

    def choose(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            raise ValueError("is not a text by language")  # noqa: TRY004
        for language in wanted:
            text = value.get(language)
            if text is None and language == _LATIN:
                cyrillic = next((value[tag] for tag in _CYRILLIC if value.get(tag)), None)
                text = serbian_latin(cyrillic) if isinstance(cyrillic, str) else None
            if text is not None:
                if not isinstance(text, str):
                    raise ValueError("is not a text by language")
                return text
        return None

    return choose


def of_scheme(block: Block) -> Callable[[Any], str | None]:
    """Of a list of references or identifiers, the one of a scheme. Raises ValueError where there are several."""
    scheme = block.text()

    def choose(value: Any) -> str | None:
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            raise ValueError("is not a list of { scheme, value }")
        found = []
        for entry in value:
            one, text = (
                (entry.get("scheme"), entry.get("value"))
                if isinstance(entry, Mapping)
                else (getattr(entry, "scheme", None), getattr(entry, "value", None))
            )
            if not isinstance(one, str) or not isinstance(text, str):
                raise ValueError("is not a list of { scheme, value }")  # noqa: TRY004
            if one == scheme:
                found.append(text)
        if len(found) > 1:
            raise ValueError(f"has {len(found)} entries of {scheme}, and one is sent")
        return found[0] if found else None

    return choose
