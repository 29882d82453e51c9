"""What can be wrong with the answers of a simulated SAML identity provider."""

from __future__ import annotations

from typing import Literal

from simulators.kit.switches import Switches

Wrong = Literal[
    "unsigned",
    "wrong_key",
    "next_key",
    "sha1",
    "tampered",
    "expired",
    "not_yet_valid",
    "wrong_audience",
    "wrong_recipient",
    "wrong_destination",
    "wrong_issuer",
    "wrong_in_response_to",
    "wrong_relay",
    "unsolicited",
    "replayed",
    "two_assertions",
    "not_encrypted",
    "encrypted_cbc",
    "encrypted_rsa15",
    "low_assurance",
    "unknown_assurance",
    "missing_attribute",
    "unknown_attribute",
    "comment",
    "doctype",
    "cancelled",
    "broken",
    "partial_logout",
]


class SamlSwitches(Switches):
    """As every simulator's, and `wrong`: what is wrong with each message sent, any number at once.

    `unsigned`               no signature at all
    `wrong_key`              signed with a key that is not in the metadata, with its certificate beside
    `next_key`               signed with the key of the coming year; the metadata then list both
    `sha1`                   signed with RSA-SHA1, digested with SHA-1
    `tampered`               changed after it was signed
    `expired`, `not_yet_valid`   all its times are two hours early or late
    `wrong_audience`, `wrong_recipient`, `wrong_destination`, `wrong_issuer`   meant for or from somebody else
    `wrong_in_response_to`   the answer to a request nobody made
    `wrong_relay`            another RelayState
    `unsolicited`            the answer to no request
    `replayed`               the last answer that service got, byte for byte; a fresh one where there was none
    `two_assertions`         a second assertion, of another person
    `not_encrypted`          the assertion as plain XML
    `encrypted_cbc`, `encrypted_rsa15`   old algorithms: AES-256-CBC, RSA PKCS #1 v1.5
    `low_assurance`, `unknown_assurance`   the level low whatever was asked; a level nobody knows
    `missing_attribute`      without the attribute that says who it is
    `unknown_attribute`      with `urn:munihub:simulator:new`, which nobody announced
    `comment`                an XML comment inside the identifying values
    `doctype`                with a document type
    `cancelled`              as if the person had given up
    `broken`                 status Responder, no assertion
    `partial_logout`         a logout is answered with Responder and PartialLogout
    """

    wrong: tuple[Wrong, ...] = ()
