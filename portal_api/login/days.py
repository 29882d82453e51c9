"""Dates as a reader of a page writes them."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date


def day(when: date, language: str) -> str:
    """`21. studenoga 2026.`; `language` is the tag of a catalogue."""
    return format_date(when, format="long", locale=language.replace("-", "_"))
