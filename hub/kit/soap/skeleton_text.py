"""Parts of a skeleton: the parameters of a request, and texts as YAML writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.kit.soap.guesses import identifier_scheme
from hub.kit.soap.shapes import Shape

_LONGEST = 120
_NUMBER = re.compile(r"decimal|float|double|gYear|.*[iI]nteger|(unsigned)?([lL]ong|[iI]nt|[sS]hort|[bB]yte)")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def parameters(asked: Sequence[Shape]) -> list[str]:
    if not asked:
        return []
    required, optional = _parameter_lines(asked, 4)
    if not required:
        return ["  # parameters:                  # none is required; there are:", *optional]
    return ["  parameters:", *required, *optional]


def _parameter_lines(shapes: Sequence[Shape], indent: int) -> tuple[list[str], list[str]]:
    """Lines of required parameters with a value that fits their type, and optional ones in comments."""
    required: list[str] = []
    optional: list[str] = []
    margin = " " * indent
    seen_choice = False
    for shape in shapes:
        if shape.name == "*":
            continue
        name = shape.name.removeprefix("@")
        said = _said(shape)
        first_choice = shape.choice and not seen_choice
        seen_choice = seen_choice or shape.choice
        if shape.least == 0 and not first_choice:
            optional.append(f"{margin}# {name}: {_example(shape)}    # {said}")
            continue
        inner, inner_optional = _parameter_lines(shape.content, indent + 2) if shape.content else ([], [])
        if shape.base is None and (inner or inner_optional):
            required += [f"{margin}{name}:" if inner else f"{margin}{name}: {{}}", *inner, *inner_optional]
        else:
            required.append(f"{margin}{name}: {_example(shape)}    # CHECK: {said}")
    return required, optional


def _example(shape: Shape) -> str:
    """A value of the type: a bound identifier, the first of a list of codes, or something that only fits."""
    scheme = identifier_scheme(shape.name)
    if scheme is not None and shape.base == "string":
        return f"{{ alias: {scheme} }}"
    if shape.values:
        return scalar(shape.values[0])
    if shape.base in {"date", "dateTime"}:
        return f"{{ now: {'date' if shape.base == 'date' else 'datetime'} }}"
    if _NUMBER.fullmatch(shape.base or ""):
        return "1"
    return {"boolean": "false", None: "{}"}.get(shape.base, "X")


def _said(shape: Shape) -> str:
    how_often = "optional" if shape.least == 0 else "required"
    how_many = ", repeated" if shape.repeated else ""
    values = f", one of {', '.join(shape.values[:6])}" if shape.values else ""
    text = f"{shape.type or shape.base or 'parts'}, {how_often}{how_many}{values}"
    return short(f"{text}. {shape.documentation}" if shape.documentation else text)


def scalar(text: str) -> str:
    return text if _PLAIN.match(text) and text.lower() not in _WORDS else quoted(text)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(letter if letter.isprintable() else " " for letter in escaped) + '"'


def short(text: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
