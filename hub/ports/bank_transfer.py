"""A national way to write a bank transfer into a QR code or barcode. One module per scheme in
`adapters/bank_transfer/`, each with one object `SCHEME`.

The writer has one documented canonical form; the reader is tolerant of what published generators emit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from hub.kernel.transfer import TransferOrder


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a payload is drawn. `error_correction`: L, M, Q, H for QR; 0 to 8 for PDF417."""

    kind: Literal["qr", "pdf417"]
    error_correction: str
    columns: int | None = None  # PDF417 data columns
    binary: bool = False  # force byte mode
    boost: bool = False  # may raise the error correction where the size stays the same
    min_version: int | None = None  # smallest QR version the scheme allows
    max_version: int | None = None  # largest QR version the scheme allows
    sign: Literal["", "hryvnia"] = ""  # stands in a white circle in the middle of the QR code


@dataclass(frozen=True, slots=True)
class Button:
    """How a payload gets into a banking app on the same device, where nobody can scan the screen.

    Either the payload is itself an address that banking apps open (`link`), or it is offered as a file of the type
    that they are registered for.
    """

    link: bool = False
    media_type: str = ""
    ending: str = ""


class CannotExpress(ValueError):
    """This scheme has no room for that order (currency, length, character); the message says what."""


class UnreadablePayload(ValueError):
    """The text is not a payload of this scheme; the message says where it departs."""


class BankTransferScheme(Protocol):
    id: str
    name: str  # as payers know it: QR Platba
    symbol: Symbol
    button: Button | None  # None: the national standard defines none
    begins: str  # what every payload of the scheme begins with

    def encode(self, order: TransferOrder) -> str:
        """The canonical payload. Raises CannotExpress."""

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Reads canonical and commonly published forms; bytes as a reader of codes gives them.

        Raises UnreadablePayload.
        """
