"""What a back office pushes, joined with its secrets: how it proves itself, and what each kind of message means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pydantic import SecretStr

from hub.cities import back_offices as configured
from hub.cities.model import City
from hub.cities.push import Push, PushEvent
from hub.intake.file_reading import FileKind
from hub.kernel.errors import ConfigurationError
from hub.kit.secrets import SecretRef
from hub.kit.webhooks import signing_key

SHORTEST_SECRET = 32
"""Characters in a live town, of a client's too: whoever guesses it writes into citizens' accounts, or gets tokens for
them. The simulators' are shorter."""
WRITE_INSTEAD = "Write 32 random letters and digits or more, such as `openssl rand -hex 32` gives."


def file_kinds(office: configured.BackOffice) -> dict[str, FileKind]:
    """The kinds of files it pushes, by name."""
    return {
        kind: FileKind(
            kind=kind,
            names=file.names,
            feed=file.feed,
            format=file.format,
            encoding=file.encoding,
            delimiter=file.delimiter,
            records=file.records,
            complete=file.says == "complete",
        )
        for kind, file in (office.push.files if office.push else {}).items()
    }


FindSecret = Callable[[str], SecretStr]


def events_of(office: configured.BackOffice) -> Iterator[tuple[str, PushEvent, tuple[str, ...]]]:
    """Every type of message: its name, what it means, and the key that says so.

    A record of a file is a message too: of the type `file/<kind>`, and `file/<kind>/complete` after the last one where
    the file is all there is.
    """
    if office.push is None:
        return
    for kind, event in office.push.events.items():
        yield kind, event, ("push", "events", kind, "mapping")
    for kind, file in office.push.files.items():
        yield f"file/{kind}", PushEvent(feed=file.feed, mapping=file.mapping), ("push", "files", kind, "mapping")
        if file.says == "complete":
            complete = PushEvent(feed=file.feed, says="complete")
            yield f"file/{kind}/complete", complete, ("push", "files", kind, "says")


def push_secret(city: City, push: Push, secret: FindSecret) -> SecretStr | None:
    """The bearer secret. Raises ConfigurationError for one that no header carries or anybody could guess."""
    if push.secret is None:
        return None
    found = _find(push.secret, secret, "push.secret")
    value = found.get_secret_value()
    if not re.fullmatch(r"[!-~]+", value):
        problem = "the push secret has characters that no Authorization header carries"
        raise ConfigurationError(problem, key="push.secret", remedy=WRITE_INSTEAD)
    if city.live and len(value) < SHORTEST_SECRET:
        problem = f"{city.slug} is live, and the push secret has less than {SHORTEST_SECRET} characters"
        raise ConfigurationError(problem, key="push.secret", remedy=WRITE_INSTEAD)
    return found


def signing_keys(push: Push, secret: FindSecret) -> tuple[bytes, ...]:
    """The keys of its signatures (Standard Webhooks §"Symmetric": 24 to 64 bytes, in base64 behind `whsec_`).

    Raises ConfigurationError for what is none.
    """
    return tuple(
        signing_key(_find(reference, secret, f"push.signatures.{number}"), f"push.signatures.{number}")
        for number, reference in enumerate(push.signatures)
    )


def _find(reference: SecretRef, secret: FindSecret, key: str) -> SecretStr:
    try:
        return secret(reference.secret)
    except ConfigurationError as error:
        if error.file:
            raise
        raise ConfigurationError(error.problem, key=key, remedy=error.remedy) from None
