"""What every page of a login has: its headers, its languages, its texts; and pages where JSON would be no help."""

import re
from pathlib import Path

import pytest

from hub.cities.model import Look
from hub.kernel.errors import LoginRefused
from portal_api.login import failures, look, pages
from portal_api.login.languages import catalogues, choose_tag
from tests.integration.logins.conftest import text_of
from tests.integration.logins.eid import TrialEid, identity

TEMPLATES = Path(failures.__file__).parent / "templates"


# ── Texts ──


def test_every_language_has_every_text():
    assert set(catalogues()) == {"hr", "cs", "uk", "ro", "sr-Cyrl", "sr-Latn", "en"}
    english = catalogues()["en"].texts
    for tag, catalogue in catalogues().items():
        assert catalogue.texts.keys() == english.keys(), tag
        for key, text in catalogue.texts.items():
            assert text == text.strip(), (tag, key)
            assert text, (tag, key)
            assert placeholders(text) == placeholders(english[key]), (tag, key)
            if tag != "en" and len(text.split()) > 3:
                assert text != english[key], (tag, key)


def test_latin_is_the_cyrillic_text_written_in_latin():
    cyrillic, latin = catalogues()["sr-Cyrl"], catalogues()["sr-Latn"]
    for key, text in cyrillic.texts.items():
        assert latin.texts[key] == transliterated(text), key


def test_every_refusal_has_a_sentence():
    reasons = set(re.findall(r"`(\w+)`", LoginRefused.__doc__.partition("reads:")[2]))
    assert reasons == failures.REASONS
    assert len(reasons) == 19
    keys = {key.removeprefix("refused.") for key in catalogues()["en"].texts if key.startswith("refused.")}
    assert keys == reasons | {"title", "eid", "again", "begin_anew", "reference"}


AGAIN = {
    "hr": "ispočetka",
    "cs": "znovu",
    "uk": "знову",
    "ro": "din nou",
    "sr-Cyrl": "испочетка",
    "sr-Latn": "ispočetka",
    "en": "begin again",
}


@pytest.mark.parametrize("tag", sorted(AGAIN))
@pytest.mark.parametrize("reason", ["expired", "unsolicited", "replayed", "other_browser", "wrong_audience"])
async def test_a_refusal_says_once_that_one_begins_again(house, tag, reason, monkeypatch):
    """A login that was never this browser's has no other way to offer: the page itself says where to begin."""

    async def refuse(*_, **__):
        raise LoginRefused("as the test wants it", reason=reason)

    monkeypatch.setattr(house.hub.hub.logins, "find", refuse)
    page = text_of(await house.browser().get(f"/pregrada/login?t=x&lang={tag}"))
    assert catalogues()[tag].text(f"refused.{reason}", eid=catalogues()[tag].text("refused.eid")) in page
    expected = 0 if reason in {"replayed", "wrong_audience"} else 1
    assert page.casefold().count(AGAIN[tag].casefold()) == expected, page


def test_every_text_is_used_and_every_text_that_is_used_is_there():
    """Keys put together at run time are listed by their beginning."""
    sources = [*TEMPLATES.glob("*.html"), *TEMPLATES.parent.glob("*.py")]
    written = "\n".join(one.read_text("utf-8") for one in sources)
    # The second of a key's parts is a word of its own somewhere, or comes from a table of the code.
    built = ("level.", "refused.", "trouble.", "onward.", "claim.", "password.", "new_password.", "totp.", "passkey.")
    for key in re.findall(r'\bt\("([a-z_.]+)"[,)]', written):
        assert key in catalogues()["en"].texts, key
    for key in catalogues()["en"].texts:
        assert key in written or key.startswith(built) or key.rpartition(".")[0] + "." in written, key


