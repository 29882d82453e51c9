"""Makes a recording: real calls through the configured connector, without credentials and without personal data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from hub.back_offices.model import BackOffice, Town
from hub.contracts.personal import Redactor
from hub.contracts.recording import Recorded, Recording, kept_headers
from hub.contracts.replies import read_document
from hub.contracts.uses import Use, uses_of
from hub.kernel.errors import ConfigurationError, NotFound
from hub.kit.exchanges import Exchange, listening
from hub.kit.secrets import SecretRef
from hub.mapping.mapping import Mapping as RecordMapping
from hub.mapping.plain import plain_record
from hub.ports.back_office import Arguments, FeedReader

_CREDENTIALS = re.compile(
    rb"(<(?:[\w.-]+:)?(?:Password|Nonce|BinarySecurityToken|SignatureValue|CipherValue)(?:\s[^<>]*)?>)[^<]*"
)
_MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is recorded: a feed's question, or (`source`) one written for the occasion."""

    reader: FeedReader
    source: Mapping[str, Any]
    mapping: RecordMapping | None


def question(office: BackOffice, feed: str | None, source: Mapping[str, Any] | None) -> Asked:
    """Raises NotFound for a feed that is not asked, ConfigurationError for a question the connector does not know."""
    if source is not None:
        assert office.connector is not None
        return Asked(office.connector.feed(source), source, None)
    found = office.feeds.get(feed or "")
    if found is None or found.reader is None or found.mapping is None:
        there = ", ".join(name for name, one in office.feeds.items() if one.reader) or "none"
        raise NotFound(f"There is no feed {feed!r} of {office.back_office} to ask; there are: {there}.")
    return Asked(found.reader, found.mapping.source_call, found.mapping)


async def record(
    town: Town,
    office: BackOffice,
    asked: Asked,
    aliases: Mapping[str, str],
    *,
    name: str,
    now: datetime,
    secret: Any,
    keep: Collection[str] = (),
    keep_personal_data: bool = False,
) -> Recording:
    """Ask, and make of the exchanges what can be kept. Nothing is written here.

    Raises what a read raises, and ConfigurationError where something of a person or a secret would stay.
    """
    with listening() as heard:
        async with aclosing(_pages(asked.reader, Arguments(now, aliases))) as pages:
            count = 0
            async for _ in pages:
                count += 1
                if count == _MOST_PAGES:
                    break
    if not heard:
        raise ConfigurationError("nothing was sent, so nothing can be recorded", key=name)
    secrets = _secrets_of(office, secret)
    plain = [_without_credentials(one, [*secrets, *one.secrets]) for one in heard]
    uses: Sequence[Use] = uses_of(asked.mapping).uses if asked.mapping else ()
    accounts = [payee.account for payee in town.city.payees.values() if getattr(payee, "account", None)]
    redactor = Redactor(town.city.country, uses, asked=aliases, keep=keep, public=[str(one) for one in accounts])
    if not keep_personal_data:
        plain = [_redacted(one, redactor) for one in plain]
        _refuse_leftovers(plain, redactor)
    _refuse_secrets(plain, secrets)
    told = redactor.redaction
    wanted = aliases if keep_personal_data else redactor.asked
    return Recording(
        name=name,
        recorded_at=now.isoformat(timespec="seconds"),
        source=asked.source,
        mapping=asked.mapping.file.name if asked.mapping else None,
        asked=wanted,
        exchanges=plain,
        records=list(_records(asked.mapping, plain, wanted)) if asked.mapping else [],
        replaced=[f"{path}: {kind.value}, {times} times" for (path, kind), times in sorted(told.replaced.items())],
        unsure=told.unsure,
        unsure_texts=told.texts,
        personal_data=keep_personal_data,
    )


async def _pages(reader: FeedReader, arguments: Arguments) -> Any:
    async for page in reader.read(arguments):
        yield page


def _records(mapping: RecordMapping, exchanges: Sequence[Recorded], asked: Mapping[str, str]) -> Iterator[Any]:
    for one in exchanges:
        document = read_document(one.content, one.reply_headers.get("content-type", ""))
        if document is not None and 200 <= one.status < 300:
            mapped = mapping.map(document, asked=asked)
            yield from (plain_record(record) for record in mapped.records)


def _without_credentials(exchange: Exchange, secrets: Collection[str]) -> Recorded:
    parts = urlsplit(exchange.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    for value in secrets:
        target = target.replace(value, "[secret]").replace(quote(value, safe=""), "[secret]")
    return Recorded(
        exchange.method,
        target,
        kept_headers(exchange.headers, ours=True),
        _without(_CREDENTIALS.sub(rb"\1[secret]", exchange.body), secrets),
        exchange.status,
        kept_headers(exchange.reply_headers, ours=False),
        _without(exchange.content, secrets),
    )


def _without(content: bytes, secrets: Collection[str]) -> bytes:
    for value in sorted(secrets, key=len, reverse=True):
        if len(value) >= 6:
            content = content.replace(value.encode(), b"[secret]")
    return content


def _redacted(one: Recorded, redactor: Redactor) -> Recorded:
    """The reply first: it says what is somebody's, which the request then says too."""
    content = redactor.message(one.content, one.reply_headers.get("content-type", ""))
    body = redactor.message(one.body, one.headers.get("content-type", ""))
    headers = {name: redactor.line(value) for name, value in one.headers.items()}
    theirs = {name: redactor.line(value) for name, value in one.reply_headers.items()}
    return Recorded(one.method, redactor.line(one.target), headers, body, one.status, theirs, content)


def _refuse_leftovers(exchanges: Sequence[Recorded], redactor: Redactor) -> None:
    """What was replaced in one place must not stand in another."""
    originals = [one for one in redactor.invented.values if len(re.sub(r"\W", "", one)) >= 8]
    made = set(redactor.invented.values.values())
    for one in exchanges:
        for text in (one.target, one.body.decode("utf-8", "replace"), one.content.decode("utf-8", "replace")):
            for original in originals:
                if original in text and not any(original in other for other in made):
                    raise ConfigurationError(
                        "something that was replaced in one place still stands in another",
                        key=one.target.partition("?")[0],
                        remedy="Record it with --keep-personal-data and take out by hand what is somebody's.",
                    )


def _refuse_secrets(exchanges: Sequence[Recorded], secrets: Collection[str]) -> None:
    for one in exchanges:
        whole = b" ".join(
            (one.target.encode(), one.body, one.content, *(value.encode() for value in one.headers.values()))
        )
        if any(len(value) >= 6 and value.encode() in whole for value in secrets):
            raise ConfigurationError("a credential would stand in the recording", key=one.target.partition("?")[0])


def _secrets_of(office: BackOffice, secret: Any) -> list[str]:
    """The values of every secret that the back office's settings name."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, SecretRef):
            walk({"secret": value.secret})
        elif isinstance(value, dict):
            if set(value) == {"secret"} and isinstance(value["secret"], str):
                one: SecretStr = secret(value["secret"])
                found.append(one.get_secret_value())
            else:
                for inner in value.values():
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(dict(office.configuration.settings))
    return found


def refuse_public_folder(folder: Path, *, keep_personal_data: bool) -> None:
    """Personal data does not go under a folder of mappings, from where it would be committed."""
    if keep_personal_data and any(part.name == "mappings" for part in (folder, *folder.resolve().parents)):
        raise ConfigurationError(
            f"{folder} is a folder of mappings, which are shared", key="--out", remedy="Name a folder outside of it."
        )
