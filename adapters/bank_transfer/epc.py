"""EPC069-12, the QR code of the SEPA credit transfer ("GiroCode"): up to twelve lines of text.

Source: European Payments Council, EPC069-12 "Quick Response Code: Guidelines to enable data capture for
the initiation of a SEPA credit transfer" 2.1, read through segno (its tests quote examples 1 and 2 of
the guidelines) and other published generators.

The one form written here
- Version 002, character set 1 (UTF-8), lines joined by LF, empty lines at the end left out.
- The amount with two decimals, `EUR12.30`; other generators drop the zeros, readers take both.
- An ISO 11649 reference goes into the line for structured references. That line and the one for free
  text exclude each other, so the message is then left out.
- Without it the free text carries the national reference, then the message: `HR01 123-456-789 Text`
  in Croatia, `/VS/1234567890/SS/12/KS/0308 Text` for Czech symbols (the form qr-platba.cz gives for SEPA
  payments), the value itself for a reference of the scheme `text`.
- The name is cut at 70 characters, the message so that the free text keeps 140 characters and the whole
  331 bytes. A reference is never cut. 331 bytes are what a QR code of version 13 holds at level M.

Not carried: addresses, the payer, the due date, references of other schemes.
"""

from __future__ import annotations

import re
from decimal import Decimal

from stdnum import iso11649

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit import hr_reference
from hub.kit.transfer_fields import (
    checked_account,
    checked_bic,
    checked_purpose,
    first_of_scheme,
    one_line,
    payable,
    shorten,
)
from hub.ports.bank_transfer import Button, CannotExpress, Symbol, UnreadablePayload

_LARGEST = Decimal("999999999.99")
_NAME, _TEXT, _BYTES = 70, 140, 331

_CHARSETS = {
    "1": "utf-8",
    "2": "iso8859-1",
    "3": "iso8859-2",
    "4": "iso8859-4",
    "5": "iso8859-5",
    "6": "iso8859-7",
    "7": "iso8859-10",
    "8": "iso8859-15",
}
_CZECH = {"VS": "cz.variable_symbol", "SS": "cz.specific_symbol", "KS": "cz.constant_symbol"}

_AMOUNT = re.compile(r"EUR([0-9]{1,9}(?:\.[0-9]{1,2})?)", re.ASCII)
_CROATIAN_TEXT = re.compile(r"(HR[0-9]{2} [0-9][0-9-]{0,21})(?: (.*))?", re.ASCII)
_CZECH_TEXT = re.compile(r"((?:/(?:VS|SS|KS)/[0-9]{1,10})+)(?: (.*))?", re.ASCII)
_SYMBOL = re.compile(r"/(VS|SS|KS)/([0-9]+)", re.ASCII)


