"""What can be wrong with a simulated OpenID provider, or with one that is nearly one."""

from __future__ import annotations

from typing import Literal

from simulators.kit.switches import Switches

Wrong = Literal[
    "wrong_state",
    "wrong_iss_parameter",
    "cancelled",
    "authorize_error",
    "token_error",
    "token_error_200",
    "userinfo_error",
    "wrong_nonce",
    "no_nonce",
    "wrong_iss",
    "wrong_aud",
    "more_aud",
    "wrong_azp",
    "expired",
    "not_yet_valid",
    "alg_none",
    "hs256_secret",
    "hs256_public_key",
    "wrong_key",
    "unknown_kid",
    "tampered",
    "wrong_at_hash",
    "wrong_sub",
    "no_id_token",
    "low_assurance",
    "no_assurance",
    "missing_claim",
    "unknown_claim",
    "wrong_issuer_in_discovery",
]


class OidcSwitches(Switches):
    """As every simulator's, and `wrong`: what is wrong with each answer, any number at once.

    `wrong_state`, `wrong_iss_parameter`   in the redirect back (RFC 9207 for the latter)
    `cancelled`, `authorize_error`   the redirect back says access_denied, server_error
    `token_error`, `token_error_200`   invalid_grant with status 400, or 200 as id.gov.ua does
    `userinfo_error`         invalid_token, status 401
    `wrong_nonce`, `no_nonce`, `wrong_iss`, `wrong_aud`   claims of the ID token
    `more_aud`, `wrong_azp`  a second audience without `azp`; an `azp` of another client
    `expired`, `not_yet_valid`   its times are two hours early or late
    `alg_none`               an unsigned ID token
    `hs256_secret`, `hs256_public_key`   HMAC with the client's secret, or with the public key as if it were one
    `wrong_key`              the published kid, another key
    `unknown_kid`            a kid and key that are not published
    `tampered`               a claim changed after signing
    `wrong_at_hash`          of another access token
    `wrong_sub`              userinfo is about somebody else
    `no_id_token`            none in the answer
    `low_assurance`, `no_assurance`   the lowest level; nothing said about it
    `missing_claim`          without the claim that says who it is
    `unknown_claim`          with `munihub_new`, which nobody announced
    `wrong_issuer_in_discovery`   the document names another issuer
    """

    wrong: tuple[Wrong, ...] = ()
