"""Serbian account numbers: bank (3 digits), account (13) and check digits (2), `840-743324843-18`.

Source: NBS, IPS QR specification (tag R), read through the public validators that quote it (ArtBIT/ips-qr-code,
lib/utils.test.js): the last two digits are 98 minus (the first sixteen x 100 mod 97), ISO 7064 MOD 97-10. The Serbian
IBAN is `RS35` and the same eighteen digits: since they pass the check themselves, its own digits are always 35.
"""

from __future__ import annotations

import re

from stdnum import iban

_PARTS = re.compile(r"([0-9]{3})-([0-9]{1,13})-([0-9]{2})", re.ASCII)
_WHOLE = re.compile(r"[0-9]{18}", re.ASCII)


def digits(account: str) -> str:
    """The eighteen digits of `265-1234-88` or of eighteen digits. Raises ValueError with the reason."""
    plain = "".join(account.split())
    parts = _PARTS.fullmatch(plain)
    whole = f"{parts[1]}{parts[2]:0>13}{parts[3]}" if parts else plain
    if not _WHOLE.fullmatch(whole):
        raise ValueError("a Serbian account is written bank-account-check, such as 840-743324843-18, or in 18 digits")
    if int(whole) % 97 != 1:
        raise ValueError("the account does not pass its check digits (ISO 7064 MOD 97-10)")
    return whole


def iban_of(account: str) -> str:
    """`840-743324843-18` → `RS35840000074332484318`. Raises ValueError with the reason."""
    return f"RS35{digits(account)}"


def local_account(account: str) -> str | None:
    """`RS35840000074332484318` → `840-743324843-18`; None for anything but a valid Serbian IBAN."""
    if not (account.startswith("RS") and account.isascii() and iban.is_valid(account)):
        return None
    return f"{account[4:7]}-{account[7:20].lstrip('0') or '0'}-{account[20:]}"
