"""What `munihub doctor` is told."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.kernel.errors import ConfigurationError
from hub.kit.certificates import Certificate, Key
from hub.ports.back_office import CheckStep
from identity.saml.checks import steps
from identity.saml.metadata import MetadataFile
from tests.support.saml_idp import IDP, NOW, certificate, key, metadata


def told(tmp_path: Path, idp: bytes, *ours: Key, sha1: dict[str, date] | None = None) -> list[CheckStep]:
    file = tmp_path / "idp.xml"
    file.write_bytes(idp)
    return list(steps(MetadataFile(file, None), ours or (key("sp"),), sha1 or {}, NOW))  # type: ignore[arg-type]


def until(days: int, *, bits: int = 2048) -> Key:
    private = rsa.generate_private_key(65537, bits)
    return Key(Certificate.of(certificate(private, "short", end=NOW + timedelta(days=days))), private)


def test_all_is_well(tmp_path: Path) -> None:
    found = told(tmp_path, metadata())

    assert [(step.name, step.ok) for step in found] == [
        ("metadata", True),
        ("their certificate", True),
        ("our signing key", True),
    ]
    assert found[0].detail == IDP
    assert found[2].detail.endswith("until 2027-08-13 (265 days)")


def test_metadata_that_ends_soon_or_ended_fails(tmp_path: Path) -> None:
    for end, ok in ((31, True), (30, False), (0, False)):
        first, *_ = told(tmp_path, metadata(valid_until=NOW + timedelta(days=end)))
        assert (first.name, first.ok) == ("metadata", ok)


def test_a_certificate_of_theirs_that_ends_soon_fails_unless_the_next_is_there(tmp_path: Path) -> None:
    old, new = until(10), until(400)

    assert [step.ok for step in told(tmp_path, metadata(old)) if step.name == "their certificate"] == [False]
    assert [step.ok for step in told(tmp_path, metadata(old, new)) if step.name == "their certificate"] == [True, True]


def test_our_keys_are_watched(tmp_path: Path) -> None:
    found = told(tmp_path, metadata(), until(20), until(400))

    assert [(step.name, step.ok) for step in found[2:]] == [("our signing key", False), ("our other key", True)]


def test_a_short_key_of_theirs_is_refused_at_start_and_never_comes_into_force(tmp_path: Path) -> None:
    good, short = until(400), until(400, bits=1024)
    with pytest.raises(ConfigurationError, match=r"CN=short, .* signs with RSA of 1024 bits, needed are 2048"):
        told(tmp_path, metadata(good, short))
    file = tmp_path / "idp.xml"
    file.write_bytes(metadata(good))
    read = MetadataFile(file, None)
    file.write_bytes(metadata(good, short))
    assert [one.parsed for one in read.provider.certificates] == [good.certificate.parsed]
    assert "1024 bits" in (read.problem or "")


def test_a_file_that_could_not_be_opened_for_a_moment_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moved there by root with mode 0600, then made readable: its time and size stay as they were."""
    old, new = until(400), until(400)
    file = tmp_path / "idp.xml"
    file.write_bytes(metadata(old))
    read = MetadataFile(file, None)
    file.write_bytes(metadata(old, new))
    with monkeypatch.context() as closed:
        closed.setattr(Path, "read_bytes", Mock(side_effect=PermissionError(13, "Permission denied")))
        assert len(read.provider.certificates) == 1
        assert "Permission denied" in (read.problem or "")
    assert len(read.provider.certificates) == 2
    assert read.problem is None


def test_a_file_that_was_away_for_a_moment_is_no_problem_any_more(tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "idp.xml", tmp_path / "elsewhere"
    file.write_bytes(metadata(until(400)))
    read = MetadataFile(file, None)
    file.rename(elsewhere)
    assert len(read.provider.certificates) == 1
    assert "No such file" in (read.problem or "")
    elsewhere.rename(file)
    assert len(read.provider.certificates) == 1
    assert read.problem is None


def test_a_short_key_of_ours_fails(tmp_path: Path) -> None:
    found = told(tmp_path, metadata(), until(400, bits=1024))

    assert not found[2].ok
    assert "1024 bits, needed are 2048" in found[2].detail


def test_exceptions_for_sha1_are_shown_and_their_end(tmp_path: Path) -> None:
    *_, live, over = told(tmp_path, metadata(), sha1={"logout": NOW.date(), "response": NOW.date() - timedelta(days=1)})

    assert live == CheckStep("SHA-1", ok=True, detail="accepted in signatures of a logout until 2026-11-21: weak")
    assert over == CheckStep("SHA-1", ok=False, detail="the exception for a response ended on 2026-11-20: remove it")
