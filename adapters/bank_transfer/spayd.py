"""SPAYD, the text of the Czech "QR Platba": `SPD*1.0*ACC:CZ65…*AM:430.00*CC:CZK*X-VS:31030001`.

Source: Česká bankovní asociace, "Formát pro sdílení platebních údajů v rámci tuzemského platebního styku
v CZK prostřednictvím QR kódů" 1.2 (in force since 2022-01-01), as published on qr-platba.cz ("Specifikace
formátu") and as implemented by spayd-java, spayd-kotlin, rspayd and QRPlatba.

The one form written here
- Attributes sorted by key, the order in which the norm computes its checksum; no star after the last one.
- `AM` always with two decimals, `CC` always present.
- Texts (`RN` 35, `MSG` 60 characters) as the town wrote them; longer ones are cut. `%`, `*`, `+` and
  everything outside ASCII are percent-encoded UTF-8 with capital hexadecimal digits, which is the norm's
  own way to carry Czech letters. They are neither capitalised nor stripped of diacritics: banks are known
  to refuse unescaped letters, not escaped ones, and what the citizen sees is what the office wrote.
- `RF` (digits only, up to 16) is the norm's own reference of the payee, scheme `cz.payee_reference`; an
  ISO 11649 reference has no place in this format.
- No `CRC32`: it is optional and two dialects of it are published, without the star at the end (rspayd,
  qr-platba.cz) and with it (spayd-kotlin). The reader accepts both and refuses any other value.
- `DT` is the day on which the payer's bank executes the payment. Who draws a code for a debt that is
  overdue, or that should be paid at once, leaves `due_on` empty.

Not carried: the payee's address, the payer, the purpose code, references of other schemes.
Read and not kept: further accounts (`ALT-ACC`, checked), payment type (`PT`), standing orders,
notifications and private `X-` attributes.
"""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote, unquote

from hub.kernel.money import Money, NotExact, minor_units
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit.transfer_fields import (
    as_text,
    checked_account,
    checked_bic,
    first_of_scheme,
    one_line,
    payable,
    shorten,
)
from hub.ports.bank_transfer import Button, CannotExpress, Symbol, UnreadablePayload

_LARGEST = Decimal("9999999.99")
_NAME, _MESSAGE = 35, 60

# Which attribute carries which reference, and how many digits it has room for (norm, table 1).
_REFERENCES = {
    "RF": ("cz.payee_reference", 16),
    "X-KS": ("cz.constant_symbol", 10),
    "X-SS": ("cz.specific_symbol", 10),
    "X-VS": ("cz.variable_symbol", 10),
}
_KNOWN = frozenset({"ACC", "ALT-ACC", "AM", "CC", "CRC32", "DH", "DL", "DT", "FRQ", "MSG", "NT", "NTA", "PT", "RN"})
# Printable ASCII that stands for itself in a value, apart from letters and digits.
_PLAIN = " !\"#$&'(),-./:;<=>?@[\\]^_`{|}~"

_HEADER = re.compile(r"SPD\*1\.[0-9]\*", re.ASCII)
_PRIVATE_KEY = re.compile(r"X-[A-Z-]+")
_AMOUNT = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_CHECKSUM = re.compile(r"[0-9A-Fa-f]{1,8}", re.ASCII)


