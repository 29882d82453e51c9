"""Addresses that may be called, and the origins by which they are compared."""

from __future__ import annotations

from typing import Annotated

import httpx
from pydantic import AfterValidator

from hub.kernel.errors import ConfigurationError
from hub.kit.redaction import shown_url


def origin(url: str) -> str:
    """`https://host:443` for a URL: scheme, host in lower case and IDNA, port written out (RFC 6454 §4).

    Raises ConfigurationError for anything but http(s) with a host, and for a user name in the URL.
    """
    return parse_url(url)[1]


def parse_url(url: str) -> tuple[httpx.URL, str]:
    """A URL and its origin. Raises ConfigurationError as `origin` does."""
    remedy = "Write an address such as https://host.example/path; credentials belong under auth."
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigurationError(f"{shown_url(str(url))!r} is not a URL", remedy=remedy) from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise ConfigurationError(f"{shown_url(url)!r} is not a plain http or https URL", remedy=remedy)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    host = parsed.raw_host.decode()
    return parsed, f"{parsed.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _plain(url: str) -> str:
    try:
        origin(url)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return url


def _base(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("the base URL has no query and no fragment")
    return url.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_plain)]
"""A text that `origin` accepts."""

BaseUrl = Annotated[HttpUrl, AfterValidator(_base)]
"""The same, to which paths are added; kept without a slash at its end."""
