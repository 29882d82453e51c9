"""Draws the page of a payment: as the pages of a login look, without a script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.back_offices.model import Town
from hub.kernel.text import choose
from portal_api.login import cookies
from portal_api.login.languages import catalogues
from portal_api.login.pages import STATIC

_FOLDER = Path(__file__).parent
_LOGIN = STATIC.parent


def page(
    request: Request,
    town: Town,
    language: str,
    template: str,
    code: int = 200,
    *,
    posts_to: str | None = None,
    refresh: int | None = None,
    **values: Any,
) -> HTMLResponse:
    """`template` of the folder `templates` in `language` (from portal_api.login.pages.language_of), with `values`.

    `posts_to`: the address of a gateway that a form of this page goes to. `refresh`: seconds after which the browser
    asks again by itself.
    """
    root = cookies.base(request, town)

    def path(to: str, **query: str) -> str:
        return f"{root}{to}" + (f"?{urlencode(query)}" if query else "")

    def text(key: str, **given: str) -> str:
        own = texts(language)
        return own[key].format(**given) if key in own else catalogues()[language].text(key, **given)

    html = (
        _environment()
        .get_template(template)
        .render(
            t=text,
            language=language,
            languages=[(tag, one.name, _again(request, tag)) for tag, one in catalogues().items()],
            path=path,
            asset=lambda name: path(f"/login/{name}", v=_version(name, town.city.look.colour)),
            town=choose(town.city.name, [language], town.city.language),
            logo=town.city.look.logo is not None,
            **values,
        )
    )
    response = HTMLResponse(html, code)
    response.headers["Content-Security-Policy"] = _policy(posts_to)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # The address is a key: where somebody has published it, nobody is to find it by searching.
    response.headers["X-Robots-Tag"] = "noindex"
    if refresh is not None:
        response.headers["Refresh"] = str(refresh)
    return response


@cache
def texts(language: str) -> Mapping[str, str]:
    """Of this folder: `texts/<tag of a login's catalogue>.yaml`, keys joined by dots."""
    document = yaml.safe_load((_FOLDER / "texts" / f"{language}.yaml").read_text(encoding="utf-8"))
    return {f"{block}.{key}": value for block, below in document.items() for key, value in below.items()}


def _policy(posts_to: str | None) -> str:
    """Content Security Policy Level 3: no script at all; forms go to us, and to the gateway of this very payment.

    Chromium holds every redirect after a form against `form-action` (§6.4.1), and where a gateway leads a browser that
    was posted to it is its own affair: such a page allows what has the gateway's scheme.
    """
    targets = ["'self'"]
    if posts_to is not None:
        parts = urlsplit(posts_to)
        targets.append("https:" if parts.scheme == "https" else f"{parts.scheme}://{parts.netloc}")
    rules = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": " ".join(targets),
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _again(request: Request, language: str) -> str | None:
    """The same page in another language; None where it was the answer to a form."""
    if request.method != "GET":
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return "?" + urlencode([*kept, ("lang", language)])


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_FOLDER / "templates", _LOGIN / "templates"]),
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
