"""The slip to print in a real browser: on a telephone, on paper, and before a reader of codes."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Page, async_playwright

from portal_api.citizen import slips
from portal_api.citizen.slip_texts import TEXTS
from tests.e2e.test_login_pages import ARGUMENTS, CHROMIUM, Site, look_at
from tests.integration.portal_api.conftest import hub
from tests.integration.portal_api.test_account import read
from tests.integration.portal_api.test_obligations import LIST, get
from tests.support.hub import Api
from tests.support.records import ANA, obligation

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium (apt-get install chromium)")
__all__ = ["hub"]

BROKEN = """() => [...document.querySelectorAll("th")].flatMap(one => {
    const text = one.firstChild, range = document.createRange();
    return [...text.data.matchAll(/\\S+/g)].filter(word => {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return range.getClientRects().length > 1;
    }).map(word => word[0]);
})"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        # As sharp as a telephone's screen.
        yield await (await browser.new_context(device_scale_factor=2)).new_page()
        await browser.close()


async def test_a_slip_fits_a_telephone_and_paper_and_its_codes_can_be_read(
    hub: Api, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject_id = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    (item,) = (await get(hub, subject_id))["items"]
    path = f"{LIST}/{item['id']}/transfer"
    payloads = {one["payload"] for one in (await get(hub, subject_id, path))["codes"]}
    site = Site(None, "", None, [])  # type: ignore[arg-type] # only its list of what went wrong is needed
    page.on("console", lambda message: site.trouble.append(message.text))
    given: list[httpx.Response] = []
    # With its headers: the policy holds here too.
    await page.route("**/slip", lambda route: route.fulfill(body=given[-1].content, headers=dict(given[-1].headers)))
    # The longest words are the Ukrainian ones.
    for language in ("hr", "uk"):
        monkeypatch.setattr(slips, "TEXTS", {**TEXTS, "hr": TEXTS[language]})
        given.append(await hub.client.get(f"{path}/slip", headers=hub.token("pregrada", subject_id)))
        await page.goto("http://localhost/slip")
        await look_at(site, page, f"slip-{language}", of="payment")
        assert await page.evaluate(BROKEN) == []
        await page.set_viewport_size({"width": 360, "height": 720})
        picture = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
        assert {one.text for one in zxingcpp.read_barcodes(picture)} == payloads
        paper = await page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