class Epc:
    """The scheme `epc`."""

    id = "epc"
    name = "EPC QR (SEPA)"
    symbol = Symbol("qr", "M", binary=True, max_version=13)
    button: Button | None = None
    begins = "BCD"

    def encode(self, order: TransferOrder) -> str:
        """Raises CannotExpress for another currency than the euro, an account, BIC, purpose or reference that
        is not valid, an amount outside 0.01 to 999999999.99, a payee without a name, and what is over 331 bytes.
        """
        if order.currency != "EUR":
            raise CannotExpress(f"an EPC code is in euro, the transfer in {order.currency}")
        name = shorten(order.payee.name, _NAME)
        if not name:
            raise CannotExpress("the payee has no name")
        amount = payable(order, largest=_LARGEST)
        head = (
            "BCD",
            "002",
            "1",
            "SCT",
            checked_bic(order.bic, CannotExpress),
            name,
            checked_account(order.account, CannotExpress),
            f"EUR{amount.to_decimal():.2f}" if amount else "",
            checked_purpose(order.purpose, CannotExpress),
        )
        references = first_of_scheme(order.references)
        if "iso11649" in references:
            return _joined(*head, _creditor_reference(references["iso11649"]))
        reference = _national_reference(references)
        message = shorten(order.message, _TEXT)
        # The message gives way, character by character, until everything fits; the reference does not.
        while True:
            text = f"{reference} {message}".strip()
            payload = _joined(*head, "", text)
            if len(text) <= _TEXT and len(payload.encode()) <= _BYTES:
                return payload
            if not message:
                raise CannotExpress(f"the transfer does not fit {_BYTES} bytes and {_TEXT} characters of text")
            message = message[:-1].rstrip()

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Reads versions 001 and 002, LF or CRLF; bytes in any of the eight character sets.

        A structured reference that is not ISO 11649 (seen in Belgium) is kept as a reference of no scheme.
        Raises UnreadablePayload for another header, too few or too many lines, both kinds of remittance
        information, and values that break their form.
        """
        lines = [one_line(line) for line in re.split(r"\r?\n", _decoded(payload).rstrip())]
        if not 7 <= len(lines) <= 12:
            raise UnreadablePayload("an EPC code has seven to twelve lines")
        lines += [""] * (12 - len(lines))
        service, version, charset, identification, bic, name, account, amount, purpose, structured, text, _ = lines
        if (service, identification) != ("BCD", "SCT") or version not in {"001", "002"} or charset not in _CHARSETS:
            raise UnreadablePayload("an EPC code starts with BCD, 001 or 002, a character set from 1 to 8, SCT")
        if not name:
            raise UnreadablePayload("the payee has no name")
        if structured and text:
            raise UnreadablePayload("a structured reference and a free text exclude each other")
        references, message = _read_text(text)
        if structured:
            references = (_structured_reference(structured),)
        return TransferOrder(
            payee=PostalName(name),
            account=checked_account(account, UnreadablePayload),
            amount=_read_amount(amount) if amount else None,
            currency="EUR",
            references=references,
            message=message,
            bic=checked_bic(bic, UnreadablePayload),
            purpose=checked_purpose(purpose, UnreadablePayload),
        )


SCHEME = Epc()


def _joined(*lines: str) -> str:
    return "\n".join(lines).rstrip("\n")


def _is_creditor_reference(value: str) -> bool:
    return value.isascii() and bool(iso11649.is_valid(value))


def _creditor_reference(value: str) -> str:
    if not _is_creditor_reference(value):
        raise CannotExpress("the reference is not a valid ISO 11649 creditor reference")
    return str(iso11649.compact(value))


def _structured_reference(value: str) -> Reference:
    if _is_creditor_reference(value):
        return Reference("iso11649", str(iso11649.compact(value)))
    return Reference("text", value)


def _national_reference(references: dict[str, str]) -> str:
    """The reference as the payee's bank or clerk recognises it in free text; empty where there is none."""
    if "hr.poziv_na_broj" in references:
        try:
            model, number = hr_reference.split(references["hr.poziv_na_broj"])
        except ValueError as error:
            raise CannotExpress(str(error)) from error
        return f"{model} {number}" if number else ""
    symbols = [(tag, references[scheme]) for tag, scheme in _CZECH.items() if scheme in references]
    if not all(value.isascii() and value.isdigit() and len(value) <= 10 for _, value in symbols):
        raise CannotExpress("a Czech symbol must be at most 10 digits")
    return "".join(f"/{tag}/{value}" for tag, value in symbols) or one_line(references.get("text", ""))


def _decoded(payload: str | bytes) -> str:
    if isinstance(payload, str):
        return payload
    lines = payload.split(b"\n", 3)
    charset = lines[2].strip().decode("ascii", "replace") if len(lines) > 2 else ""
    try:
        return payload.decode(_CHARSETS[charset])
    except KeyError as error:
        raise UnreadablePayload("the third line is not a character set from 1 to 8") from error
    except UnicodeDecodeError as error:
        raise UnreadablePayload(f"the bytes are not in character set {charset}") from error


def _read_amount(text: str) -> Money:
    parts = _AMOUNT.fullmatch(text)
    amount = Money.parse(parts[1], "EUR") if parts else None
    if amount is None or amount.minor == 0:
        raise UnreadablePayload("the amount is not EUR and 0.01 to 999999999.99 with a decimal point")
    return amount


def _read_text(text: str) -> tuple[tuple[Reference, ...], str]:
    if croatian := _CROATIAN_TEXT.fullmatch(text):
        return (Reference("hr.poziv_na_broj", croatian[1]),), croatian[2] or ""
    if czech := _CZECH_TEXT.fullmatch(text):
        references = tuple(Reference(_CZECH[tag], value) for tag, value in _SYMBOL.findall(czech[1]))
        return references, czech[2] or ""
    return (), text
