"""Whether what a charge is meant for was paid another way meanwhile: its money would belong to nothing."""

from __future__ import annotations

from uuid import UUID

from hub.kernel.errors import NotFound
from hub.obligations import service as obligations
from hub.payments import queries
from hub.payments.money import takes_of
from hub.storage.database import Connection


async def takes_less(
    connection: Connection, city_id: int, charge_id: UUID, payee: str, currency: str, amount: int
) -> bool:
    """Whether the items of a charge take less than `amount` (minor units) now. Within the caller's walls: what is not
    seen there is believed to take all it was meant to.

    What is named by its reference takes all or nothing: how much is owed of it is not shown to the payer, who may have
    meant to pay more.
    """
    left = amount
    items = await queries.items_left(connection, city_id, charge_id)
    for item in items:
        meant = takes = max(item["amount"], 0)
        try:
            found = await obligations.open_amount(connection, city_id, item["obligation_id"], lock=False)
        except NotFound:
            pass
        else:
            takes = takes_of(found, payee, currency, item["instalment"])
            if takes and item["by_reference"]:
                takes = meant
        left -= min(meant, takes)
    return bool(items) and left > 0
