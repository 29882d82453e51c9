"""What the parts of the service have in common."""

from __future__ import annotations

from hub.kernel.clock import Clock
from hub.payments.money import Allocator
from hub.payments.told import Postings
from hub.storage.database import Database
from hub.storage.vault import Vault


class Part:
    """A part of PaymentService: methods about one thing."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, postings: Postings) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._allocator = Allocator(postings)
