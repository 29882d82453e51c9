"""Draws a page: template, language, the town's look, and headers that let it load and send nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.back_offices.model import Town
from hub.kernel.text import choose
from hub.logins.model import LoginTransaction
from portal_api.login import cookies, look
from portal_api.login.forms import form_token
from portal_api.login.languages import catalogues, choose_tag

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"


def page(
    request: Request,
    town: Town,
    language: str,
    template: str,
    status: int = 200,
    *,
    posts_to: str | None = None,
    frames: Iterable[str] = (),
    **values: Any,
) -> HTMLResponse:
    """`template` of the folder `templates`, in `language` (from `language_of`), with `values`.

    `posts_to` is the address of an eID a form of this page goes to, `frames` are addresses it shows in frames.
    A form of ours has a hidden field `form` with `form_token("/login/…")`, the path it goes to; the browser's cookie
    that needs is set where there is none yet, except in the answer to a POST.
    """
    known = cookies.browser_of(request, town)
    browser = known or cookies.new_browser()
    catalogue = catalogues()[language]
    root = cookies.base(request, town)

    def path(to: str, **query: str | None) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        return f"{root}{to}" + (f"?{urlencode(given)}" if given else "")

    html = (
        _environment()
        .get_template(template)
        .render(
            t=catalogue.text,
            language=language,
            languages=[(tag, one.name, _again(request, tag)) for tag, one in catalogues().items()],
            path=path,
            asset=lambda name: f"{path(f'/login/{name}')}?v={_version(name, town.city.look.colour)}",
            form_token=lambda to: form_token(browser, to),
            town=choose(town.city.name, [language], town.city.language),
            logo=town.city.look.logo is not None,
            localised=lambda texts: choose(texts, [language], town.city.language),
            **values,
        )
    )
    response = HTMLResponse(html, status_code=status)
    response.headers["Content-Security-Policy"] = _policy(town, posts_to, frames)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # A POST from another site comes without the cookie of a browser that has one, and would have it replaced here: the
    # login under way would be another browser's from then on.
    if known is None and request.method == "GET":
        cookies.keep_browser(response, request, town, browser)
    return response


def language_of(request: Request, town: Town, transaction: LoginTransaction | None = None) -> str:
    """Tag of the language of a page: chosen on the page, by the login's front end, by the browser, by the town."""
    return choose_tag(
        town.city.language,
        asked=request.query_params.get("lang"),
        wanted=transaction.language if transaction else None,
        accept_language=request.headers.get("accept-language"),
    )


def _policy(town: Town, posts_to: str | None, frames: Iterable[str]) -> str:
    """Content Security Policy Level 3. Chromium holds every redirect after a form against `form-action` (§6.4.1).

    Our own forms end in redirects to the front ends registered with the town. Where an eID leads a browser that was
    posted to it is its own affair, so that page allows what has the scheme of the eID; it shows no input field.
    """
    targets = {"'self'"} | {_source(uri) for client in town.city.clients.values() for uri in client.redirect_uris}
    if posts_to is not None:
        targets.add("https:" if posts_to.startswith("https:") else _source(posts_to))
    rules = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": " ".join(sorted(targets)),
        "frame-src": " ".join(sorted({_source(address) for address in frames})) or "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _source(address: str) -> str:
    """An address as a source of the policy: its origin, or the scheme of an application of its own."""
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.port is None and parts.hostname in {"127.0.0.1", "::1"}:
        return f"http://{parts.netloc}:*"  # an application on this machine, which takes any port (RFC 8252 §7.3)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


def _again(request: Request, language: str) -> str | None:
    """The same page in another language; None where it was the answer to a form and cannot be asked for again."""
    if request.method != "GET":
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return "?" + urlencode([*kept, ("lang", language)])


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _version(name: str, colour: str) -> str:
    """Changes with the file, so that browsers may keep it for long."""
    file = STATIC / name
    content = file.read_bytes() if file.is_file() else colour.encode()
    return sha256(content).hexdigest()[:12]


__all__ = ["STATIC", "language_of", "look", "page"]
