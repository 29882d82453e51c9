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
    max_version: int | None = None  # largest QR version the scheme allows


class CannotExpress(ValueError):
    """This scheme has no room for that order (currency, length, character); the message says what."""


class UnreadablePayload(ValueError):
    """The text is not a payload of this scheme; the message says where it departs."""


class BankTransferScheme(Protocol):
    id: str
    symbol: Symbol

    def encode(self, order: TransferOrder) -> str:
        """The canonical payload. Raises CannotExpress."""

    def decode(self, payload: str) -> TransferOrder:
        """Reads canonical and commonly published forms. Raises UnreadablePayload."""
