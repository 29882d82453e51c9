"""`munihub soap inspect`: what a WSDL offers or why it cannot be used, and a first mapping of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import typer

from hub.kernel.errors import ConfigurationError

_FILE = "file:///"


def register(app: typer.Typer, targets: Mapping[str, Any]) -> None:
    """Adds the commands of `munihub soap` to the program; `targets` are what records can be mapped to."""
    commands = typer.Typer(no_args_is_help=True, help="SOAP back offices.")

    @commands.callback()
    def soap() -> None:
        """Look into WSDLs before connecting a back office."""

    @commands.command("inspect")
    def inspect_command(
        paths: Annotated[
            list[Path], typer.Argument(help="WSDL files, or folders with them.", metavar="PATH…", exists=True)
        ],
        catalogue: Annotated[
            list[str] | None,
            typer.Option(
                help="ADDRESS=FILE: the file stands for an address or namespace that the WSDL imports; it lies in or "
                "below the WSDL's folder. May be repeated.",
                metavar="ADDRESS=FILE",
            ),
        ] = None,
        skeleton: Annotated[
            str | None,
            typer.Option(help="Write a first mapping of this operation, and print its block of city.yaml."),
        ] = None,
        target: Annotated[str, typer.Option(help="What its records are.")] = "obligation",
        port: Annotated[str | None, typer.Option(help="The port that has the operation, where several do.")] = None,
        name: Annotated[
            str | None, typer.Option(help="Name of the back office and its mapping folder; the WSDL's where absent.")
        ] = None,
        out: Annotated[Path, typer.Option(help="Where the mapping folder is made.")] = Path("mappings"),
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    ) -> None:
        """Show services, ports, operations, messages and policies, or the reason of refusal. Nothing is fetched.

        Ends with 0 where all WSDLs load, with 1 where one is refused, and with 2 where an option is wrong.
        """
        from hub.kit.soap.inspect import inspect, wsdls

        stand_ins = _catalogue(catalogue or ())
        files = [file for path in paths for file in wsdls(path)]
        if skeleton is not None:
            if len(files) != 1:
                raise typer.BadParameter(f"there are {len(files)} WSDLs here; name one", param_hint="--skeleton")
            _write_skeleton(
                files[0], skeleton, targets, target=target, port=port, name=name, out=out, catalogue=stand_ins
            )
            return
        results = [inspect(file, catalogue=stand_ins) for file in files]
        if as_json:
            typer.echo(json.dumps(results, ensure_ascii=False, indent=2))
        else:
            for result in results:
                for line in _told(result):
                    typer.echo(_plain(line))
            refused = sum(not result["ok"] for result in results)
            typer.echo(f"{len(results) - refused} of {len(results)} WSDLs load.")
        if not all(result["ok"] for result in results):
            raise typer.Exit(1)

    app.add_typer(commands, name="soap")


def _catalogue(options: list[str] | tuple[str, ...]) -> dict[str, str]:
    found = {}
    for option in options:
        # An address may hold the sign itself, a file name hardly.
        address, mark, file = option.rpartition("=")
        if not mark or not address or not file:
            raise typer.BadParameter(f"{option} is not ADDRESS=FILE", param_hint="--catalogue")
        found[address] = file
    return found


def _write_skeleton(
    file: Path,
    operation: str,
    targets: Mapping[str, Any],
    *,
    target: str,
    port: str | None,
    name: str | None,
    out: Path,
    catalogue: Mapping[str, str],
) -> None:
    from hub.kit.soap.description import Description
    from hub.kit.soap.inspect import load
    from hub.kit.soap.skeleton import as_targets, skeleton

    chosen = as_targets(targets, target)
    documents = load(file, catalogue=catalogue)
    called = name or "".join(letter if letter.isalnum() else "_" for letter in file.stem.lower()).strip("_")
    if not called.replace("_", "").isalnum() or not called[0].isalpha():
        raise typer.BadParameter("a name is letters, digits and _", param_hint="--name")
    made = skeleton(
        documents,
        Description(documents),
        operation,
        name=called,
        target=target,
        fields=chosen.fields,
        roles=chosen.roles,
        wsdl=unquote(documents.start.removeprefix(_FILE)),
        port=port,
    )
    folder = out / called
    mapping = folder / f"{target}.yaml"
    if mapping.exists():
        raise ConfigurationError(
            f"{mapping} exists already", key="--skeleton", remedy="Choose another --name, or move it away."
        )
    folder.mkdir(parents=True, exist_ok=True)
    root = file.absolute().parents[len(Path(unquote(documents.start.removeprefix(_FILE))).parts) - 1]
    for place in (unquote(location.removeprefix(_FILE)) for location in documents.trees if location.startswith(_FILE)):
        # As they came: what is repaired in them is repaired at each reading.
        if (root / place).is_file() and not (folder / place).exists():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / place, folder / place)
    # Words are completed where the schema of mappings is at hand, as it is in the project.
    described = "# yaml-language-server: $schema=../../docs/mapping.schema.json\n"
    at_hand = (folder / "../../docs/mapping.schema.json").is_file()
    mapping.write_text((described if at_hand else "") + made.mapping, "utf-8")
    typer.echo(f"# Written: {mapping}, beside the WSDL and what it imports. For the town's city.yaml:")
    typer.echo(made.configuration, nl=False)
    typer.echo(
        "# Next: fill in what is marked CHECK here; in the mapping only source: for now. Then munihub city check TOWN."
    )
    if catalogue:
        typer.echo(f"# under settings:  catalogue: {json.dumps(dict(catalogue), ensure_ascii=False)}")


def _told(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"{result['path']}: {result['operations']} operations" if result["ok"] else f"{result['path']}: refused"
    if result["reason"]:
        yield f"  reason: {result['reason']}"
    if result["remedy"]:
        yield f"  remedy: {result['remedy']}"
    for service in result["services"]:
        yield f"  service {service['name']}" if service["name"] else "  bindings that no service offers"
        for port in service["ports"]:
            yield f"    port {port['name']}: SOAP {port['soap']}, {port['style']}, {port['address'] or 'no address'}"
            if port["policies"]:
                yield f"      asks for {'; '.join(port['policies'])}"
            for operation in port["operations"]:
                yield from _operation(operation)
    for ignored in result["ignored"]:
        yield f"  ignored: {ignored}"
    for unchecked in result["unchecked"]:
        yield f"  not checked: {unchecked}"


def _operation(operation: Mapping[str, Any]) -> Iterator[str]:
    marks = [
        *(["one way"] if operation["one_way"] else []),
        *(["encoded"] if "encoded" in operation["use"] else []),
        *operation["policies"],
    ]
    yield f"      {operation['name']}" + (f" ({', '.join(marks)})" if marks else "")
    if operation["documentation"]:
        yield f"        {operation['documentation']}"
    for title in ("input", "output"):
        for shape in operation[title]:
            yield from _shape(shape, 8, f"{title}: ")
    for header in operation["headers"]:
        yield from _shape(header, 8, f"{header['direction']} header {header['part']}: ")
    for fault in operation["faults"]:
        yield f"        fault {fault['name']}"
        for shape in fault["detail"]:
            yield from _shape(shape, 10)


def _shape(shape: Mapping[str, Any], indent: int, title: str = "") -> Iterator[str]:
    least, most = shape["min"], shape["max"]
    often = "" if (least, most) == (1, 1) else f" [{least}..{'*' if most == 'unbounded' else most}]"
    kind = shape["base"] if shape["type"] in {None, shape["base"]} else f"{shape['type']} ({shape['base'] or 'parts'})"
    values = f" = {' | '.join(shape['values'])}" if "values" in shape else ""
    marks = "".join(f", {mark}" for mark in ("choice", "nillable") if shape.get(mark))
    text = f": {kind}" if kind else ""
    said = f"    — {shape['documentation']}" if "documentation" in shape else ""
    yield f"{' ' * indent}{title}{shape['name']}{often}{text}{values}{marks}{' …' if shape.get('cut') else ''}{said}"
    for one in shape.get("content", ()):
        yield from _shape(one, indent + 2)


def _plain(text: str) -> str:
    """Nothing in a line is taken by the terminal for a command."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
