"""What comes back through the browser: a code, or the issuer's reason why not (RFC 6749 §4.1.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from hub.kernel.errors import LoginRefused
from hub.ports.eid import Answer
from identity.oidc.client import error_code

_LONGEST_CODE = 4_000

# RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6, OpenID Connect Core Error Code
# unmet_authentication_requirements 1.0; every other code is a mistake between us and the issuer.
_REASONS = {
    "access_denied": "cancelled",
    "login_required": "failed",
    "interaction_required": "failed",
    "consent_required": "cancelled",
    "account_selection_required": "failed",
    "unmet_authentication_requirements": "too_little_assurance",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}


def read_answer(fields: Mapping[str, str]) -> str:
    """The code. Raises LoginRefused; the issuer's description of an error is left out, as it may name a person."""
    if "error" in fields:
        code = fields["error"]
        shown = error_code(code)
        raise LoginRefused(f"The issuer gave no code: {shown}.", reason=_REASONS.get(code, "failed"))
    code = fields.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE or not code.isascii() or not code.isprintable():
        raise LoginRefused("The answer has neither a code nor an error.", reason="malformed")
    return code


def refuse_duplicates(answer: Answer) -> None:
    """RFC 6749 §3.1: a parameter given twice could be read differently by two parts of us. Raises LoginRefused."""
    pairs = parse_qsl(urlsplit(answer.url).query, keep_blank_values=True)
    if answer.method == "POST" and answer.media_type.startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(answer.body.decode("latin-1"), keep_blank_values=True)
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise LoginRefused("The answer has a parameter twice.", reason="malformed")
