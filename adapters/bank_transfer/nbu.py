"""The Ukrainian payment QR code, format 003: a link that banking apps open, `https://qr.bank.gov.ua/QkNECjAwMwo…`.

Source: Національний банк України, resolution No. 97 of 19.08.2025 (in force since 2025-11-01), appendices 1 and 4; see
hub.kit.nbu_link for what was read of it. Format 002 is the scheme `nbu_002`.

The one form written here
- Windows-1251, function `UCT`, seventeen fields, the empty ones at the end too.
- The payee's number (EDRPOU, RNOKPP) is asked by the format; so is a purpose, `OTHR/GOVT`, `OTHR/OTHR` without one.
- A statement shows the purpose of payment and nothing else that the payer's bank was told. So a reference of the
  scheme `text` stands in its field, and in front of the message where the message does not have it.
- Everything but the amount is locked (`FEFF`): a payer may pay a part, and not to somebody else.
- Name 140 and message 420 characters; the message is cut until the link keeps 475 characters after its start.

Not carried: addresses, the payer, the due date, references of other schemes. Read and not kept: display text, lock
mask, validity, signature.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hub.kernel.references import Reference
from hub.kernel.transfer import TransferOrder
from hub.kit import nbu_link
from hub.kit.transfer_fields import as_text, checked_account, checked_purpose, first_of_scheme, payable
from hub.ports.bank_transfer import Button, CannotExpress, Symbol, UnreadablePayload

_NAME, _REFERENCE, _MESSAGE = 140, 35, 420
_LOCKED_BUT_THE_AMOUNT = "FEFF"
_IDENTIFIER = re.compile(r"[0-9A-ZА-ЯІЇЄҐ]{1,10}")
_PURPOSE = re.compile(r"(?:[A-Z0-9]{2,4}/([A-Z0-9]{2,4}))?", re.ASCII)


class Nbu:
    """The scheme `nbu`."""

    id = "nbu"
    name = "QR НБУ"
    symbol = Symbol("qr", "M", binary=True, min_version=10, max_version=17, sign="hryvnia")
    button: Button | None = Button(link=True)
    begins = "https://"

    def encode(self, order: TransferOrder) -> str:
        """Raises CannotExpress for another currency than the hryvnia, an account that is not Ukrainian, an amount
        without room, a payee without a name or number, and a purpose or reference that breaks its form.
        """
        if order.currency != "UAH":
            raise CannotExpress(f"the National Bank's code is in hryvnia, the transfer in {order.currency}")
        account = checked_account(order.account, CannotExpress)
        if not account.startswith("UA"):
            raise CannotExpress("the National Bank's code describes Ukrainian accounts only")
        name = nbu_link.plain(order.payee.name, _NAME)
        if not name:
            raise CannotExpress("the payee has no name")
        if not _IDENTIFIER.fullmatch(order.payee_identifier):
            raise CannotExpress("the payee has no number (EDRPOU or RNOKPP) of at most ten digits and letters")
        amount = nbu_link.amount_text(payable(order, largest=nbu_link.LARGEST))
        purpose = f"OTHR/{checked_purpose(order.purpose, CannotExpress) or 'OTHR'}"
        reference = first_of_scheme(order.references).get("text", "").strip()
        if not (reference.isascii() and reference.isprintable() and len(reference) <= _REFERENCE):
            raise CannotExpress(f"the reference is not at most {_REFERENCE} characters of ASCII")
        head = ("BCD", "003", "2", "UCT", "", name, account, amount, order.payee_identifier, purpose, reference)
        tail = ("", _LOCKED_BUT_THE_AMOUNT, "", "", "")
        # One byte a character in Windows-1251, and a line feed after each field but the last.
        room = nbu_link.LONGEST * 3 // 4 - sum(len(field) + 1 for field in (*head, *tail))
        message = nbu_link.message(order.message, reference, min(_MESSAGE, room))
        if not message or reference not in message:
            raise CannotExpress("there is no message, or no room for it and the reference beside the payee's name")
        return nbu_link.pack((*head, message, *tail))

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Reads format 003 with any start code, in both character sets, with LF or CRLF.

        Raises UnreadablePayload for another layout, and for accounts, amounts and purposes that break their form.
        """
        try:
            fields = nbu_link.unpack(as_text(payload, UnreadablePayload))
            order = nbu_link.read_order(fields)
        except nbu_link.NotALink as error:
            raise UnreadablePayload(str(error)) from error
        if fields[1] != "003":
            raise UnreadablePayload("the content is not of version 003")
        purpose = _PURPOSE.fullmatch(fields[9])
        if not purpose:
            raise UnreadablePayload("the purpose is not written CCCC/PPPP")
        kind = purpose[1] if purpose[1] != "OTHR" and re.fullmatch("[A-Z]{4}", purpose[1] or "") else ""
        references = (Reference("text", fields[10]),) if fields[10] else ()
        return replace(order, message=fields[11], purpose=kind or "", references=references)


SCHEME = Nbu()
