"""`munihub logins` as an administrator runs it, on the hub the browser uses."""

import pytest

from hub.kernel.errors import NotFound
from hub.kernel.ids import public_id
from hub.logins import command
from hub.logins.claims import Claimed
from hub.subjects import service as subjects
from hub.subjects.model import Proof
from tests.support.commands import commands_on
from tests.support.records import ANA


@pytest.fixture
async def munihub(house):
    run = commands_on(house.hub.hub, command)

    async def answered(*arguments: str) -> str:
        return await run("logins", *arguments)

    return answered


async def test_a_login_is_linked_to_somebody_else_and_revoked(house, munihub):
    known = await house.hub.subject("pregrada", hr_oib=ANA)
    browser = house.browser()
    await house.log_in(browser)
    session = await house.session(browser)
    login, subject = public_id("lgn", session.login_id), public_id("sub", session.subject_id)
    assert "card" in await munihub("list", subject, "--city", "pregrada")

    linked = (await munihub("link", login, "--to", public_id("sub", known), "--city", "pregrada")).strip()
    assert linked.startswith("lgn_")
    assert await house.session(browser) is None
    await house.log_in(browser)
    assert (await house.session(browser)).subject_id == known

    await munihub("revoke", linked, "--why", "stolen", "--city", "pregrada")
    assert await house.session(browser) is None
    with pytest.raises(NotFound):
        await munihub("revoke", linked, "--why", "twice", "--city", "pregrada")


async def test_a_code_is_issued_used_and_taken_back(house, munihub):
    browser = house.browser()
    await house.log_in(browser)
    subject_id = (await house.session(browser)).subject_id
    code = (await munihub("code", "pregrada_financije.partner", "K-1", "--city", "pregrada")).strip()
    assert await house.hub.hub.linking.claim(house.city_id, subject_id, "K-1", code) is Claimed.YES
    source = (await house.row("select source from aliases"))["source"]
    assert source.startswith("clm_")
    await munihub("undo-code", source, "--why", "mistake", "--city", "pregrada")
    assert await house.count("aliases", "revoked_at is null") == 0


async def test_who_are_two_again_log_in_again(house, munihub):
    """A session that began while they were one is of the one who stood for both: she would go on seeing his account."""
    known = await house.hub.subject("pregrada", hr_oib=ANA)
    before, after = house.browser(), house.browser()
    await house.log_in(before)
    bare = (await house.session(before)).subject_id
    async with house.hub.worker.database.town(house.city_id) as connection:
        keys = await house.hub.worker.vault.keys(connection, house.city_id)
        pair = ("pregrada_financije.partner", "K-1")
        now = house.hub.clock.now()
        await subjects.prove(connection, keys, known, *pair, proof=Proof.REGISTRY, source="register", now=now)
    code = (await munihub("code", *pair, "--city", "pregrada")).strip()
    assert await house.hub.hub.linking.claim(house.city_id, bare, "K-1", code) is Claimed.YES
    await house.log_in(after)
    assert (await house.session(after)).subject_id == known
    claim = await house.row("select claim_id from claims")
    await munihub("undo-code", public_id("clm", claim["claim_id"]), "--why", "mistake", "--city", "pregrada")
    assert (await house.session(before), await house.session(after)) == (None, None)
    await house.log_in(after)
    assert (await house.session(after)).subject_id == bare
