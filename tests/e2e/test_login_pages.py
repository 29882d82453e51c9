"""The pages of a login in a real browser: the journey with cookies and policies as browsers keep them, and who can use
them. Pictures are left in var/screenshots for people to look at.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from hub.cities.logins import Passwords
from hub.cities.logo import Logo
from hub.cities.model import Look
from hub.kernel.assurance import Assurance
from hub.settings import PROJECT
from portal_api.login.languages import catalogues
from portal_api.server import server
from tests.integration.logins.conftest import House, house
from tests.integration.logins.eid import identity

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
PICTURES = PROJECT / "var" / "screenshots"
WIDTHS = {"wide": 1280, "narrow": 320}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="18" fill="#0b4f8a"/></svg>'
)

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium (apt-get install chromium)")
__all__ = ["house"]


@dataclass
class Site:
    """Pregrada behind a real server, and a browser to visit it."""

    house: House
    address: str
    browser: Browser
    trouble: list[str]

    async def visitor(self, *, scripts: bool = True, **options: Any) -> BrowserContext:
        context = await self.browser.new_context(
            java_script_enabled=scripts, locale="hr-HR", reduced_motion="reduce", **options
        )
        context.set_default_timeout(15_000)
        context.on("console", lambda message: self.trouble.append(message.text) if message.type == "error" else None)
        return context

    async def begin(self, context: BrowserContext, **wanted: Any) -> str:
        """A login of this browser; returns the relay."""
        cookies = await context.cookies(self.address)
        known = next((one["value"] for one in cookies if one["name"] == "munihub_login_pregrada"), None)
        if known is None:
            known = "b" * 43
            cookie = {"name": "munihub_login_pregrada", "value": known, "domain": "localhost", "path": "/pregrada"}
            await context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])
        given: dict[str, Any] = {
            "continue_to": "/login/session",
            "assurance": Assurance.LOW,
            "client_name": {"hr": "Moja Pregrada", "en": "My Pregrada"},
            "staff": False,
            "force": False,
            "language": None,
        }
        return await self.house.hub.hub.logins.begin(self.house.city_id, **(given | wanted), browser=known)


@asynccontextmanager
async def listening(app: Any, **settings: Any) -> AsyncIterator[int]:
    """A real server of `app` on loopback; its port."""
    served = server(app, log_level="warning", **settings)
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(served.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        served.should_exit = True
        await task
        listener.close()


def eid_site(house: House, hub: list[str]) -> Starlette:
    """The eIDs' own pages: one that posts its answer to us, as another site's form, and one that says goodbye."""

    async def sso(request: Request) -> HTMLResponse:
        name = "post" if request.method == "POST" else "card"
        said = getattr(house, name).answer(identity(logout={"name_id": "ana", "session_index": "1"}))
        fields = "".join(f'<input type="hidden" name="{key}" value="{escape(value)}">' for key, value in said.items())
        form = f'<form method="post" action="{hub[0]}/login/{name}/acs">{fields}<button>Answer</button></form>'
        return HTMLResponse(f"<!doctype html><title>eID</title><link rel=icon href=data:,><h1>eID</h1>{form}")

    async def slo(_: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>eID</title><link rel=icon href=data:,><h1>Signed out</h1>")

    methods = ["GET", "POST"]
    return Starlette(routes=[Route("/sso", sso, methods=methods), Route("/slo", slo, methods=methods)])


@pytest.fixture
async def site(house: House) -> AsyncIterator[Site]:
    house.town.city.__dict__["passwords"] = Passwords()
    app, address = house.hub.client._transport.app, [""]
    async with (
        listening(eid_site(house, address)) as eid,
        listening(app, lifespan="off") as port,
        async_playwright() as playwright,
    ):
        # Cookies go by site, and ports are no part of it: `localhost` and `127.0.0.1` are two.
        address[0] = f"http://localhost:{port}/pregrada"
        house.card.sso = house.post.sso = f"http://127.0.0.1:{eid}/sso"
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Site(house, address[0], browser, [])
        await browser.close()


async def look_at(site: Site, page: Page, name: str, *, of: str = "login") -> None:
    """No finding of axe, nothing wider than the screen and nothing too small to touch, in both widths; a picture each."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, pixels in WIDTHS.items():
        await page.set_viewport_size({"width": pixels, "height": 720})
        found = (await Axe().run(page, options={**RULES, "resultTypes": ["violations", "incomplete"]})).response
        for kind in ("violations", "incomplete"):
            assert [(one["id"], one["nodes"][0]["html"]) for one in found[kind]] == [], (name, width, kind)
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, width)
        small = await page.evaluate(
            """[...document.querySelectorAll("a, button, input:not([type=hidden])")]
               .filter(one => !one.closest("p:not(:has(.button))") && !one.closest(".summary") && !one.matches(".skip"))
               .map(one => [one.outerHTML, one.getBoundingClientRect()])
               .filter(([_, box]) => box.height < 43.9 || box.width < 24).map(([html]) => html)"""
        )
        assert small == [], (name, width)
        await page.screenshot(path=PICTURES / f"{of}-{name}-{width}.png", full_page=True)
    assert await page.evaluate("document.documentElement.lang") in catalogues()
    assert site.trouble == [], name


