"""Identifiers of persons and legal entities: which schemes exist, how a number is normalised and masked.

National schemes are `<country>.<name>`; a two-letter prefix always is a country. Every other scheme is
`<back office>.<name>`: a number only that back office knows, such as `pregrada_financije.partner`.

Sources of the rules: python-stdnum 2.2 and, for those it does not have, the norm named at the check.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from stdnum import exceptions
from stdnum.cz import dic, rc
from stdnum.hr import oib
from stdnum.ro import cnp, cui, onrc
from stdnum.rs import pib
from stdnum.ua import edrpou, rntrc

_SCHEME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\Z")
_LONGEST_LOCAL = 200


@dataclass(frozen=True, slots=True)
class Scheme:
    """A national scheme.

    `normalise` returns the number as it is stored, without separators; raises ValueError.
    `tells_birth_date`: the number has the birth date in it. What is left once the date is known is so
    little that no part of it may be shown.
    `number_loses_zeros`: written as a number (and not as a text) it could turn into another valid one.
    `separated` writes a normalised number with the separators people use, where there are some.
    """

    help: str
    normalise: Callable[[str], str]
    tells_birth_date: bool = False
    number_loses_zeros: bool = False
    separated: Callable[[str], str] | None = None


def normalise(scheme: str, text: str) -> str:
    """The one written form of an identifier; raises ValueError with the reason, never with the number."""
    known = NATIONAL.get(scheme)
    if known is None:
        check_scheme(scheme)
        return _local(text)
    try:
        return known.normalise(text)
    except exceptions.InvalidLength as error:
        raise ValueError(f"is not a {scheme}: wrong number of characters") from error
    except exceptions.InvalidChecksum as error:
        raise ValueError(f"is not a {scheme}: the check digit does not match") from error
    except exceptions.InvalidComponent as error:
        raise ValueError(f"is not a {scheme}: a part of it (date, region, kind) is impossible") from error
    except (exceptions.ValidationError, IndexError) as error:
        raise ValueError(f"is not a {scheme}: it has characters that do not belong there") from error


def mask(scheme: str, value: str) -> str:
    """`value` as it may be shown to somebody who does not need it: `********126`.

    The last three characters stay, so that a person can tell two of her numbers apart; nothing stays of
    numbers with a birth date in them, and of short ones.
    """
    known = NATIONAL.get(scheme)
    hidden = len(value) < 8 or (known is not None and known.tells_birth_date)
    return "*" * len(value) if hidden else "*" * (len(value) - 3) + value[-3:]


def check_scheme(scheme: str) -> None:
    """Raises ValueError for a misspelt scheme, with the nearest national one or all of them."""
    if scheme in NATIONAL:
        return
    country = scheme.partition(".")[0]
    if _SCHEME.match(scheme) and len(country) != 2:
        return
    near = get_close_matches(scheme, NATIONAL, n=1)
    hint = f"did you mean {near[0]}?" if near else "national ones are " + ", ".join(NATIONAL)
    raise ValueError(f"{scheme!r} is not a scheme of identifiers ({hint}); one of your own is <back office>.<name>")


def _local(text: str) -> str:
    value = unicodedata.normalize("NFC", text).strip()
    if not value or len(value) > _LONGEST_LOCAL or not value.isprintable():
        raise ValueError(f"is not an identifier of 1 to {_LONGEST_LOCAL} printable characters")
    return value


def _ico(text: str) -> str:
    """IČO: 8 digits, the last one a check digit (weights 8 to 2, mod 11); leading zeros are often left out."""
    digits = re.sub(r"\s", "", text)
    if not (digits.isascii() and digits.isdigit()):
        raise exceptions.InvalidFormat
    number = digits.zfill(8)
    if len(number) != 8:
        raise exceptions.InvalidLength
    if number == "00000000" or dic.calc_check_digit_legal(number[:7]) != number[7]:
        raise exceptions.InvalidChecksum
    return number


def _jmbg(text: str) -> str:
    """JMBG: DDMMYYY RR BBB K, weights 7 to 2 twice, K = 11 - sum mod 11 (11 is 0, 10 is never given out)."""
    number = re.sub(r"\s", "", text)
    if not (number.isascii() and number.isdigit()):
        raise exceptions.InvalidFormat
    if len(number) != 13:
        raise exceptions.InvalidLength
    year = int(number[4:7])
    try:
        date(year + (1000 if year >= 800 else 2000), int(number[2:4]), int(number[:2]))
    except ValueError as error:
        raise exceptions.InvalidComponent from error
    total = sum(weight * int(digit) for weight, digit in zip((7, 6, 5, 4, 3, 2) * 2, number[:12], strict=True))
    if 11 - (total % 11 or 11) != int(number[12]):
        raise exceptions.InvalidChecksum
    return number


# Series of Ukrainian passports are Cyrillic and often typed with the Latin letters that look the same.
_CYRILLIC = str.maketrans("ABCEHIKMOPTX", "АВСЕНІКМОРТХ")
_UA_PASSPORT = re.compile(r"[А-ЩЬЮЯҐЄІЇ]{2}[0-9]{6}\Z|[0-9]{9}\Z")


def _rnokpp(text: str) -> str:
    """RNOKPP; persons who refused one for their belief are registered by their passport in its place: series
    and number of the old book (two letters, six digits) or the nine digits of an ID card.
    """
    plain = re.sub(r"[\s-]", "", text).upper().translate(_CYRILLIC)
    return plain if _UA_PASSPORT.match(plain) else str(rntrc.validate(plain))


def _unzr(text: str) -> str:
    """UNZR: birth date and five digits, YYYYMMDD-NNNNN; no rule of a check digit is published, so none is checked."""
    number = re.sub(r"[\s-]", "", text)
    if not (number.isascii() and number.isdigit()):
        raise exceptions.InvalidFormat
    if len(number) != 13:
        raise exceptions.InvalidLength
    try:
        date(int(number[:4]), int(number[4:6]), int(number[6:8]))
    except ValueError as error:
        raise exceptions.InvalidComponent from error
    return number


def _digits(length: int) -> Callable[[str], str]:
    """Numbers of registers that publish no rule of a check digit: their length is tested, and nothing else."""

    def normalise_digits(text: str) -> str:
        number = re.sub(r"\s", "", text)
        if not (number.isascii() and number.isdigit()):
            raise exceptions.InvalidFormat
        if len(number) != length:
            raise exceptions.InvalidLength
        return number

    return normalise_digits


_CADASTRAL = re.compile(r"[0-9]{10}:[0-9]{2}:[0-9]{3}:[0-9]{4}", re.ASCII)


def _cadastral(text: str) -> str:
    """Кадастровий номер: unit of the land register (10 digits), zone, quarter, parcel; kept with its colons
    (Порядок ведення Державного земельного кадастру, resolution 1051 of 2012 of the government).
    """
    number = re.sub(r"\s", "", text)
    if not _CADASTRAL.fullmatch(number):
        raise exceptions.InvalidFormat
    return number


def _dic(text: str) -> str:
    """DIČ: kept with its country code, CZ and 8 to 10 digits."""
    return f"CZ{dic.validate(text)}"


NATIONAL: Mapping[str, Scheme] = {
    "hr.oib": Scheme("Osobni identifikacijski broj, 11 digits", oib.validate),
    "cz.birth_number": Scheme(
        "Rodné číslo, 9 or 10 digits",
        rc.validate,
        tells_birth_date=True,
        number_loses_zeros=True,
        separated=lambda number: f"{number[:6]}/{number[6:]}",
    ),
    "hr.mbs": Scheme("Matični broj subjekta upisa, 9 digits", _digits(9)),
    "cz.dic": Scheme("Daňové identifikační číslo, CZ and 8 to 10 digits", _dic, tells_birth_date=True),
    "cz.ico": Scheme("Identifikační číslo osoby, 8 digits", _ico),
    "ua.rnokpp": Scheme(
        "РНОКПП, 10 digits, or a passport in its place",
        _rnokpp,
        tells_birth_date=True,
        number_loses_zeros=True,
    ),
    "ua.unzr": Scheme(
        "УНЗР, 13 digits", _unzr, tells_birth_date=True, separated=lambda number: f"{number[:8]}-{number[8:]}"
    ),
    "ua.edrpou": Scheme("Код ЄДРПОУ, 8 digits", edrpou.validate),
    "ua.cadastral_number": Scheme("Кадастровий номер земельної ділянки, `3221881300:02:003:0001`", _cadastral),
    "ro.cnp": Scheme("Cod numeric personal, 13 digits", cnp.validate, tells_birth_date=True),
    "ro.cui": Scheme("Cod unic de înregistrare, 2 to 10 digits", cui.validate),
    "ro.onrc": Scheme("Număr de ordine în registrul comerțului, `J52/750/2012`", onrc.validate),
    "rs.jmbg": Scheme("Jedinstveni matični broj građana, 13 digits", _jmbg, tells_birth_date=True),
    "rs.pib": Scheme("Poreski identifikacioni broj, 9 digits", pib.validate),
    "rs.mb": Scheme("Matični broj pravnog lica, 8 digits", _digits(8)),
}
