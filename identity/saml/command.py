"""`munihub saml verify`: what the hub makes of one stored message, and why it refuses it."""

from __future__ import annotations

import json
import sys
import warnings
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.kernel.errors import LoginRefused

if TYPE_CHECKING:  # the program registers this command at every start, and these take a tenth of a second
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from identity.saml.verdict import Trust, Verdict

_LARGEST = 2_000_000
_SHA1_ENDED = "2020-12-31"
"""Stored messages are judged by the rules of their time: until about then identity providers still used it (the first
collision of chosen prefixes is of January 2020)."""


def register(app: typer.Typer) -> None:
    """Adds the commands of `munihub saml` to the program."""
    commands = typer.Typer(no_args_is_help=True, help="Messages of SAML eIDs.")

    @commands.callback()
    def saml() -> None:
        """Look into what SAML eIDs send."""

    @commands.command("verify")
    def verify_command(
        response: Annotated[
            str,
            typer.Argument(help="File with the message, as XML or base64; - for standard input.", metavar="RESPONSE"),
        ],
        idp: Annotated[
            Path,
            typer.Option(help="Metadata of the identity provider (XML), or its certificate (PEM or bare base64)."),
        ],
        audience: Annotated[str, typer.Option(help="Our entityID.")],
        acs: Annotated[str, typer.Option(help="Where the response was received: the assertion consumer service.")],
        at: Annotated[str, typer.Option(help="When it was received, such as 2026-11-21T10:00:00Z.", metavar="TIME")],
        request_id: Annotated[
            str | None, typer.Option(help="ID of the request it must answer; not looked at where absent.")
        ] = None,
        key: Annotated[
            list[Path] | None, typer.Option(help="Our private key in PEM, for encrypted assertions; may be repeated.")
        ] = None,
        skew: Annotated[int, typer.Option(min=0, max=180, help="Seconds by which clocks may differ.")] = 60,
        sha1_until: Annotated[
            str,
            typer.Option(
                help="The last day on which a signature with SHA-1 is still accepted, as if the town had written this "
                "exception; it counts against --at. A login has none unless city.yaml says so.",
                metavar="DATE",
            ),
        ] = _SHA1_ENDED,
        *,
        json_wanted: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    ) -> None:
        """Judge one stored response as a login would, without a network and without changing anything.

        Ends with 0 where it is accepted, with 1 where it is refused, and with 2 where a file or an option is wrong.
        """
        from identity.saml.verdict import as_json, judge_stored

        verdict = judge_stored(
            _read(response),
            _trust(idp),
            audience=audience,
            acs=acs,
            request_id=request_id,
            keys=[_key(one) for one in key or ()],
            now=_time(at, "--at"),
            skew=timedelta(seconds=skew),
            sha1_until=_day(sha1_until),
        )
        if json_wanted:
            typer.echo(json.dumps(as_json(verdict), ensure_ascii=False, indent=2))
        else:
            _print(verdict)
        raise typer.Exit(0 if verdict.accepted else 1)

    app.add_typer(commands, name="saml")


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(_LARGEST)
        with Path(name).open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise typer.BadParameter(f"{name} cannot be read: {error.strerror}", param_hint="RESPONSE") from None


def _trust(file: Path) -> Trust:
    from identity.saml.verdict import read_trust

    try:
        # Certificates of old or private authorities break small rules; what matters here is their key.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_trust(file.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="--idp") from None
    except ValueError as error:
        raise typer.BadParameter(f"{file} is neither metadata nor a certificate: {error}", param_hint="--idp") from None


def _key(file: Path) -> RSAPrivateKey:
    from hub.kit.certificates import read_private_key

    try:
        return read_private_key(file.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="--key") from None
    except ValueError as error:
        raise typer.BadParameter(f"{file} cannot be used: {error}", param_hint="--key") from None


def _time(text: str, option: str) -> datetime:
    from identity.saml.reading import time

    try:
        return time(text, option)
    except LoginRefused:
        problem = f"{text!r} is not a time such as 2026-11-21T10:00:00Z"
        raise typer.BadParameter(problem, param_hint=option) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day such as 2026-12-31", param_hint="--sha1-until") from None


def _print(verdict: Verdict) -> None:
    if not verdict.accepted:
        typer.echo(f"refused: {verdict.reason}\n  {_plain(verdict.detail)}")
        return
    typer.echo("accepted")
    for name, value in verdict.facts.items():
        if isinstance(value, dict):
            typer.echo(f"  {name}:")
            for key, inner in value.items():
                typer.echo(f"    {_plain(key)}: {_plain(', '.join(inner))}")
        else:
            typer.echo(f"  {name}: {_plain(', '.join(value) if isinstance(value, list) else value)}")
    for note in verdict.notes:
        typer.echo(f"  note: {note}")


def _plain(value: object) -> str:
    """What came from outside does nothing to the terminal and begins no line of its own."""
    text = "-" if value in (None, "") else str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text)