class Spayd:
    """The scheme `spayd`."""

    id = "spayd"
    name = "QR Platba"
    symbol = Symbol("qr", "M")
    button = Button(media_type="application/x-shortpaymentdescriptor", ending="spayd")
    begins = "SPD*"

    def encode(self, order: TransferOrder) -> str:
        """Raises CannotExpress for an account or BIC that is not valid, an amount that is not 0.01 to
        9999999.99, a currency with other than two decimals, and symbols that are not digits or too long.
        """
        account, bic = checked_account(order.account, CannotExpress), checked_bic(order.bic, CannotExpress)
        attributes = {"ACC": f"{account}+{bic}" if bic else account, "CC": _currency(order.currency)}
        if amount := payable(order, largest=_LARGEST):
            attributes["AM"] = f"{amount.to_decimal():.2f}"
        if order.due_on:
            attributes["DT"] = order.due_on.isoformat().replace("-", "")
        if message := shorten(order.message, _MESSAGE):
            attributes["MSG"] = quote(message, safe=_PLAIN)
        if name := shorten(order.payee.name, _NAME):
            attributes["RN"] = quote(name, safe=_PLAIN)
        references = first_of_scheme(order.references)
        for key, (scheme, digits) in _REFERENCES.items():
            if scheme in references:
                attributes[key] = _digits(references[scheme], digits, scheme, CannotExpress)
        return "*".join(["SPD*1.0", *(f"{key}:{value}" for key, value in sorted(attributes.items()))])

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Raises UnreadablePayload for another header, a broken or repeated attribute, a wrong checksum and
        values that break their rule. A message or name that is too long is kept as it is.
        """
        text = as_text(payload, UnreadablePayload)
        raw = _attributes(text)
        if "CRC32" in raw:
            _check_sum(text, raw["CRC32"])
        values = {key: _unescape(key, value) for key, value in raw.items() if value}
        for other in filter(None, values.get("ALT-ACC", "").split(",")):
            _account(other)
        account, bic = _account(values.get("ACC", ""))
        if len(values.get("PT", "")) > 3:
            raise UnreadablePayload("PT has more than 3 characters")
        currency = values.get("CC", "CZK")
        if not _CURRENCY.fullmatch(currency):
            raise UnreadablePayload("CC is not a currency code of three capital letters")
        return TransferOrder(
            payee=PostalName(one_line(values.get("RN", ""))),
            account=account,
            amount=_amount(values["AM"], currency) if "AM" in values else None,
            currency=currency,
            references=tuple(
                Reference(scheme, _digits(values[key], digits, key, UnreadablePayload))
                for key, (scheme, digits) in sorted(_REFERENCES.items(), reverse=True)
                if key in values
            ),
            message=one_line(values.get("MSG", "")),
            due_on=_day(values["DT"]) if "DT" in values else None,
            bic=bic,
        )


SCHEME = Spayd()


def _currency(currency: str) -> str:
    try:
        decimals = minor_units(currency)
    except NotExact as error:
        raise CannotExpress("the currency is not an ISO 4217 code") from error
    if decimals != 2:
        raise CannotExpress(f"SPAYD has two decimals, {currency} has {decimals}")
    return currency


def _digits(value: str, longest: int, name: str, error: type[ValueError]) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= longest):
        raise error(f"{name} must be at most {longest} digits")
    return value


def _attributes(payload: str) -> dict[str, str]:
    """The attributes as written, still escaped; private ones that may repeat keep their first value."""
    text = payload.rstrip("\r\n")
    header = _HEADER.match(text)
    if not header:
        raise UnreadablePayload("a SPAYD starts with SPD*1.0*")
    attributes: dict[str, str] = {}
    for pair in text[header.end() :].removesuffix("*").split("*"):
        key, colon, value = pair.partition(":")
        if not colon:
            raise UnreadablePayload("an attribute is written KEY:value and ends with one star")
        if key in _KNOWN or key in _REFERENCES:
            if key in attributes:
                raise UnreadablePayload(f"{key} is given twice")
        elif not _PRIVATE_KEY.fullmatch(key):
            raise UnreadablePayload("there is a key that is neither of the norm nor private (X-…)")
        attributes.setdefault(key, value)
    return attributes


def _check_sum(payload: str, given: str) -> None:
    header, version, *pairs = payload.rstrip("\r\n").removesuffix("*").split("*")
    # Sorted by key, then value; the key ends at the colon, which sorts after the dash of a longer key.
    kept = sorted(tuple(pair.split(":", 1)) for pair in pairs if not pair.startswith("CRC32:"))
    canonical = "*".join([header, version, *(":".join(pair) for pair in kept)])
    sums = {zlib.crc32(text.encode()) for text in (canonical, f"{canonical}*")}
    if not _CHECKSUM.fullmatch(given) or int(given, 16) not in sums:
        raise UnreadablePayload("CRC32 does not fit the text")


def _unescape(key: str, value: str) -> str:
    """Percent-encoded UTF-8 in capital or small hexadecimal; a lone percent sign stands for itself."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise UnreadablePayload(f"{key} is not percent-encoded UTF-8") from error


def _account(value: str) -> tuple[str, str]:
    account, _, bic = value.partition("+")
    return checked_account(account, UnreadablePayload), checked_bic(bic, UnreadablePayload)


def _amount(value: str, currency: str) -> Money | None:
    """None for zero: nobody asks for nothing, the payer fills it in."""
    if not _AMOUNT.fullmatch(value):
        raise UnreadablePayload("AM is not an amount with a decimal point and at most two decimals")
    try:
        amount = Money.parse(value, currency)
    except NotExact as error:
        raise UnreadablePayload(f"AM has more decimals than {currency}") from error
    return amount if amount.minor else None


def _day(value: str) -> date:
    try:
        if _DAY.fullmatch(value):
            return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 a day has no time zone
    except ValueError:
        pass
    raise UnreadablePayload("DT is not a day written YYYYMMDD")
