"""A town's look: its colour with one that can be read on it, and its logo."""

from __future__ import annotations

from hub.back_offices.model import Town

_LEGIBLE = 4.5
"""Least contrast of text, WCAG 2.2 criterion 1.4.3."""

_TEXT, _WHITE, _BLACK = "#1b1b1b", "#ffffff", "#000000"


def stylesheet(town: Town) -> str:
    """The town's part of the style sheet, whatever colour it chose: text on it and links in it can be read.

    Of white and black one always has a contrast of 4.58 or more to any colour.
    """
    colour = town.city.look.colour.lower()
    on_colour = max((_WHITE, _BLACK), key=lambda other: contrast(colour, other))
    link = colour if contrast(colour, _WHITE) >= _LEGIBLE else _TEXT
    return f":root {{ --colour: {colour}; --on-colour: {on_colour}; --link: {link}; }}\n"


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours `#rrggbb` (WCAG 2.2, "contrast ratio"): 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
