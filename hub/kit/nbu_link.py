"""The link in a Ukrainian payment QR code: start code, then fields joined by LF as base64url without padding.

Source: Правління Національного банку України, resolution No. 97 of 19.08.2025, appendix 3 (format 002) and appendix 4
(format 003), read through skules777/nbu-qr-code-kotlin (docs/NBU-COMPLIANCE.md, its tests of the official examples),
ihor-drachuk/nbu_payment_qr and opencartbot/nbu-qr-v3.

The characters are those of Windows-1251 between 32 and 255 without 127, 152 and 160, in UTF-8 too. So everything can
be written in Windows-1251, as the official examples are, in half the bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from stdnum import iban

from hub.kernel.money import Money
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit.transfer_fields import one_line

START = {"002": "https://bank.gov.ua/qr/", "003": "https://qr.bank.gov.ua/"}
"""The National Bank's start codes; a bank may have its own for links that open its application."""
LONGEST = 475
"""Characters of base64url; with the longest start code 507 bytes of QR data."""
LARGEST = Decimal("999999999.99")

_CHARSETS = {"1": "utf-8", "2": "cp1251"}
_LINES = {"002": 14, "003": 17}
_LINK = re.compile(r"https://[A-Za-z0-9.-]{1,80}(?:/[A-Za-z0-9._-]{1,40}){0,6}/([A-Za-z0-9_-]+)={0,2}", re.ASCII)
_AMOUNT = re.compile(r"UAH([0-9]{1,9})(?:\.([0-9]{2}))?", re.ASCII)
_REPLACED = str.maketrans({"ʼ": "’", "‑": "-", "−": "-", "\N{NO-BREAK SPACE}": " ", "\x98": " "})


class NotALink(ValueError):
    """The text is not such a link; the message says where it departs."""


def pack(fields: Sequence[str]) -> str:
    """The link of the fields: `BCD`, version, character set (`1` UTF-8, `2` Windows-1251) and the rest of its version.

    Raises UnicodeEncodeError where a field has a letter outside the character set; see `plain`.
    """
    content = "\n".join(fields).encode(_CHARSETS[fields[2]])
    return START[fields[1]] + base64.urlsafe_b64encode(content).decode().rstrip("=")


def unpack(link: str) -> list[str]:
    """The fields of a link with any start code, LF or CRLF between them, as many as their version has.

    Raises NotALink.
    """
    found = _LINK.fullmatch(link.strip())
    if not found:
        raise NotALink("a Ukrainian payment code is an https link that ends in base64url")
    try:
        content = base64.b64decode(found[1] + "=" * (-len(found[1]) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise NotALink("what ends the link is not base64url") from error
    head = re.split(rb"\r?\n", content, maxsplit=3)
    version = head[1].decode("ascii", "replace") if len(head) == 4 else ""
    if head[0] != b"BCD" or version not in _LINES:
        raise NotALink("the content does not start with BCD and version 002 or 003")
    charset = _CHARSETS.get(head[2].decode("ascii", "replace"))
    if charset is None:
        raise NotALink("the third field is not character set 1 (UTF-8) or 2 (Windows-1251)")
    try:
        fields = re.split(r"\r?\n", content.decode(charset))
    except UnicodeDecodeError as error:
        raise NotALink(f"the content is not in {charset}, as it says") from error
    if len(fields) > _LINES[version]:
        raise NotALink(f"version {version} has {_LINES[version]} fields")
    return [one_line(field) for field in fields] + [""] * (_LINES[version] - len(fields))


def plain(text: str, limit: int) -> str:
    """One line of at most `limit` characters that Windows-1251 has; accents it lacks are dropped (č → c)."""
    kept: list[str] = []
    for letter in one_line(text).translate(_REPLACED):
        if _is_1251(letter):
            kept.append(letter)
        else:
            kept += (part for part in unicodedata.normalize("NFKD", letter) if _is_1251(part))
    return "".join(kept)[:limit].strip()


def message(text: str, reference: str, limit: int) -> str:
    """The text of a payment with the reference in front, where the text does not have it, cut at `limit`."""
    whole = plain(text, len(text) * 4)
    return plain(whole if reference in whole else f"{reference} {whole}", max(limit, 0))


def _is_1251(letter: str) -> bool:
    try:
        return letter.encode("cp1251")[0] >= 32 and letter != "\x7f"
    except UnicodeEncodeError:
        return False


def amount_text(amount: Money | None) -> str:
    """`UAH100`, `UAH100.50`: both digits of the kopecks or none. Empty where the payer fills it in."""
    if amount is None:
        return ""
    whole, kopecks = divmod(amount.minor, 100)
    return f"UAH{whole}.{kopecks:02}" if kopecks else f"UAH{whole}"


def read_order(fields: Sequence[str]) -> TransferOrder:
    """What both versions have at the same place: payee, account, amount and the payee's number.

    Raises NotALink for a function other than UCT, ICT and XCT, an account that is not Ukrainian, and an amount that
    breaks its form.
    """
    function, name, account, amount, identifier = fields[3], fields[5], fields[6], fields[7], fields[8]
    if function not in ({"UCT"} if fields[1] == "002" else {"UCT", "ICT", "XCT"}):
        raise NotALink("the fourth field does not ask for a credit transfer")
    if not (account.isascii() and account.startswith("UA") and iban.is_valid(account)):
        raise NotALink("the account is not a valid Ukrainian IBAN")
    parts = _AMOUNT.fullmatch(amount)
    if amount and not parts:
        raise NotALink("the amount is not written UAH100 or UAH100.50")
    minor = int(parts[1]) * 100 + int(parts[2] or 0) if parts else 0
    return TransferOrder(
        payee=PostalName(name),
        account=str(iban.compact(account)),
        amount=Money(minor, "UAH") if minor else None,
        currency="UAH",
        payee_identifier=identifier,
    )
