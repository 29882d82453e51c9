"""`munihub saml verify`: the administrator's look at one stored response."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from identity.saml.command import register
from tests.support.saml_idp import (
    ACS,
    IDP,
    NOW,
    PERSON,
    REQUEST,
    SP,
    changed,
    encrypt,
    key,
    metadata,
    pem,
    sign,
    signed_assertion,
    signed_response,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "idp.xml").write_bytes(metadata())
    (tmp_path / "idp.pem").write_text(key("idp").certificate.pem)
    (tmp_path / "idp.b64").write_text(f"{key('idp').certificate.base64}\n")
    (tmp_path / "own.key").write_bytes(pem(key("sp").private))
    return tmp_path


def verify(folder: Path, data: bytes | str, *options: str, **how: Any) -> Result:
    app = typer.Typer()
    register(app)
    (folder / "response").write_bytes(data.encode() if isinstance(data, str) else data)
    values = {"idp": str(folder / how.pop("idp", "idp.xml")), "audience": SP, "acs": ACS, "at": "2026-11-21T10:00:00Z"}
    given = [part for name, value in (values | how).items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return CliRunner().invoke(app, ["saml", "verify", str(folder / "response"), *given, *options])


def verdict(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_an_accepted_response_is_told_with_its_subject_attributes_and_assurance(folder: Path) -> None:
    result = verify(folder, signed_response(), "--json", request_id=REQUEST)

    assert result.exit_code == 0
    assert verdict(result) == {
        "verdict": "accepted",
        "subject": "ES/CZ/4711",
        "subject_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "issuer": IDP,
        "assurance": "substantial",
        "authn_context": "http://eidas.europa.eu/LoA/substantial",
        "authenticated_at": "2026-11-21T10:00:00Z",
        "session_index": "session-1",
        "audiences": [SP],
        "in_response_to": REQUEST,
        "valid_until": "2026-11-21T10:05:00Z",
        "encrypted": False,
        "signed": {"response": ["rsa-sha256", "sha256"]},
        "attributes": {
            f"{PERSON}PersonIdentifier": ["ES/CZ/4711"],
            f"{PERSON}CurrentFamilyName": ["Nováková"],
            f"{PERSON}CurrentGivenName": ["Jana"],
            f"{PERSON}DateOfBirth": ["1980-02-29"],
        },
        "notes": [],
    }


def test_it_is_told_in_words_too(folder: Path) -> None:
    output = verify(folder, signed_response(), request_id=REQUEST).output

    assert output.startswith("accepted\n  subject: ES/CZ/4711\n")
    assert f"    {PERSON}CurrentFamilyName: Nováková\n" in output


def test_a_refusal_has_its_reason(folder: Path) -> None:
    result = verify(folder, signed_response(), "--json", audience="https://other.example")

    assert result.exit_code == 1
    assert verdict(result) == {
        "verdict": "refused",
        "reason": "wrong_audience",
        "detail": f"The assertion is for '{SP}', and not for 'https://other.example'.",
    }
    in_words = verify(folder, signed_response(), at="2026-11-21T12:00:00Z")
    assert in_words.exit_code == 1
    assert in_words.output.startswith("refused: expired\n  The assertion held until 2026-11-21T10:05:00Z.")


@pytest.mark.parametrize("idp", ["idp.xml", "idp.pem", "idp.b64"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_message_and_the_provider_come_in_any_form(folder: Path, idp: str, *, packed: bool) -> None:
    data = signed_response()
    result = verify(folder, base64.encodebytes(data) if packed else b"\xef\xbb\xbf\n" + data, idp=idp)

    assert result.exit_code == 0, result.output


def test_the_message_may_come_by_standard_input(folder: Path) -> None:
    app = typer.Typer()
    register(app)
    options = ["--idp", str(folder / "idp.xml"), "--audience", SP, "--acs", ACS, "--at", "2026-11-21T10:00:00Z"]
    result = CliRunner().invoke(app, ["saml", "verify", "-", *options], input=signed_response())

    assert result.exit_code == 0, result.output


def test_an_encrypted_assertion_needs_a_key(folder: Path) -> None:
    data = encrypt(signed_assertion(), key("sp"))

    assert verify(folder, data).exit_code == 1
    assert verify(folder, data, key=folder / "own.key").exit_code == 0


def test_a_request_id_is_compared_where_given(folder: Path) -> None:
    assert verify(folder, signed_response()).exit_code == 0
    other = verify(folder, signed_response(), "--json", request_id="_request-2")
    assert verdict(other)["reason"] == "unsolicited"


def test_sha1_is_judged_by_the_rules_of_its_time_and_said(folder: Path) -> None:
    then = NOW.replace(year=2019)
    old = signed_response(changed(at=then), method="RSA_SHA1", digest="SHA1")
    new = signed_response(method="RSA_SHA1", digest="SHA1")

    accepted = verify(folder, old, "--json", at="2019-11-21T10:00:00Z")
    assert accepted.exit_code == 0
    assert any("SHA-1" in note for note in verdict(accepted)["notes"])
    assert (
        verdict(verify(folder, old, "--json", at="2019-11-21T10:00:00Z", sha1_until="2018-01-01"))["reason"]
        == "weak_algorithm"
    )
    assert verdict(verify(folder, new, "--json"))["reason"] == "weak_algorithm"
    assert verify(folder, new, sha1_until="2026-11-21").exit_code == 0


def test_what_a_login_would_refuse_besides_is_noted(folder: Path) -> None:
    said = changed(audience=None, context="urn:other")
    notes = verdict(verify(folder, signed_response(said), "--json", idp="idp.pem"))["notes"]

    assert [note.partition(":")[0] for note in notes] == [
        "the assertion does not say whom it is for",
        "a certificate names no issuer",
        "no request ID was given",
        "the level of assurance is none of eIDAS",
    ]


def test_metadata_is_judged_by_its_signature_and_its_end(folder: Path) -> None:
    until = NOW + timedelta(days=1)
    whole = sign(metadata(valid_until=until), uri="")
    named = sign(metadata(valid_until=until).replace(b"<md:EntityDescriptor", b'<md:EntityDescriptor ID="_m"', 1))

    for data in (whole, named):
        result = verify(folder, data, "--json", idp="idp.pem")
        assert verdict(result)["metadata_of"] == IDP
        assert verdict(verify(folder, data, "--json", idp="idp.pem", at="2026-11-22T10:00:00Z"))["reason"] == "expired"
        spoilt = data.replace(b"https://idp.example/sso", b"https://evil.example/sso")
        assert verdict(verify(folder, spoilt, "--json", idp="idp.pem"))["reason"] == "bad_signature"
    assert verdict(verify(folder, metadata(), "--json", idp="idp.pem"))["reason"] == "bad_signature"


def test_metadata_beyond_its_end_is_not_believed(folder: Path) -> None:
    (folder / "idp.xml").write_bytes(metadata(valid_until=NOW))

    assert verdict(verify(folder, signed_response(), "--json"))["reason"] == "unavailable"


def test_what_is_no_message_is_refused(folder: Path) -> None:
    for data in (b"", b"\x00\x01", "é", "AAAA", "{}"):
        assert verdict(verify(folder, data, "--json"))["reason"] == "malformed"


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"idp": "response"}, "--idp"),
        ({"idp": "nowhere"}, "--idp"),
        ({"at": "yesterday"}, "--at"),
        ({"sha1_until": "soon"}, "--sha1-until"),
        ({"key": "/nowhere"}, "--key"),
        ({"skew": 181}, "--skew"),
    ],
)
def test_a_wrong_option_is_a_matter_of_use(folder: Path, how: dict[str, Any], named: str) -> None:
    result = verify(folder, signed_response(), **how)

    assert result.exit_code == 2
    assert named in result.output
    assert "Traceback" not in result.output


def test_a_certificate_is_no_key_and_is_not_shown(folder: Path) -> None:
    result = verify(folder, signed_response(), key=folder / "idp.pem")

    assert result.exit_code == 2
    assert "BEGIN" not in result.output


def test_what_comes_from_outside_does_nothing_to_the_terminal(folder: Path) -> None:
    said = changed(name_id="\u202eevil&#10;accepted", attributes={"urn:a": "x"})

    assert "\u202e" not in verify(folder, signed_response(said)).output
    assert "\naccepted" not in verify(folder, signed_response(said)).output