async def test_the_whole_way_with_scripts(site: Site) -> None:
    """By post and without a click more than the choice; the eID's answer comes from another site."""
    context = await site.visitor()
    page = await context.new_page()
    await page.goto(f"{site.address}/login?t={await site.begin(context)}")
    await page.get_by_role("link", name="Prijava putem e-post").click()
    await page.wait_for_url("**/sso*")
    await page.get_by_role("button", name="Answer").click()
    await page.wait_for_url("**/login/session")
    assert await page.get_by_role("heading", level=1).inner_text() == "Prijavljeni ste"
    cookie = next(one for one in await context.cookies(site.address) if one["name"] == "munihub_session_pregrada")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/pregrada")
    assert await page.evaluate("document.cookie") == ""

    await page.goto(f"{site.address}/logout")
    await page.get_by_role("button", name="Odjavi me").click()
    # The page that says so goes on to the eID by itself.
    await page.wait_for_url("**/slo")
    assert await page.get_by_role("heading").inner_text() == "Signed out"
    assert await site.house.count("sessions", "ended_for = 'logout'") == 1
    assert "munihub_session_pregrada" not in [one["name"] for one in await context.cookies(site.address)]
    assert site.trouble == []


async def test_the_whole_way_without_scripts(site: Site) -> None:
    context = await site.visitor(scripts=False)
    page = await context.new_page()
    await page.goto(f"{site.address}/login?t={await site.begin(context)}")
    await page.get_by_role("link", name="Prijava putem e-post").click()
    await page.get_by_role("button", name="Nastavi").click()
    await page.wait_for_url("**/sso*")
    await page.get_by_role("button", name="Answer").click()
    await page.wait_for_url("**/login/session")
    await page.get_by_role("button", name="Odjavi me").click()
    assert await page.get_by_role("heading", level=1).inner_text() == "Odjavljeni ste"
    assert (
        await page.get_by_role("link", name="Odjava na e-post")
        .or_(page.get_by_role("button", name="Odjava na e-post"))
        .count()
        == 1
    )


async def test_the_answer_brought_by_another_browser(site: Site) -> None:
    """Login CSRF with real cookies: the attacker's page posts his answer from the victim's browser."""
    attacker, victim = await site.visitor(), await site.visitor()
    page = await attacker.new_page()
    await page.goto(f"{site.address}/login/card/start?t={await site.begin(attacker)}")
    await page.wait_for_url("**/sso*")
    his = json.dumps(site.house.card.answer(identity(subject="attacker")))
    page = await victim.new_page()
    await page.goto(f"{site.address}/login")
    await page.goto("data:text/html,<!doctype html><title>Prize</title><form></form>")
    await page.evaluate(
        """([action, fields]) => {
            const form = document.forms[0];
            form.method = "post";
            form.action = action;
            for (const [name, value] of Object.entries(JSON.parse(fields))) {
                const input = document.createElement("input");
                input.name = name;
                input.value = value;
                form.append(input);
            }
            form.submit();
        }""",
        [f"{site.address}/login/card/acs", his],
    )
    await page.wait_for_url("**/login/arrive*")
    assert "započeta u drugom pregledniku" in await page.inner_text("main")
    assert await site.house.count("sessions") == 0


