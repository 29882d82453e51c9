"""The Ukrainian payment QR code, format 002: `https://bank.gov.ua/qr/QkNECjAwMgo…`, for apps that do not read 003.

Source: Національний банк України, resolution No. 97 of 19.08.2025, appendix 3, and "QR-code_24_12_2024"; see
hub.kit.nbu_link for what was read of it. A town that offers it writes `bank_transfer: [nbu, nbu_002]`.

The one form written here: Windows-1251, fourteen fields joined by LF, the empty ones at the end too. A reference of the
scheme `text` stands in front of the message where the message does not have it. The message is cut until the content
keeps 331 bytes. Not carried: addresses, the payer, the due date, the ISO 20022 purpose.
"""

from __future__ import annotations

from dataclasses import replace

from hub.kernel.transfer import TransferOrder
from hub.kit import nbu_link
from hub.kit.transfer_fields import as_text, checked_account, first_of_scheme, payable
from hub.ports.bank_transfer import Button, CannotExpress, Symbol, UnreadablePayload

_NAME, _IDENTIFIER, _MESSAGE, _BYTES = 70, 10, 140, 331


class Nbu002:
    """The scheme `nbu_002`."""

    id = "nbu_002"
    name = "QR НБУ (002)"
    symbol = Symbol("qr", "M", binary=True, min_version=10, max_version=17, sign="hryvnia")
    button: Button | None = Button(link=True)
    begins = "https://"

    def encode(self, order: TransferOrder) -> str:
        """Raises CannotExpress for another currency than the hryvnia, an account that is not Ukrainian, an amount or
        number of the payee without room. The format itself asks for nothing but an account.
        """
        if order.currency != "UAH":
            raise CannotExpress(f"the National Bank's code is in hryvnia, the transfer in {order.currency}")
        account = checked_account(order.account, CannotExpress)
        if not account.startswith("UA"):
            raise CannotExpress("the National Bank's code describes Ukrainian accounts only")
        if len(nbu_link.plain(order.payee_identifier, _IDENTIFIER)) != len(order.payee_identifier):
            raise CannotExpress(f"the payee's number has more than {_IDENTIFIER} characters")
        amount = nbu_link.amount_text(payable(order, largest=nbu_link.LARGEST))
        reference = nbu_link.plain(first_of_scheme(order.references).get("text", ""), _MESSAGE)
        name = nbu_link.plain(order.payee.name, _NAME)
        head = ("BCD", "002", "2", "UCT", "", name, account, amount, order.payee_identifier, "", "")
        # One byte a character in Windows-1251, ten line feeds in front of the message and two after it.
        room = _BYTES - sum(len(field) + 1 for field in head) - 2
        text = nbu_link.message(order.message, reference, min(_MESSAGE, room))
        if reference not in text:
            raise CannotExpress("the name and the message leave no room for the reference")
        return nbu_link.pack((*head, text, "", ""))

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Reads format 002 alone. Raises UnreadablePayload."""
        try:
            fields = nbu_link.unpack(as_text(payload, UnreadablePayload))
            order = nbu_link.read_order(fields)
        except nbu_link.NotALink as error:
            raise UnreadablePayload(str(error)) from error
        if fields[1] != "002":
            raise UnreadablePayload("the content is not of version 002")
        return replace(order, message=fields[11])


SCHEME = Nbu002()
