"""What every national scheme checks of a transfer order before it is written, and when it is read back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from stdnum import bic, iban

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import TransferOrder
from hub.ports.bank_transfer import CannotExpress

# Control characters, line and paragraph separators, and halves of surrogate pairs: no scheme has room for them.
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def one_line(text: str) -> str:
    """`text` composed (NFC), with line breaks and other control characters as one space, its ends trimmed."""
    return unicodedata.normalize("NFC", _NOT_TEXT.sub(" ", text)).strip()


def shorten(text: str, limit: int) -> str:
    """The first `limit` characters of `one_line(text)`, without a space at the end."""
    return one_line(text)[:limit].rstrip()


def as_text(payload: str | bytes, error: type[ValueError]) -> str:
    """A payload of a scheme that is always in UTF-8; raises `error` for other bytes."""
    if isinstance(payload, str):
        return payload
    try:
        return payload.decode()
    except UnicodeDecodeError as wrong:
        raise error("the bytes are not UTF-8") from wrong


def checked_account(text: str, error: type[ValueError]) -> str:
    """The IBAN without spaces; raises `error` where its country, structure or check digits (ISO 13616) are wrong."""
    # The library reads digits of other scripts as digits; no bank does.
    if not text.isascii() or not iban.is_valid(text):
        raise error("the account is not a valid IBAN")
    return str(iban.compact(text))


def checked_bic(text: str, error: type[ValueError]) -> str:
    """The BIC (ISO 9362, 8 or 11 characters), or an empty string for none; raises `error` otherwise."""
    if text and not (text.isascii() and bic.is_valid(text)):
        raise error("the BIC is not valid")
    return str(bic.compact(text))


def checked_purpose(text: str, error: type[ValueError]) -> str:
    """An ISO 20022 external purpose code (four capital letters) or an empty string; raises `error` otherwise."""
    if text and not re.fullmatch("[A-Z]{4}", text):
        raise error("the purpose is not an ISO 20022 code of four letters")
    return text


def payable(order: TransferOrder, *, largest: Decimal) -> Money | None:
    """The order's amount where the scheme can write it: in the order's currency, above zero, at most `largest`.

    None where the payer fills the amount in. Raises CannotExpress.
    """
    if order.amount is None:
        return None
    if order.amount.currency != order.currency:
        raise CannotExpress(f"the amount is in {order.amount.currency}, the transfer in {order.currency}")
    if not 0 < order.amount.to_decimal() <= largest:
        raise CannotExpress(f"the amount must be above zero and at most {largest}")
    return order.amount


def first_of_scheme(references: Iterable[Reference]) -> dict[str, str]:
    """The first value of each scheme: references come in the order of importance."""
    first: dict[str, str] = {}
    for reference in references:
        first.setdefault(reference.scheme, reference.value)
    return first