@pytest.mark.parametrize(
    ("own", "asked", "wanted", "accepted", "tag"),
    [
        ("hr", None, None, None, "hr"),
        ("hr", None, None, "cs, en;q=0.5", "cs"),
        ("hr", None, "ro", "cs", "ro"),
        ("hr", "uk", "ro", "cs", "uk"),
        ("hr", "xx", "yy zz", "ww", "hr"),
        ("sr", None, None, None, "sr-Cyrl"),
        ("hr", "sr", None, None, "sr-Cyrl"),
        ("hr", "sr-Cyrl-RS", None, None, "sr-Cyrl"),
        ("hr", "sr-Latn-RS", None, None, "sr-Latn"),
        ("hr", "bs", None, None, "sr-Latn"),
        ("cs", "sk", None, None, "cs"),
        ("ro", "mo", None, None, "ro"),
        ("hu", None, None, None, "en"),
    ],
)
def test_the_language_of_a_page(own, asked, wanted, accepted, tag):
    assert choose_tag(own, asked=asked, wanted=wanted, accept_language=accepted) == tag


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"{\w*}", text))


def transliterated(text: str) -> str:
    letters = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
    letters |= {"љ": "lj", "њ": "nj", "џ": "dž"}
    return "".join(
        letters[one] if one in letters else letters[one.lower()].capitalize() if one.lower() in letters else one
        for one in text
    )


# ── Look ──


@pytest.mark.parametrize(
    "colour", ["#0b4f8a", "#ff9900", "#777777", "#767676", "#ffffff", "#000000", "#00ff00", "#808080"]
)
def test_whatever_colour_a_town_has_its_pages_can_be_read(colour, house_town):
    house_town.city.__dict__["look"] = Look(colour=colour)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", look.stylesheet(house_town)))
    assert found["colour"] == colour
    assert look.contrast(colour, found["on-colour"]) >= 4.5
    assert look.contrast("#ffffff", found["link"]) >= 4.5


def test_contrast_as_wcag_counts_it():
    assert round(look.contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(look.contrast("#777777", "#ffffff"), 2) == 4.48
    assert round(look.contrast("#ff9900", "#ffffff"), 2) == 2.14


@pytest.fixture
def house_town(tmp_path):
    from hub.bootstrap.towns import open_towns
    from hub.settings import Settings

    settings = Settings.from_environment({"MUNIHUB_VAR": str(tmp_path)})
    settings.secrets.mkdir(parents=True, exist_ok=True)
    from tests.support.hub import SECRETS

    for name, value in SECRETS.items():
        (settings.secrets / name).write_text(value, "utf-8")
        (settings.secrets / name).chmod(0o600)
    return open_towns(settings, connect=False).by_slug["pregrada"]


# ── Pages ──


async def test_the_headers_of_a_page(house):
    page = await house.browser().get("/pregrada/login/session")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    targets = policy.pop("form-action").split()
    assert targets[0] == "'self'"
    assert set(targets[1:]) == {
        origin(uri) for client in house.town.city.clients.values() for uri in client.redirect_uris
    }
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text)
    assert not re.search(r"\son\w+=", page.text)


def origin(uri: str) -> str:
    return re.match(r"https?://[^/]+|[a-z.]+:", uri)[0]


async def test_what_the_pages_load_is_there(house):
    browser = house.browser()
    relay = await house.begin(browser)
    page = await browser.get("/pregrada/login/post/start", params={"t": relay})
    loaded = re.findall(r'(?:href|src)="(/pregrada/login/(?:style\.css|look\.css|onward\.js|icon)[^"]*)"', page.text)
    assert {address.partition("?")[0].rpartition("/")[2] for address in loaded} == {
        "style.css",
        "look.css",
        "onward.js",
        "icon",
    }
    kinds = []
    for address in loaded:
        answer = await browser.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=604800")
        kinds.append(answer.headers["content-type"])
    assert sorted(kinds) == ["image/svg+xml", *["text/css; charset=utf-8"] * 2, "text/javascript; charset=utf-8"]
    missing = await browser.get("/pregrada/login/logo")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("reason", sorted(failures.REASONS))
async def test_a_refusal_says_what_to_do_and_gives_a_number(house, reason, capsys):
    browser = house.browser()
    relay = await house.begin(browser)
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    page = await house.bring(browser, house.card.answer(None, refused=reason))
    assert page.status_code == {"expired": 410, "unavailable": 503}.get(reason, 403)
    own = catalogues()["hr"].texts
    assert own[f"refused.{reason}"].format(eid="e-card") in page.text.replace("&#39;", "'")
    (number,) = re.findall(r"<strong>([2-9A-Z]{4}-[2-9A-Z]{4})</strong>", page.text)
    logged = capsys.readouterr()
    assert number in logged.out + logged.err
    assert "as the test wants it" not in page.text
    again = f'href="/pregrada/login?t={relay}"' in page.text
    assert again == (reason not in {"expired", "other_browser", "unsolicited"})


