"""The pages of passwords in a real browser: the script of passkeys with an authenticator of the browser's own, the
policy of the pages, and who can use them. Pictures are left in var/screenshots.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pyotp
import pytest
from playwright.async_api import async_playwright

from tests.e2e.test_login_pages import ARGUMENTS, CHROMIUM, Site, listening, look_at
from tests.integration.passwords.conftest import PASSWORD
from tests.integration.passwords.test_counter import ANA

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium (apt-get install chromium)")


@pytest.fixture
async def site(api) -> AsyncIterator[Site]:
    app = api.client._transport.app
    async with listening(app, lifespan="off") as port, async_playwright() as playwright:
        town = api.hub.towns.by_slug["pregrada"]
        object.__setattr__(town, "address", f"http://localhost:{port}/pregrada")
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Site(api, town.address, browser, [])
        await browser.close()


async def give(page, site, username: str, password: str) -> None:
    await page.goto(f"{site.address}/login")
    await page.get_by_role("link", name="Prijava korisničkim imenom i lozinkom").click()
    await page.get_by_label("Korisničko ime").fill(username)
    await page.get_by_label("Lozinka").fill(password)
    await page.get_by_role("button", name="Prijavi se").click()


async def quietly(site, page, name: str) -> None:
    """As `look_at`, for a page whose status the browser writes into its console, sooner or later."""
    for _ in range(60):
        if site.trouble:
            break
        await asyncio.sleep(0.05)
    site.trouble.clear()
    await look_at(site, page, name)


async def heading(page) -> str:
    return await page.get_by_role("heading", level=1).inner_text()


@pytest.mark.timeout(300)
async def test_from_the_sheet_to_a_passkey(site, passwords, clock) -> None:
    issued = await passwords.issue()
    context = await site.visitor()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    made = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    authenticator = (await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": made}))["authenticatorId"]

    await give(page, site, issued.username, "wrong")
    await quietly(site, page, "password-faults")
    await give(page, site, issued.username, issued.password)
    await look_at(site, page, "new-password")
    await page.get_by_label("Nova lozinka", exact=True).fill(PASSWORD)
    await page.get_by_label("Nova lozinka još jednom").fill(PASSWORD)
    await page.get_by_role("button", name="Spremi").click()
    await look_at(site, page, "second-factor")
    await page.get_by_role("link", name="Pristupni ključ").click()
    await look_at(site, page, "passkey-enrol")
    await page.get_by_label("Naziv uređaja").fill("Moj telefon")
    await page.get_by_role("button", name="Postavi pristupni ključ").click()
    await page.get_by_role("heading", name="Kodovi za oporavak").wait_for()
    await look_at(site, page, "recovery-codes")
    await page.get_by_role("button", name="Kodovi su zapisani").click()
    await page.wait_for_url("**/login/session")

    await give(page, site, issued.username, PASSWORD)
    await look_at(site, page, "passkey")
    # The person does not confirm: a sentence, and she can try again.
    await devtools.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    await page.get_by_role("button", name="Upotrijebi pristupni ključ").click()
    await page.locator("#passkey-failed").wait_for(state="visible")
    await devtools.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    await page.get_by_role("button", name="Upotrijebi pristupni ključ").click()
    await page.wait_for_url("**/login/session")
    rows = await passwords.rows("select methods, assurance from sessions where ended_at is null order by seen_at")
    assert (rows[-1]["methods"], rows[-1]["assurance"]) == (["pwd", "hwk", "mfa"], "substantial")
    await page.goto(f"{site.address}/login/security")
    await look_at(site, page, "security")
    await page.goto(f"{site.address}/login/password/change")
    await look_at(site, page, "change-password")


@pytest.mark.timeout(300)
async def test_from_the_sheet_to_an_app_without_scripts(site, passwords, api, clock) -> None:
    async with httpx.AsyncClient(base_url=site.address) as counter:
        headers = api.staff("pregrada") | {"Accept": "text/html"}
        sheet = await counter.post("/admin/v1/people", json=ANA, headers=headers)
    context = await site.visitor()
    page = await context.new_page()
    headers = {name: sheet.headers[name] for name in ("content-type", "content-security-policy")}
    await context.route("**/sheet", lambda route: route.fulfill(headers=headers, body=sheet.text))
    await page.goto(f"{site.address}/sheet")
    await look_at(site, page, "sheet")
    _, username, password, _ = await page.locator("dd").all_inner_texts()

    plain = await site.visitor(scripts=False)
    page = await plain.new_page()
    await give(page, site, username, password)
    await page.get_by_label("Nova lozinka", exact=True).fill(PASSWORD)
    await page.get_by_label("Nova lozinka još jednom").fill(PASSWORD)
    await page.get_by_role("button", name="Spremi").click()
    await page.get_by_role("link", name="Pristupni ključ").click()
    assert not await page.get_by_role("button", name="Postavi pristupni ključ").is_visible()
    assert await page.get_by_text("trebaju JavaScript").is_visible()
    await page.go_back()
    await page.get_by_role("link", name="Aplikacija za kodove").click()
    secret = (await page.locator(".copied").inner_text()).replace(" ", "")
    await page.get_by_label("Kod").fill(pyotp.TOTP(secret).at(clock.now()))
    await page.get_by_role("button", name="Spremi").click()
    await page.get_by_role("button", name="Kodovi su zapisani").click()
    await page.wait_for_url("**/login/session")

    # The same pages with scripts, for a look.
    clock.move(timedelta(minutes=1))
    page = await context.new_page()
    await give(page, site, username, PASSWORD)
    await look_at(site, page, "code")
    await page.get_by_label("Kod").fill("000000")
    await page.get_by_role("button", name="Nastavi").click()
    await quietly(site, page, "code-faults")
    await page.get_by_label("Kod").fill(pyotp.TOTP(secret).at(clock.now()))
    await page.get_by_role("button", name="Nastavi").click()
    await page.wait_for_url("**/login/session")
    await page.goto(f"{site.address}/login/totp/enrol")
    await look_at(site, page, "app-enrol")
    assert await heading(page) == "Postavite aplikaciju za kodove"
