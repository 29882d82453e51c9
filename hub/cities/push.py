"""The `push:` block of a back office: how it proves itself, what its messages mean, and how much it may send."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from cryptography import x509
from pydantic import AfterValidator, Field, model_validator

from hub.cities.faults import fault_at
from hub.cities.values import Strict
from hub.kit.charset import charset_of
from hub.kit.secrets import SecretRef


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError(
            "write the SHA-256 fingerprint, 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` gives"
        )
    return digits


def _subject(text: str) -> str:
    try:
        x509.Name.from_rfc4514_string(text)
    except ValueError:
        raise ValueError(f"{text!r} is no subject; write it as RFC 4514 does, such as CN=financije,O=Grad") from None
    return text


def _encoding(text: str) -> str:
    try:
        return charset_of(text)
    except LookupError:
        raise ValueError(f"{text!r} is not an encoding; write one such as utf-8 or windows-1250") from None


def _folder(text: str) -> str:
    if not PurePosixPath(text).is_absolute() or ".." in PurePosixPath(text).parts or "\0" in text:
        raise ValueError(f"{text!r} is not an absolute path; write one such as /srv/munihub/drop/financije")
    return text


class PushEvent(Strict):
    """What one CloudEvents type of a back office means."""

    feed: str
    mapping: str | None = Field(default=None, description="file that reads the event's data")
    says: Literal["records", "complete"] = Field(
        default="records", description="complete: everything up to this event has been sent"
    )

    @model_validator(mode="after")
    def _mapped(self) -> Self:
        if (self.says == "records") == (self.mapping is None):
            raise ValueError("records need a mapping; `says: complete` has none")
        return self


class Certificate(Strict):
    """A client certificate the back office shows (mutual TLS): this one, or any that the trusted CA gave to a name."""

    sha256: Annotated[str, AfterValidator(_fingerprint)] | None = Field(
        default=None, description="fingerprint of the certificate"
    )
    subject: Annotated[str, AfterValidator(_subject)] | None = Field(
        default=None, description="its subject as RFC 4514 writes it, such as CN=financije,O=Grad"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.sha256 is None) == (self.subject is None):
            raise ValueError("write either sha256 or subject")
        return self


class PushFile(Strict):
    """One kind of file: which ones by their name, how they are written, and what their records are.

    A CSV file has its names in the first line; each other line is one record. `records` is where the records stand in
    XML (path of element names below the root) and JSON (path of keys; absent: the file is the list).
    """

    names: str = Field(min_length=1, description="pattern of their names, such as stavke-*.csv")
    feed: str
    mapping: str = Field(description="file that reads one record")
    format: Literal["csv", "ndjson", "json", "xml"]
    encoding: Annotated[str, AfterValidator(_encoding)] = Field(
        default="utf-8", description="of CSV, NDJSON and JSON; XML says its own"
    )
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="between the values of CSV")
    records: str = Field(default="", description="path of the records in XML or JSON, such as Stavke.Stavka")
    says: Literal["records", "complete"] = Field(
        default="records", description="complete: after such a file everything up to it has been sent"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.format == "xml" and not self.records:
            raise fault_at("XML has its records somewhere", "records", remedy="Write their path, such as Stavka.")
        if self.format in {"csv", "ndjson"} and self.records:
            raise fault_at(f"in {self.format} every line is a record", "records", remedy="Remove it.")
        if "/" in self.names or "\\" in self.names:
            raise fault_at("it is a name and no path", "names", remedy="Write a pattern such as stavke-*.csv.")
        return self


class PushLimits(Strict):
    """How much one back office may send. What goes beyond is refused with 429 and when to try again; nothing that was
    accepted is lost.
    """

    requests: int = Field(default=6000, ge=1, description="in a minute")
    bytes: int = Field(default=2_000_000_000, ge=1000, description="in a minute")
    waiting: int = Field(default=500_000, ge=1, description="messages that are kept and not applied yet")


class Push(Strict):
    """How a back office pushes to us. It proves itself by any one of those that are there; a machine among the town's
    clients that is bound to it is another one.
    """

    secret: SecretRef | None = Field(default=None, description="bearer secret the back office sends")
    signatures: list[SecretRef] = Field(
        default_factory=list,
        description="secrets it signs with (Standard Webhooks, whsec_…); two while one takes the other's place",
    )
    certificates: list[Certificate] = Field(default_factory=list, description="client certificates it shows")
    folder: Annotated[str, AfterValidator(_folder)] | None = Field(
        default=None, description="where it drops files: whoever can write there is believed"
    )
    events: dict[str, PushEvent] = Field(default_factory=dict, description="CloudEvents type → what it means")
    soap: dict[str, Literal["obligation", "case", "subject"]] = Field(
        default_factory=dict, description="feed → the records it takes at the SOAP door, in the hub's own words"
    )
    files: dict[Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=60)], PushFile] = Field(
        default_factory=dict, description="kinds of files"
    )
    limits: PushLimits = PushLimits()

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if not (self.events or self.soap or self.files):
            raise fault_at("nothing says what it pushes", "events", remedy="Write events, soap or files.")
        if self.folder and not self.files:
            raise fault_at("nothing says what its files are", "files", remedy="Write files, or remove folder.")
        return self

    def feeds(self) -> list[tuple[tuple[str, ...], str]]:
        """Every feed it names, with the key that does."""
        named: list[tuple[tuple[str, ...], str]] = [
            (("events", kind, "feed"), event.feed) for kind, event in self.events.items()
        ]
        named += [(("files", kind, "feed"), file.feed) for kind, file in self.files.items()]
        return named + [(("soap", feed), feed) for feed in self.soap]
