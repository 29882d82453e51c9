"""References with check digits, as five countries write them: each becomes one written form, or is an error."""

from __future__ import annotations

import re

from stdnum import iso11649 as creditor_reference

from hub.kit import hr_reference as hr_rules
from hub.kit import rs_reference as rs_rules
from hub.mapping.scalars import Convert, shorten

_HR_REFERENCE = re.compile(r"HR(?!99)\d\d \d{1,12}(?:-\d{1,12}){0,3}", re.ASCII)


def hr_reference(*, check: bool) -> Convert:
    """Model and number: `HR01 123-456-789`. The layout is that of HUB's list of models: two digits of model;
    a number of up to 22 characters, in parts of up to 12 digits between hyphens. Model 99 has no number.
    Check digits are left to the payee's bank unless `check` is said: references in use do not always pass them.
    """
    read = _hr_layout
    if not check:
        return read

    def checked(text: str) -> str | None:
        reference = read(text)
        if reference is not None:
            hr_rules.validate(reference)
        return reference

    return checked


def _hr_layout(text: str) -> str | None:
    if len(text) <= 27 and _HR_REFERENCE.fullmatch(text):
        return text
    plain = " ".join(text.upper().split())
    if not plain:
        return None
    rest = plain[2:].lstrip() if plain.startswith("HR") else plain
    model, number = rest[:2], rest[2:].replace(" ", "")
    apart = plain.startswith("HR") or rest[2:3] in (" ", "")
    if not (apart and len(model) == 2 and model.isascii() and model.isdigit()):
        raise ValueError(f"{shorten(plain)!r} has no model in front of the number, such as HR01")
    if not number and model == "99":
        return "HR99"
    parts = number.split("-")
    good = len(number) <= 22 and len(parts) <= 4 and model != "99"
    if not good or not all(part.isascii() and part.isdigit() and len(part) <= 12 for part in parts):
        raise ValueError(f"{shorten(plain)!r} is not a model and a number of digits and hyphens")
    return f"HR{model} {number}"


def rs_reference() -> Convert:
    """Model and number, `97 20-12345`; see hub.kit.rs_reference."""

    def convert(text: str) -> str | None:
        return rs_rules.normalise(text) if text.strip() else None

    return convert


def cz_symbol() -> Convert:
    """A variable, specific or constant symbol: up to 10 digits (SPAYD, keys X-VS, X-SS, X-KS), zeros kept."""

    def convert(text: str) -> str | None:
        plain = "".join(text.split())
        if not plain:
            return None
        if len(plain) > 10 or not (plain.isascii() and plain.isdigit()):
            raise ValueError(f"{shorten(plain)!r} is not a symbol of up to 10 digits")
        return plain

    return convert


def iso11649() -> Convert:
    """A structured creditor reference, its check digits verified, without spaces (ISO 11649)."""

    def convert(text: str) -> str | None:
        if not text.strip():
            return None
        compact = creditor_reference.compact(text)
        if not compact[4:].isascii() or not creditor_reference.is_valid(compact):
            raise ValueError(f"{shorten(text.strip())!r} is not an ISO 11649 reference")
        return compact

    return convert
