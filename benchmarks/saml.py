"""Judging a SAML response beside python3-saml alone: the same signed response, and the same one encrypted.

Ours is what a login does with what the browser brought (`identity.saml.response.judge`): base64, hardened parsing,
signature, every condition, claims as texts. python3-saml checks the signature and the conditions it knows in strict
mode; it accepts SHA-1 and remembers nothing, as we do here, since what is said once is kept by the hub. Processor time,
the smallest of interleaved rounds.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from urllib.parse import urlsplit

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from benchmarks.row import Row, for_information
from identity.saml.response import judge
from identity.saml.signatures import Policy
from identity.saml.validity import Expected
from tests.support import saml_idp

ROUNDS, TIMES = 5, 40


def run(quick: bool) -> list[Row]:
    rounds, times = (2, 5) if quick else (ROUNDS, TIMES)
    # python3-saml looks at the machine's clock.
    now = datetime.now(UTC).replace(microsecond=0)
    said = saml_idp.changed(at=now, end=now + timedelta(hours=1))
    plain = saml_idp.signed_response(said)
    encrypted = saml_idp.encrypt(saml_idp.signed_assertion(said), saml_idp.key("sp"))
    rows = []
    for name, response in (("signed", plain), ("signed and encrypted", encrypted)):
        posted = base64.b64encode(response).decode()
        took = _smallest({"ours": partial(_ours, posted, now), "peer": partial(_peer, posted)}, rounds, times)
        row = f"SAML response, {name}: judged"
        rows.append(for_information(row, (1 / took["ours"], "/s"), ("python3-saml", 1 / took["peer"])))
    return rows


def _ours(posted: str, now: datetime) -> None:
    idp, own = saml_idp.key("idp"), saml_idp.key("sp")
    expected = Expected(
        issuer=saml_idp.IDP,
        audience=saml_idp.SP,
        acs=saml_idp.ACS,
        request_id=saml_idp.REQUEST,
        policy=Policy([idp.certificate], now.date(), {}),
        keys=[own.private],
        now=now,
    )
    judge(base64.b64decode(posted), expected)


@cache
def _settings() -> OneLogin_Saml2_Settings:
    idp, own = saml_idp.key("idp"), saml_idp.key("sp")
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": saml_idp.SP,
                "assertionConsumerService": {"url": saml_idp.ACS},
                "x509cert": own.certificate.pem,
                "privateKey": own.pem,
            },
            "idp": {
                "entityId": saml_idp.IDP,
                "singleSignOnService": {"url": saml_idp.SSO},
                "x509cert": idp.certificate.pem,
            },
            "security": {"rejectDeprecatedAlgorithm": True},
        },
        sp_validation_only=False,
    )


def _peer(posted: str) -> None:
    where = urlsplit(saml_idp.ACS)
    asked = {"https": "off", "http_host": where.netloc, "script_name": where.path, "get_data": {}, "post_data": {}}
    found = OneLogin_Saml2_Response(_settings(), posted)
    if not found.is_valid(asked, request_id=saml_idp.REQUEST):
        raise AssertionError(found.get_error())


def _smallest(work: dict[str, Callable[[], None]], rounds: int, times: int) -> dict[str, float]:
    """Processor seconds of one call, by name."""
    took: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            began = time.process_time()
            for _ in range(times):
                call()
            took[name].append((time.process_time() - began) / times)
    return {name: min(values) for name, values in took.items()}
