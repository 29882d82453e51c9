"""The page of a payment in a real browser: every state it can show, in every language, for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import async_playwright

from hub.cities.money import Refunds
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.obligations.projection import ObligationProjection
from hub.payments.model import Source
from portal_api.login.languages import catalogues
from portal_api.payments import pages
from tests.e2e.test_login_pages import ARGUMENTS, CHROMIUM, Site, look_at
from tests.integration.gateways.conftest import town
from tests.integration.gateways.harness import CITY_ID, Stage
from tests.support.records import ANA, make_subject, obligation, source

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium (apt-get install chromium)")
__all__ = ["town"]

FUNDS, PENDING = {"do": "pay", "card": "4000000000009995"}, {"do": "pay", "card": "4000000000000119"}


@dataclass
class Till:
    """Payments of a town, brought to what a page can show."""

    town: Stage
    keys: Any

    async def owed(self, *parts: tuple[int, str]) -> list[UUID]:
        """A payment of so much to each of these payees, for an obligation each; its charges."""
        now, charges = self.town.clock.now(), [await self.town.charge(*parts[0])]
        async with self.town.worker.database.town(CITY_ID) as connection:
            for minor, payee in parts[1:]:
                charges.append(new_uuid())
                await connection.execute(
                    """insert into charges (city_id, charge_id, payment_id, payee, currency, amount, title, state, state_at)
                       select city_id, $1, payment_id, $3, currency, $4, title, 'open', $5
                       from charges where charge_id = $2""",
                    charges[-1], charges[0], payee, minor, now,
                )  # fmt: skip
            for charge, (minor, payee) in zip(charges, parts, strict=True):
                told = source(CITY_ID, now, payee=payee)
                record = obligation(str(charge), original=Money(minor, "EUR"), outstanding=Money(minor, "EUR"))
                await ObligationProjection().apply(connection, self.keys, told, [record])
                await connection.execute(
                    """insert into charge_items (city_id, charge_id, number, obligation_id, amount)
                       select city_id, $1, 1, obligation_id, $2 from obligations where source_key = $3""",
                    charge, minor, str(charge),
                )  # fmt: skip
        return charges

    async def one(self, minor: int = 125050) -> UUID:
        [charge] = await self.owed((minor, "grad"))
        return charge

    async def do(self, what: str, charge: UUID, *values: Any, **named: Any) -> Any:
        """One method of hub.payments.PaymentService on a charge, in a transaction of its own."""
        async with self.town.worker.database.town(CITY_ID) as connection:
            act = getattr(self.town.worker.payments, what)
            return await act(connection, self.keys, self.town.town, charge, *values, **named)

    async def come(self, charge: UUID, minor: int, where: Source | None = None) -> Source:
        where, now = where or Source("counter", new_uuid()), self.town.clock.now()
        await self.do("captured", charge, Money(minor, "EUR"), where, now, now)
        return where

    async def tried(self, charge: UUID, form: dict[str, str] | None = None) -> UUID:
        onward = await self.town.start(charge)
        if form is not None:
            await self.town.pay(onward, form, back=True)
            await self.town.judge()
        return charge

    async def paid(self, minor: int = 125050) -> UUID:
        charge = await self.one(minor)
        await self.come(charge, minor)
        return charge

    async def given_back(self, minor: int, *heard: str) -> UUID:
        charge, payments = await self.paid(), self.town.worker.payments
        city = self.town.town.city.model_copy(update={"refunds": Refunds(approval="two_people")})
        careful = replace(self.town.town, city=city)
        refund = await payments.ask_refund(careful, charge, Money(minor, "EUR"), "overpaid", "stf_1", "bank")
        if heard:
            await payments.decide_refund(careful, refund, "refuse" if heard[0] == "declined" else "approve", "stf_2")
        for one in heard[1:]:
            async with self.town.worker.database.town(CITY_ID) as connection:
                await payments.refund_sent(connection, CITY_ID, refund, self.town.clock.now())
                await payments.refund_heard(
                    connection, self.keys, self.town.town, refund, one, "word", None, self.town.clock.now()
                )
        return charge

    async def charged_back(self, minor: int, *, won: bool = False) -> UUID:
        charge, now = await self.paid(), self.town.clock.now()
        taken = await self.do("charged_back", charge, Money(minor, "EUR"), Source("attempt", new_uuid()), now=now)
        if won:
            await self.do("chargeback_won", taken, now=now)
        return charge

    async def address(self, charge: UUID) -> str:
        [row] = await self.town.rows("select payment_id from charges where charge_id = $1", charge)
        return self.town.town.address + await self.town.api.gateways.page_path(self.town.town, row["payment_id"])

    async def payment(self, charge: UUID) -> UUID:
        [row] = await self.town.rows("select payment_id from charges where charge_id = $1", charge)
        return row["payment_id"]


async def every_state(till: Till) -> dict[str, UUID]:
    """A charge in each state that its page can show, by a name for it."""
    made = {"part": await till.one(), "overpaid": await till.one(), "withdrawn": await till.one()}
    await till.come(made["part"], 25000)
    await till.come(made["overpaid"], 130050)
    where = await till.come(made["withdrawn"], 125050)
    async with till.town.worker.database.town(CITY_ID) as connection:
        await till.town.worker.payments.take_back(
            connection, till.keys, till.town.town, where, by="stf_1", reason="not hers", now=till.town.clock.now()
        )
    made["cancelled"] = await till.one()
    async with till.town.worker.database.town(CITY_ID) as connection:
        await till.town.worker.payments.cancel(
            connection, CITY_ID, await till.payment(made["cancelled"]), by="payer", now=till.town.clock.now()
        )
    made |= {
        "paid": await till.paid(),
        "returned": await till.given_back(125050, "approved", "done"),
        "part-returned": await till.given_back(25050, "approved", "done"),
        "refund-asked": await till.given_back(25050),
        "refund-approved": await till.given_back(25050, "approved"),
        "refund-pending": await till.given_back(25050, "approved", "pending"),
        "refund-in-doubt": await till.given_back(25050, "approved", "in_doubt"),
        "refund-refused": await till.given_back(25050, "approved", "refused"),
        "refund-declined": await till.given_back(25050, "declined"),
        "charged-back": await till.charged_back(125050),
        "charged-back-in-part": await till.charged_back(25050),
        "chargeback-won": await till.charged_back(125050, won=True),
    }
    made["expired"] = await till.one()
    till.town.clock.move(timedelta(days=1))
    async with till.town.worker.database.town(CITY_ID) as connection:
        await till.town.worker.payments.expire(connection, CITY_ID, till.town.clock.now())
    # The job that ends it has not run yet.
    made["too-late"] = await till.one()
    till.town.clock.move(timedelta(days=1))
    water, rest = await till.owed((4999, "voda"), (125050, "grad"))
    await till.come(water, 4999)
    fee, _ = await till.owed((125050, "grad"), (4999, "voda"))
    await till.come(fee, 125050)
    made |= {
        "several-by-card": rest,
        "several-elsewhere": fee,
        "new": await till.one(),
        "begun": await till.tried(await till.one()),
        "pending": await till.tried(await till.one(), PENDING),
        "declined": await till.tried(await till.one(), FUNDS),
        "given-up": await till.tried(await till.one(), {"do": "cancel"}),
    }
    made["at-the-counter-meanwhile"] = await till.tried(await till.one())
    await till.come(made["at-the-counter-meanwhile"], 125050)
    return made


@pytest.fixture
async def till(town: Stage) -> Till:
    async with town.worker.database.town(CITY_ID) as connection:
        keys = await town.worker.vault.keys(connection, CITY_ID)
    await make_subject(town.worker.database, keys, ANA)
    return Till(town, keys)


@pytest.fixture
async def site(town: Stage) -> AsyncIterator[Site]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Site(town, town.url, browser, [])  # type: ignore[arg-type] # no house is needed here
        await browser.close()


SAYS = {
    "new": "Novac još nije stigao.",
    "begun": "Karticu upisujete na stranici kartičnog sustava i zatim se vraćate ovamo.",
    "pending": "Ne plaćajte ponovno; ne morate ništa činiti.",
    "declined": "Na kartici nije bilo dovoljno novca. Ovim pokušajem ništa nije naplaćeno.",
    "given-up": "Odustali ste od plaćanja. Ovim pokušajem ništa nije naplaćeno.",
    "at-the-counter-meanwhile": "Ovu stranicu možete zatvoriti ili ispisati kao potvrdu o uplati.",
    "paid": "Ovu stranicu možete zatvoriti ili ispisati kao potvrdu o uplati.",
    "part": "Stiglo je 250,00 € od 1.250,50 €. Još treba platiti 1.000,50 €.",
    "overpaid": "Od toga 50,00 € nije potrebno. Gradska uprava će to vratiti ili uračunati u drugo.",
    "withdrawn": "Ono što je ovdje proknjiženo bilo je greškom ili je banka to poništila.",
    "cancelled": "Novu možete započeti u svojem korisničkom računu.",
    "expired": "Novu možete započeti u svojem korisničkom računu.",
    "too-late": "U svojem korisničkom računu pogledajte kako se može platiti.",
    "several-by-card": "49,99 € – Plaćeno",
    "several-elsewhere": "U svojem korisničkom računu pogledajte kako se može platiti.",
    "returned": "1.250,50 € je vraćeno.",
    "part-returned": "250,50 € je vraćeno.",
    "refund-asked": "Odlučuje se o povratu 250,50 €.",
    "refund-approved": "250,50 € se vraća.",
    "refund-pending": "250,50 € je na putu natrag.",
    "refund-in-doubt": "Nije sigurno je li 250,50 € vraćeno.",
    "refund-refused": "Povrat 250,50 € tim putem nije uspio.",
    "refund-declined": "250,50 € se ne vraća.",
    "charged-back": "Pitajte gradsku upravu što dalje.",
    "charged-back-in-part": "Vaša je banka povukla 250,50 €. Gradska uprava Vam može reći što još treba platiti.",
    "chargeback-won": "Vaša je banka povukla 1.250,50 €, pa vratila.",
}
"""What the page says of each state, beside its heading."""


@pytest.mark.timeout(600)
async def test_every_state_can_be_read_by_everybody_in_every_language(till: Till, site: Site) -> None:
    made = await every_state(till)
    assert made.keys() == SAYS.keys()
    context = await site.visitor()
    page = await context.new_page()
    for name, charge in made.items():
        address = f"{await till.address(charge)}&still=1"
        await page.goto(f"{address}&lang=hr")
        assert SAYS[name] in (await page.inner_text("main")).replace("\N{NO-BREAK SPACE}", " "), name
        status = await page.inner_text("[role=status] strong")
        assert await page.title() == f"{status} – Vaša uplata – Proba"
        await look_at(site, page, name, of="payment")
        await page.set_viewport_size({"width": 320, "height": 720})
        for tag in catalogues():
            await page.goto(f"{address}&lang={tag}")
            assert await page.evaluate("document.documentElement.lang") == tag
            assert await page.inner_text("h1") == pages.texts(tag)["payment.title"]
            await page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, tag)


async def test_what_did_not_work_can_be_read_by_everybody(till: Till, site: Site) -> None:
    address = await till.address(await till.one())
    context = await site.visitor()
    page = await context.new_page()
    for trouble, said in {
        "not_ready": "Kartični sustav ne odgovara kako treba.",
        "conflict": "Ovaj se dio sada ne može platiti karticom",
    }.items():
        await page.goto(f"{address}&lang=hr&trouble={trouble}")
        assert (await page.inner_text("[role=alert]")).startswith(said)
        await look_at(site, page, trouble, of="payment")
    # Where it is not known whether the gateway has taken it, nobody is told to try again.
    await till.town.wrong("error_after")
    await page.goto(f"{address}&lang=hr&still=1")
    await page.get_by_role("button", name="Plati karticom").click()
    await page.wait_for_url("**trouble=not_ready**")
    assert "Ne plaćajte ponovno" in await page.inner_text("[role=status]")
    assert await page.locator("[role=alert]").count() == 0
    for tag in catalogues():
        await page.goto(f"{till.town.town.address}/payments/kartica/return?lang={tag}")
        assert await page.inner_text("h1") == pages.texts(tag)["somewhere.title"]
        await look_at(site, page, f"somewhere-{tag}", of="payment")
    await page.goto(f"{address[:-1]}&lang=hr")
    assert await page.inner_text("h1") == "Ovdje nema uplate"
    # A page that is not there is an error to the browser's console, and none of ours.
    site.trouble.clear()
    await look_at(site, page, "nowhere", of="payment")


async def test_the_page_follows_a_payment_without_a_script(till: Till, site: Site) -> None:
    charge = await till.tried(await till.one(), PENDING)
    context = await site.visitor(scripts=False)
    page = await context.new_page()
    await page.goto(await till.address(charge))
    assert await page.inner_text("[role=status] strong") == "U obradi"
    await till.town.happen((await till.town.attempt(charge)).number, state="captured")
    await till.town.ask()
    # Nobody touches it: it has renewed itself.
    await page.get_by_text("Novac je stigao.").wait_for()
    assert site.trouble == []


async def test_the_keyboard_reaches_what_there_is_to_do_and_stays_there(till: Till, site: Site) -> None:
    context = await site.visitor()
    page = await context.new_page()
    await page.goto(await till.address(await till.one()))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    onward = page.get_by_role("link", name="Nastavi na unos kartice")
    await onward.focus()
    # Longer than the page of what is under way stays.
    await page.wait_for_timeout(4_000)
    assert await onward.evaluate("one => one === document.activeElement")
    assert await onward.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{till.town.sandbox}/pay/**")


async def test_long_names_and_amounts_fit_a_small_screen_and_paper(till: Till, site: Site) -> None:
    till.town.town.city.payees["grad"].__dict__["name"] = {"hr": "Vodoopskrbaiodvodnjakrapinskozagorskežupanije d.o.o."}
    charge = await till.one(987654321050)
    context = await site.visitor(viewport={"width": 320, "height": 720})
    page = await context.new_page()
    await page.goto(await till.address(charge))
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await page.emulate_media(media="print")
    assert await page.locator("footer").is_hidden()
    assert await page.locator("form").is_hidden()
    assert await page.locator("header").evaluate("one => getComputedStyle(one).color") == "rgb(27, 27, 27)"
    assert "9.876.543.210,50\N{NO-BREAK SPACE}€" in await page.inner_text("main")