async def test_an_eid_that_cannot_be_reached(house):
    house.card.down = True
    browser = house.browser()
    relay = await house.begin(browser)
    page = await browser.get("/pregrada/login/card/start", params={"t": relay})
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "e-card trenutačno nije dostupan" in text_of(page)
    assert "it does not answer" not in page.text
    # Another way is still open.
    assert f'href="/pregrada/login?t={relay}"' in page.text
    assert (await house.answer(browser, relay, identity(), eid="post")).status_code == 303


async def test_what_is_not_there_is_a_page_too(house):
    browser = house.browser()
    for path in ("/pregrada/login/nothing/metadata", "/pregrada/login/nothing/start?t=x", "/pregrada/login/arrive"):
        page = await browser.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8", path
        assert page.status_code in {404, 410}, path
    # Where there is no town there is no page of one.
    assert (await browser.get("/nowhere/login")).headers["content-type"] == "application/problem+json"


async def test_metadata(house):
    answer = await house.hub.client.get("/pregrada/login/card/metadata")
    assert (answer.status_code, answer.content) == (200, b"<EntityDescriptor/>")
    assert answer.headers["content-type"].startswith("application/samlmetadata+xml")


async def test_a_town_with_a_host_of_its_own(house, monkeypatch):
    """Its cookies cannot be planted by another host, and its addresses have no slug."""
    town = house.town
    monkeypatch.setattr(type(house.hub.hub.towns), "hosts", {"moja.pregrada.test": "pregrada"})
    object.__setattr__(town, "address", "https://moja.pregrada.test")
    browser = house.browser()
    browser.base_url = "https://moja.pregrada.test"
    first = await browser.get("/login")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("__Host-munihub_login=")
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=lax; Secure")
    assert first.headers["location"].startswith("/login?t=")
    choice = await browser.get(first.headers["location"])
    assert 'href="/login/card/start?t=' in choice.text
    assert "/pregrada" not in choice.text
    await browser.get(first.headers["location"].replace("/login?", "/login/card/start?"))
    answered = await browser.post("/login/card/acs", data=house.card.answer(identity()))
    arrived = await browser.get(answered.headers["location"])
    assert arrived.headers["set-cookie"].startswith("__Host-munihub_session=")
    assert arrived.headers["location"] == "/login/session"
    page = await browser.get("/login/session")
    token = page.text.split('name="form" value="')[1].split('"')[0]
    assert (await browser.post("/logout", data={"form": token})).status_code == 200


async def test_towns_that_share_a_secure_host_are_kept_apart(house):
    object.__setattr__(house.town, "address", "https://hub.test/pregrada")
    browser = house.browser()
    browser.base_url = "https://hub.test"
    cookie = (await browser.get("/pregrada/login")).headers["set-cookie"]
    assert cookie.startswith("__Secure-munihub_login_pregrada=")
    assert cookie.endswith("; HttpOnly; Path=/pregrada; SameSite=lax; Secure")


async def test_where_an_eid_is_posted_to_its_own_redirects_are_allowed(house):
    from tests.integration.logins.conftest import add_eids

    add_eids(house.hub.hub, far=TrialEid(by_post=True, sso="https://eid.test/sso"))
    browser = house.browser()
    relay = await house.begin(browser)
    page = await browser.get("/pregrada/login/far/start", params={"t": relay})
    assert (
        "form-action 'self' http://127.0.0.1:8080 http://127.0.0.1:8081 https:;"
        in page.headers["content-security-policy"]
    )


def test_an_application_on_this_machine_may_take_any_port():
    assert pages._source("http://127.0.0.1/callback") == "http://127.0.0.1:*"
    assert pages._source("http://[::1]/callback") == "http://[::1]:*"
    assert pages._source("http://127.0.0.1:8080/callback") == "http://127.0.0.1:8080"
    assert pages._source("https://portal.example/callback") == "https://portal.example"
    assert pages._source("hr.pregrada.app:/callback") == "hr.pregrada.app:"
