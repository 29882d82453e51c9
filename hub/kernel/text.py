"""Texts a citizen reads are kept as `{language: text}` and chosen at the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

# What a reader is served where there is nothing in the language asked for. Serbian without a script is
# Cyrillic; Slovak readers are served Czech before the town's default.
_STANDS_FOR = {
    "sr": ("sr-Cyrl", "sr-Latn"),
    "sr-cyrl": ("sr", "sr-Latn"),
    "sr-latn": ("sr-Cyrl",),
    "sh": ("sr-Latn", "hr"),
    "bs": ("sr-Latn", "hr"),
    "mo": ("ro",),
    "sk": ("cs",),
}


def _by_language(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("write the text by language, such as {en: …}")  # noqa: TRY004 - pydantic's way to refuse
    return value


def _not_empty(texts: dict[str, str]) -> dict[str, str]:
    if not texts:
        raise ValueError("write at least one language, such as {en: …}")
    for language, text in texts.items():
        if not language or not text.strip():
            raise ValueError(f"the text for language {language!r} is empty")
    return texts


LocalisedText = Annotated[dict[str, str], BeforeValidator(_by_language), AfterValidator(_not_empty)]
"""`{"hr": "Komunalna naknada", "en": "Municipal fee"}`; keys are BCP 47 tags."""


def preferred_languages(accept_language: str | None) -> list[str]:
    """Language tags of an `Accept-Language` header, best first; anything unreadable is passed over."""
    ranked: list[tuple[float, int, str]] = []
    for position, item in enumerate((accept_language or "")[:500].split(",")):
        tag, _, quality = item.strip().partition(";")
        try:
            weight = float(quality.strip().lower().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if tag.strip() and tag.strip() != "*" and 0 < weight <= 1:
            ranked.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(ranked)]


def choose_language(available: Mapping[str, object], wanted: Sequence[str], default: str) -> str | None:
    """The key of `available` that fits `wanted` best, else `default`, else English, else the first one.

    A tag is shortened from its end until something fits (RFC 4647 §3.4): `sr-Latn-RS`, `sr-Latn`, `sr`.
    """
    by_lower = {tag.lower(): tag for tag in available}
    for tag in (*wanted, default, "en"):
        parts = tag.lower().split("-")
        for length in range(len(parts), 0, -1):
            shorter = "-".join(parts[:length])
            for candidate in (shorter, *_STANDS_FOR.get(shorter, ())):
                if found := by_lower.get(candidate.lower()):
                    return found
    return next(iter(available), None)


def choose(texts: Mapping[str, str], wanted: Sequence[str], default: str) -> str:
    """The text for the reader; an empty string only where there is no text at all."""
    language = choose_language(texts, wanted, default)
    return texts[language] if language else ""
