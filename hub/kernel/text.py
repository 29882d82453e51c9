"""Texts a citizen reads are kept as `{language: text}` and chosen at the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator

# Tags that speakers' browsers send for a language we keep under another tag. Serbian is kept in
# Cyrillic; `sk` readers are served Czech before the town's default.
_STANDS_FOR = {
    "sr": ("sr-Cyrl", "sr-Latn"),
    "sr-rs": ("sr-Cyrl", "sr-Latn"),
    "sr-cyrl": ("sr-Cyrl", "sr-Latn"),
    "sr-cyrl-rs": ("sr-Cyrl", "sr-Latn"),
    "sr-latn": ("sr-Latn", "sr-Cyrl"),
    "sr-latn-rs": ("sr-Latn", "sr-Cyrl"),
    "sh": ("sr-Latn", "hr"),
    "bs": ("sr-Latn", "hr"),
    "mo": ("ro",),
    "sk": ("sk", "cs"),
}


def _not_empty(texts: dict[str, str]) -> dict[str, str]:
    if not texts:
        raise ValueError("write at least one language, such as {en: …}")
    for language, text in texts.items():
        if not language or not text.strip():
            raise ValueError(f"the text for language {language!r} is empty")
    return texts


LocalisedText = Annotated[dict[str, str], AfterValidator(_not_empty)]
"""`{"hr": "Komunalna naknada", "en": "Municipal fee"}`; keys are BCP 47 tags."""


def preferred_languages(accept_language: str | None) -> list[str]:
    """Language tags of an `Accept-Language` header, best first; anything unreadable is passed over."""
    ranked: list[tuple[float, int, str]] = []
    for position, item in enumerate((accept_language or "")[:500].split(",")):
        tag, _, quality = item.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if tag.strip() and tag.strip() != "*" and weight > 0:
            ranked.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(ranked)]


def choose_language(available: Mapping[str, object], wanted: Sequence[str], default: str) -> str | None:
    """The key of `available` that fits `wanted` best, else `default`, else English, else the first one."""
    by_lower = {tag.lower(): tag for tag in available}
    for tag in (*wanted, default, "en"):
        lower = tag.lower()
        for candidate in (*_STANDS_FOR.get(lower, ()), lower, lower.split("-")[0]):
            if found := by_lower.get(candidate.lower()):
                return found
    return next(iter(available), None)


def choose(texts: Mapping[str, str], wanted: Sequence[str], default: str) -> str:
    """The text for the reader; an empty string only where there is no text at all."""
    language = choose_language(texts, wanted, default)
    return texts[language] if language else ""
