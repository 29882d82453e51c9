"""Found by what somebody copied from a bill."""

import pytest

from hub.kernel.errors import NotFound
from hub.obligations import service as obligations
from tests.integration.postings.conftest import ZELJKA, Books


async def test_as_anybody_writes_it(pregrada: Books):
    hub = pregrada.town.api.hub
    fine = await pregrada.id_of("2026-KZ-000009")
    part = await pregrada.id_of("2026-KD-000003")
    async with hub.database.town(pregrada.city_id) as connection:

        async def found(reference: str, payee: str = "grad"):
            return await obligations.find_by_reference(connection, pregrada.city_id, payee, reference)

        own = (await connection.fetchval("select current_setting('munihub.door', true)")) or None
        stored = (await obligations.open_amount(connection, pregrada.city_id, fine, lock=True)).references[0].value
        assert stored.startswith("HR68 ")
        for written in (
            stored,
            stored.lower(),
            stored.replace(" ", ""),
            stored[5:],
            f" {stored[5:].replace('-', ' ')} ",
        ):
            assert await found(written) == fine, written
        # The reference of a part finds the whole; of several with one reference the one with something to pay.
        parts = (await obligations.open_amount(connection, pregrada.city_id, part, lock=False)).instalments
        assert await found(parts[1].references[0].value) == part
        for nothing in (stored[:-1], "", "---", "0", "9" * 101, ZELJKA):
            assert await found(nothing) is None, nothing
        assert await found(stored, "niskogradnja") is None
        # What opens the door for a moment closes it.
        assert await connection.fetchval("select count(*) from obligations") == 0
        assert ((await connection.fetchval("select current_setting('munihub.door', true)")) or None) == own


async def test_nobody_elses_are_seen_on_a_citizens_path(pregrada: Books):
    hub = pregrada.town.api.hub
    fine = await pregrada.id_of("2026-KZ-000009")
    stranger = await pregrada.town.api.subject("pregrada", "Ivo Drugi", hr_oib="33392005961")
    async with hub.database.citizen(pregrada.city_id, stranger) as connection:
        with pytest.raises(NotFound):
            await obligations.open_amount(connection, pregrada.city_id, fine, lock=False)
