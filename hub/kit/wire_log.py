"""The redacted wire log: what went over the line to a back office, as an operator may read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hub.kit.redaction import redact, redact_headers

WireLog = Callable[[str], None]
"""Receives one text of several lines for each request and each reply."""

_SHOWN = 2000  # characters of a body


def wire_text(first_line: str, headers: Mapping[str, str], content: bytes, *, secrets: Iterable[str] = ()) -> str:
    """`first_line`, the headers and the start of the body without secrets, e-mails and long numbers.

    Names and addresses of citizens stay readable: a wire log is switched on for one back office for a
    short time, and is kept where personal data may be kept.
    """
    secrets = tuple(secrets)
    lines = [redact(first_line, secrets=secrets)]
    lines += [f"{name}: {value}" for name, value in redact_headers(headers, secrets=secrets).items()]
    if content:
        # Redacted before it is cut, so that a cut does not take away what shows that a value is a secret.
        body = redact(content[: 4 * _SHOWN].decode("utf-8", "replace"), secrets=secrets)
        lines += ["", body if len(body) <= _SHOWN else f"{body[:_SHOWN]}… ({len(content)} bytes)"]
    return "\n".join(lines)