async def test_every_page_can_be_used_by_everybody(site: Site) -> None:
    """axe, both widths, a picture of each."""
    context = await site.visitor()
    page = await context.new_page()
    # Pages that go on by themselves stay for a look.
    await context.route("**/login/onward.js*", lambda route: route.fulfill(content_type="text/javascript", body=""))

    relay = await site.begin(context)
    await page.goto(f"{site.address}/login?t={relay}")
    await look_at(site, page, "choose")
    await page.goto(f"{site.address}/login/post/start?t={relay}")
    await look_at(site, page, "onward")
    await page.get_by_role("button", name="Nastavi").click()
    await page.get_by_role("button", name="Answer").click()
    await page.wait_for_url("**/login/session")
    await look_at(site, page, "session")

    await page.goto(f"{site.address}/login?t={await site.begin(context, assurance=Assurance.HIGH)}")
    await look_at(site, page, "step-up")
    await page.goto(f"{site.address}/login?t={await site.begin(context)}")
    await look_at(site, page, "anew")
    await page.goto(f"{site.address}/login/claim")
    await look_at(site, page, "claim")
    await page.get_by_label("Broj ugovora").fill("K-0042")
    await page.get_by_role("button", name="Pridruži").click()
    await page.get_by_role("link", name="Upišite kod").wait_for()
    await look_quietly(site, page, "claim-faults", status=422)
    await page.goto(f"{site.address}/login/claim/done")
    await look_at(site, page, "claim-done")
    await page.goto(f"{site.address}/logout")
    await look_at(site, page, "logout")
    await page.get_by_role("button", name="Odjavi me").click()
    await page.get_by_role("heading", name="Odjavljeni ste").wait_for()
    await look_at(site, page, "ended-here-and-at-the-eid")
    said = json.dumps({"done": False})
    await page.goto(f"{site.address}/login/post/slo?SAMLRequest={said}")
    await look_at(site, page, "ended-incomplete")
    await page.goto(f"{site.address}/login/session")
    await look_at(site, page, "session-over")


async def test_every_refusal_can_be_read_by_everybody(site: Site) -> None:
    context = await site.visitor()
    page = await context.new_page()
    await page.goto(f"{site.address}/login?t=gone")
    await look_quietly(site, page, "expired", status=410)
    site.house.card.down = True
    await page.goto(f"{site.address}/login/card/start?t={await site.begin(context)}")
    await look_quietly(site, page, "unavailable", status=503)
    await page.goto(f"{site.address}/login/nothing/metadata")
    await look_quietly(site, page, "trouble", status=404)
    other = await site.visitor()
    relay = await site.begin(other, language="cs")
    await context.clear_cookies()
    await page.goto(f"{site.address}/login?t={relay}")
    await look_quietly(site, page, "other-browser", status=403)


async def test_every_language_fits_a_small_screen(site: Site) -> None:
    context = await site.visitor(viewport={"width": 320, "height": 720})
    page = await context.new_page()
    for tag in catalogues():
        await page.goto(f"{site.address}/login?t={await site.begin(context)}&lang={tag}")
        assert await page.evaluate("document.documentElement.lang") == tag
        await look_at(site, page, f"choose-{tag}")
        # Text of double size (WCAG 1.4.4), and spaced as criterion 1.4.12 has it.
        await page.set_viewport_size({"width": 320, "height": 720})
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, tag


async def test_a_town_of_another_colour_with_a_logo(site: Site) -> None:
    site.house.town.city.__dict__["look"] = Look(colour="#ff9900", logo="grb.svg")
    object.__setattr__(site.house.town, "logo", Logo("image/svg+xml", SVG))
    context = await site.visitor()
    page = await context.new_page()
    await page.goto(f"{site.address}/login?t={await site.begin(context)}")
    assert await page.evaluate("document.images[0].naturalWidth") > 0
    await look_at(site, page, "orange")


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(site: Site) -> None:
    context = await site.visitor()
    page = await context.new_page()
    await page.goto(f"{site.address}/login?t={await site.begin(context)}")
    stops = []
    for _ in range(30):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(
            """(() => { const one = document.activeElement, box = one.getBoundingClientRect();
                return one === document.body ? null : [one.textContent.trim(), getComputedStyle(one).outlineStyle,
                    document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === one]; })()"""
        )
        if stop is None:
            break
        stops.append(stop)
    assert [name for name, _, _ in stops][:4] == [
        "Prijeđi na sadržaj",
        "Prijava putem e-card",
        "Prijava putem e-post",
        "Prijava korisničkim imenom i lozinkom",
    ]
    assert len(stops) == 4 + len(catalogues()) - 1
    assert all(outline == "solid" for _, outline, _ in stops)
    assert all(seen for _, _, seen in stops)


async def test_nothing_is_shown_again_after_signing_out(site: Site) -> None:
    """The Back button after a logout, with the browser's own store of pages."""
    context = await site.visitor(scripts=False)
    page = await context.new_page()
    await page.goto(f"{site.address}/login/card/start?t={await site.begin(context)}")
    await page.get_by_role("button", name="Answer").click()
    await page.wait_for_url("**/login/session")
    await page.get_by_role("button", name="Odjavi me").click()
    await page.get_by_role("heading", name="Odjavljeni ste").wait_for()
    await page.go_back()
    assert await page.get_by_role("heading", level=1).inner_text() == "Niste prijavljeni"


async def look_quietly(site: Site, page: Page, name: str, *, status: int) -> None:
    """As `look_at`; the browser notes on its console that the page came with an error's status, as it should."""
    expected = f"the server responded with a status of {status}"
    assert len(site.trouble) == 1, site.trouble
    assert expected in site.trouble.pop()
    await look_at(site, page, name)
