"""HUB 3A, the barcode of the Croatian payment slip: fourteen lines of text in a PDF417 symbol.

Source: Hrvatska udruga banaka, "Uputa o upotrebi PDF417 2D bar koda", annex A "Format zapisa 2D barkoda
prema HUB-3 standardu", version 6 (September 2022, for slips in euro from 2023-01-01), read through
public notes that quote it beside eight real invoices, and through published generators
(Bikonja/generator-barkoda-uplatnica, pkoretic/pdf417-generator, hrvach/uplatnica, monorkin/croatia).

The one form written here
- Fourteen fields, a line feed after every one of them, also after the last.
- Lengths count characters: payer 30, 27, 27; payee 25, 25, 27; account 21; model 4; number 22;
  purpose 4; description 35. Longer texts are cut, as the norm says; an account or a reference is never cut.
- Without a reference the model is `HR99` and the number is empty.
- Texts keep Croatian letters (UTF-8), as the norm's own sample does. Allowed are digits, the Croatian
  alphabet with Q W X Y, space and `, . : - + ? ' / ( )`. What is not allowed is replaced (`REPLACED`:
  quotation marks, dashes, `&`, `;`), stripped of its accent (é → e), or becomes a space; spaces are
  not repeated.

The check digits of a reference are not asked here but where the reference comes in
(hub.kit.hr_reference.validate): the sample HUB itself printed does not pass them.

Not carried: the due date, the BIC, references of other schemes. Codes in kuna (before 2023) are read.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit import hr_reference
from hub.kit.transfer_fields import as_text, checked_account, checked_purpose, first_of_scheme, one_line, payable
from hub.ports.bank_transfer import Button, CannotExpress, Symbol, UnreadablePayload

_LARGEST = Decimal("9999999999999.99")  # fifteen digits of cents
_LETTERS = "abcčćdđefghijklmnopqrsštuvwxyzž"
_ALLOWED = frozenset(f"0123456789{_LETTERS}{_LETTERS.upper()} ,.:-+?'/()")

REPLACED = str.maketrans(
    {
        **dict.fromkeys('"`´‘’‚‛“”„«»‹›', "'"),
        **dict.fromkeys("‐‑‒–—―−_=", "-"),
        **dict.fromkeys("[{<", "("),
        **dict.fromkeys("]}>", ")"),
        "&": "+",
        ";": ",",
        "!": ".",
        "…": "...",
        "€": "EUR",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
    }
)
"""Characters the slip does not allow and what is written for them."""

_AMOUNT = re.compile(r"[0-9]{1,15}", re.ASCII)


class Hub3:
    """The scheme `hub3`."""

    id = "hub3"
    name = "HUB 3A"
    # Nine data columns, level 4, rows three modules high: the norm's symbol of at most 58 x 26 mm.
    symbol = Symbol("pdf417", "4", columns=9, binary=True)
    button: Button | None = None
    begins = "HRVHUB30"

    def encode(self, order: TransferOrder) -> str:
        """Raises CannotExpress for another currency than the euro, an account that is not Croatian, an
        amount outside fifteen digits of cents, a purpose or reference that breaks its form, and a payee
        without a name.
        """
        if order.currency != "EUR":
            raise CannotExpress(f"HUB 3A is in euro, the transfer in {order.currency}")
        account = checked_account(order.account, CannotExpress)
        if not account.startswith("HR"):
            raise CannotExpress("HUB 3A describes Croatian accounts only")
        amount = payable(order, largest=_LARGEST)
        payee, payer = order.payee, order.payer or PostalName("")
        name = _text(payee.name, 25)
        if not name:
            raise CannotExpress("the payee has no name that the slip can show")
        fields = (
            "HRVHUB30",
            "EUR",
            f"{amount.minor if amount else 0:015}",
            _text(payer.name, 30),
            _text(payer.street, 27),
            _text(payer.place, 27),
            name,
            _text(payee.street, 25),
            _text(payee.place, 27),
            account,
            *_reference(order),
            checked_purpose(order.purpose, CannotExpress),
            _text(order.message, 35),
        )
        return "".join(f"{field}\n" for field in fields)

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Reads LF or CRLF, with or without one at the end, texts that are too long, spaces around them.

        Raises UnreadablePayload for another header or number of fields, another currency, and amounts,
        accounts and references that break their form.
        """
        fields = [one_line(field) for field in re.split(r"\r?\n", as_text(payload, UnreadablePayload).rstrip())]
        # Empty fields at the end fall away with the line ends after them.
        fields += [""] * (14 - len(fields)) if len(fields) >= 10 else []
        if fields[0] != "HRVHUB30" or len(fields) != 14:
            raise UnreadablePayload("a HUB 3A code has fourteen fields and starts with HRVHUB30")
        _, currency, amount, *parties, account, model, number, purpose, message = fields
        if currency not in {"EUR", "HRK"}:
            raise UnreadablePayload("the currency is neither EUR nor HRK")
        if not _AMOUNT.fullmatch(amount):
            raise UnreadablePayload("the amount is not written as up to fifteen digits of cents")
        payer = PostalName(*parties[:3])
        return TransferOrder(
            payee=PostalName(*parties[3:]),
            account=checked_account(account, UnreadablePayload),
            amount=Money(int(amount), currency) if int(amount) else None,
            currency=currency,
            references=_read_reference(model.upper(), number),
            message=message,
            purpose=checked_purpose(purpose.upper(), UnreadablePayload),
            payer=payer if any(parties[:3]) else None,
        )


SCHEME = Hub3()


def _text(text: str, limit: int) -> str:
    """`text` with the allowed characters only, at most `limit` of them."""
    letters: list[str] = []
    for letter in one_line(text).translate(REPLACED):
        plain = letter if letter in _ALLOWED else unicodedata.normalize("NFKD", letter)
        letters += (part for part in plain if not unicodedata.combining(part))
    allowed = "".join(letter if letter in _ALLOWED else " " for letter in letters)
    return " ".join(allowed.split())[:limit].rstrip()


def _reference(order: TransferOrder) -> tuple[str, str]:
    value = first_of_scheme(order.references).get("hr.poziv_na_broj", "HR99")
    try:
        return hr_reference.split(value)
    except ValueError as error:
        raise CannotExpress(str(error)) from error


def _read_reference(model: str, number: str) -> tuple[Reference, ...]:
    """A number without a model that allows one is kept as a reference of no scheme."""
    if not number:
        return ()
    if model in {"", "HR99"}:
        return (Reference("text", number),)
    try:
        return (Reference("hr.poziv_na_broj", " ".join(hr_reference.split(f"{model} {number}"))),)
    except ValueError as error:
        raise UnreadablePayload(str(error)) from error
