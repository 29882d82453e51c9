"""Takes secrets and personal identifiers out of texts that people read: error evidence and wire logs.

It errs on the side of hiding: a masked invoice number costs an operator a look into the stored
message, a shown identifier cannot be taken back.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

_NAMES = r"(?:access_|refresh_|id_)?token|(?:client_)?secret|password|passwd|pwd|api[_-]?key|assertion"
# Each pattern and what takes the place of what it finds. Order matters: whole headers go before values
# inside them, and values that are named secrets go before digits.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(?im)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(\s*[:=]\s*)\S[^\r\n]*"),
        r"\1\2[secret]",
    ),
    # The look-ahead leaves words alone, as in “Basic authentication”.
    (
        re.compile(r"\b((?i:basic|bearer|digest)\s+)(?=\S*(?:[0-9=+/]|[a-z][A-Z]))[A-Za-z0-9._~+/=-]{6,}"),
        r"\1[secret]",
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), "[token]"),
    (re.compile(r"(?i)(//)[^/?#\s@\"'<>]{1,200}@"), r"\1[secret]@"),
    # `"password": "…"` in JSON, with escaped quotation marks inside.
    (re.compile(rf'(?i)("[\w-]*(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"?'), r'\1"[secret]"'),
    # `password=…` in a form, a query or an attribute.
    (re.compile(rf"(?i)\b([\w-]*(?:{_NAMES})=)(?:\"[^\"]*\"?|'[^']*'?|[^&\s\"'<>]+)"), r"\1[secret]"),
    # `<wsse:Password Type="…">…</wsse:Password>`; also nonces, with which a digest could be tried offline.
    (
        re.compile(rf"(?i)(<(?:[\w.-]+:)?(?:[\w.-]*(?:{_NAMES})|nonce)(?:\s[^<>]*)?>)\s*[^<\s][^<]*"),
        r"\1[secret]",
    ),
    (re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    # Birth numbers written with a slash (rodné číslo), and digits in groups such as an IBAN's.
    (re.compile(r"(?<!\d)\d{6}/\d{3,4}(?!\d)"), "[digits]"),
    (re.compile(r"\d(?: ?\d){7,}"), "[digits]"),
)
_SECRET_HEADERS = re.compile(r"(?i)authorization|cookie|token|secret|password|api-?key|signature")


def redact(text: str, *, secrets: Iterable[str] = ()) -> str:
    """`text` without credentials, e-mail addresses and runs of eight or more digits.

    `secrets` are values known to the caller; they are removed wherever they stand.
    """
    for value in sorted((value for value in secrets if len(value) >= 4), key=len, reverse=True):
        text = text.replace(value, "[secret]")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_headers(headers: Mapping[str, str], *, secrets: Iterable[str] = ()) -> dict[str, str]:
    """Headers as they may be shown; those that carry credentials by their name are blanked."""
    secrets = tuple(secrets)
    return {
        name: "[secret]" if _SECRET_HEADERS.search(name) else redact(value, secrets=secrets)
        for name, value in headers.items()
    }


def secrets_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be shown of the headers that prove who we are: each value, its token, Basic's password."""
    found = list(headers.values())
    for value in headers.values():
        scheme, _, token = value.rpartition(" ")
        found.append(token)
        if scheme.lower() == "basic":
            with suppress(ValueError):
                found.append(base64.b64decode(token).decode().partition(":")[2])
    return tuple(found)


def shown_url(url: str) -> str:
    """A URL as an error text may name it: no user, no query, no fragment, identifiers masked."""
    return redact(re.split(r"[?#]", url, maxsplit=1)[0])


def snippet(content: bytes, *, limit: int = 160, secrets: Iterable[str] = ()) -> str:
    """The shape of a body nobody could read, as evidence for the operator; empty for an empty one.

    Documents of a back office are about citizens, so of XML only the tags and of JSON only the keys
    are kept; of an HTML page (a proxy's error page, a login form) the title; of plain text the first line.
    """
    text = content[:4000].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    start = text[:400].lower()
    if "<html" in start or "<!doctype html" in start:
        title = re.search(r"(?is)<title[^>]*>(.*?)</title", text)
        text = f"HTML page “{title[1].strip()}”" if title else "HTML page"
    elif text.startswith("<"):
        text = _outline_of_xml(text)
    elif text.startswith(("{", "[")):
        text = _JSON_TOKEN.sub(lambda found: found[1] or "…", text)
    else:
        # Words that long are no words but something encoded.
        text = re.sub(r"\S{40,}", "…", text.partition("\n")[0])
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    text = redact(" ".join(plain.split()), secrets=secrets)
    return text if len(text) <= limit else text[: limit - 1] + "…"


_JSON_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*"\s*:)|"(?:[^"\\]|\\.)*"?|[\w.+-]+')
_XML_QUOTED = re.compile(r"""(<\?xml\s[^?]*\?>|xmlns(?::[\w.-]+)?=(?:"[^"]*"|'[^']*'))|"[^"]*"?|'[^']*'?""")


def _outline_of_xml(text: str) -> str:
    text = re.sub(r"(?s)<!--.*?(?:-->|\Z)", "", text)
    text = re.sub(r"(?s)<!\[CDATA\[.*?(?:\]\]>|\Z)", "…", text)
    text = re.sub(r">[^<]*[^<\s][^<]*", ">…", text)
    return _XML_QUOTED.sub(lambda found: found[1] or "…", text)
