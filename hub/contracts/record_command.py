"""`munihub record CITY/BACK_OFFICE FEED`: real exchanges as examples and as a recorded contract."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from hub.contracts import record, recording
from hub.contracts.command import read_aliases
from hub.contracts.recording import Recording
from hub.contracts.replies import read_document
from hub.kernel.errors import InvalidRequest, NotFound, RemoteError, RemoteFault
from hub.kit.commands import TownOf, WithHub
from hub.kit.secrets import find_secret
from hub.mapping.mapping import Mapping as RecordMapping
from hub.mapping.plain import plain_record

out = Console(highlight=False, soft_wrap=True, markup=False)
NOT_KNOWN = "If that is how it says that it does not know somebody, write the code under source: as not_found: [CODE]."


def register(app: typer.Typer, with_hub: WithHub, town_of: TownOf) -> None:
    """Adds the command: `with_hub` runs work with an opened hub, `town_of` finds a town."""

    @app.command("record")
    def record_exchanges(
        which: Annotated[str, typer.Argument(metavar="CITY/BACK_OFFICE", show_default=False)],
        feed: Annotated[str | None, typer.Argument(help="What is asked, as the town's feed asks it.")] = None,
        operation: Annotated[
            str | None, typer.Option(help="Instead of a feed: an operation of the WSDL, or such as 'GET /bills'.")
        ] = None,
        parameter: Annotated[
            list[str] | None, typer.Option(help="Of --operation: name=value, or name={hr.oib} for an --alias.")
        ] = None,
        alias: Annotated[
            list[str] | None, typer.Option(help="Whom it is about, such as hr.oib=83100426579; never written down.")
        ] = None,
        name: Annotated[str, typer.Option(help="What to call it: files are <mapping>.<name>.…")] = "recorded",
        keep: Annotated[
            list[str] | None, typer.Option(help="A path whose texts say nothing of a person and may stay as they are.")
        ] = None,
        again: Annotated[  # noqa: FBT002
            bool, typer.Option("--replace", help="The recording of that name, such as after the mapping was corrected.")
        ] = False,
        folder: Annotated[
            Path | None, typer.Option("--out", help="Where to write; the mapping folder where absent.")
        ] = None,
        keep_personal_data: Annotated[  # noqa: FBT002
            bool, typer.Option("--keep-personal-data", help="As received, into --out, which is not under mappings/.")
        ] = False,
    ) -> None:
        """Ask a back office and keep request and reply: credentials taken out, personal data replaced by invented.

        It asks about each place it is not sure of; without a terminal such places are replaced by filler and listed.
        """
        if (feed is None) == (operation is None):
            raise typer.BadParameter("Name a feed, or give --operation.")
        aliases = read_aliases(alias or [])
        source = None if operation is None else source_of(operation, parameter or [])

        async def run(hub: Any) -> tuple[Recording, Path, RecordMapping | None]:
            slug, _, office_name = which.partition("/")
            town = town_of(hub, slug)
            office = town.back_offices.get(office_name)
            if office is None or office.connector is None:
                raise NotFound(f"There is no back office {which!r} that is called.")
            where = folder or office.folder
            if keep_personal_data and folder is None:
                where = hub.settings.var / "recordings" / slug / office_name
            record.refuse_public_folder(where, keep_personal_data=keep_personal_data)
            asked = record.question(office, feed, source)
            stem = asked.mapping.file.stem if asked.mapping else _slug(operation or "")
            make = partial(
                record.record,
                town,
                office,
                asked,
                aliases,
                name=f"{stem}.{name}",
                now=hub.clock.now(),
                secret=partial(find_secret, folder=hub.settings.secrets),
                keep_personal_data=keep_personal_data,
            )
            made = await telling_what_it_said(make(keep=keep or ()))
            if made.unsure and sys.stdin.isatty() and not keep_personal_data:
                made = await make(keep=[*(keep or ()), *which_stay(made)])
            return made, where, asked.mapping

        made, where, mapping = with_hub(run, connect=True)
        for path in recording.write(made, where, replace=again):
            out.print(f"Wrote {path}")
        if mapping is not None and not keep_personal_data:
            examples = write_examples(made, mapping, where)
            out.print(f"Wrote {examples}")
            if mapping.examples is None:
                out.print(f"Add to {mapping.file}:  examples: examples/{examples.name}")
        _tell(made, where)


async def telling_what_it_said(asking: Awaitable[Recording]) -> Recording:
    """Its own words are for the person at the terminal, who knows whom she asked about."""
    try:
        return await asking
    except RemoteError as error:
        if error.evidence:
            out.print(f"It said: {_plain(error.evidence)}")
        if isinstance(error, RemoteFault):
            out.print(NOT_KNOWN)
        raise


def which_stay(made: Recording) -> list[str]:
    """Asks of each unsure path whether its texts may stay, and shows a few of them."""
    return [
        path
        for path in made.unsure
        if typer.confirm(
            f"{path}: {' | '.join(map(_plain, made.unsure_texts.get(path, ())))}\n"
            "  Do such texts tell of nobody, so that they may stay as they are?"
        )
    ]


def source_of(operation: str, parameters: list[str]) -> dict[str, Any]:
    """A source block for one question. Raises InvalidRequest."""
    filled: dict[str, Any] = {}
    for one in parameters:
        name, mark, value = one.partition("=")
        if not mark:
            raise InvalidRequest("Write --parameter NAME=VALUE.")
        filled[name] = {"alias": value[1:-1]} if value.startswith("{") and value.endswith("}") else value
    return {"request" if " " in operation else "operation": operation, "parameters": filled}


def write_examples(made: Recording, mapping: RecordMapping, folder: Path) -> Path:
    """Each reply as an example of the mapping, at the end of its file of examples."""
    inside = folder.resolve() == mapping.file.parent.resolve()
    named = mapping.examples if inside else None
    file = named or folder / "examples" / f"{mapping.file.stem}.yaml"
    entries = [
        _example(made, mapping, number, reply.content, reply.reply_headers)
        for number, reply in enumerate(made.exchanges, 1)
        if reply.content and 200 <= reply.status < 300
    ]
    before = file.read_text("utf-8") if file.is_file() else ""
    before = re.sub(
        rf"^- name: {re.escape(made.name)}, exchange .*?(?=^- |\Z)", "", before, flags=re.MULTILINE | re.DOTALL
    )
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=120)
    file.write_text(f"{before.rstrip()}\n{text}" if before.strip() else text, "utf-8")
    return file


def _example(
    made: Recording, mapping: RecordMapping, number: int, content: bytes, headers: Mapping[str, str]
) -> dict[str, Any]:
    document = read_document(content, headers.get("content-type", ""))
    mapped = mapping.map(document, asked=made.asked)
    suffix = "xml" if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else "json"
    entry = {
        "name": f"{made.name}, exchange {number}",
        "input": f"{made.name}.{number}.{suffix}",
        "asked": dict(made.asked),
        "caught_up_to": moment.isoformat() if (moment := mapping.caught_up_to(document)) else None,
        "cursor": mapping.cursor(document, None),
        "records": [plain_record(one) for one in mapped.records],
        "problems": [{"key": one.key, "field": one.field, "path": one.path} for one in mapped.problems],
        "drift": [{"what": one.what, "path": one.path} for one in mapped.drift],
    }
    return {key: value for key, value in entry.items() if value or key == "records"}


def _tell(made: Recording, where: Path) -> None:
    if made.personal_data:
        out.print(f"Personal data stands as received in {where}: keep it there, and delete it when you are done.")
        return
    for line in made.replaced:
        out.print(f"  replaced  {line}")
    for path in made.unsure:
        out.print(f"  unsure    {path}: replaced by filler; record again with --keep {path} where it tells of nobody")
    out.print("Read the files before you commit them.")


def _plain(text: str) -> str:
    """Nothing in it is taken by the terminal for a command."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _slug(text: str) -> str:
    return "_".join("".join(one if one.isalnum() else " " for one in text).split()).lower()
