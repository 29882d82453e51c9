"""From a WSDL to records: the skeleton of a mapping, its marked places filled in, reads the simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
import yaml
from pydantic import SecretStr
from typer.testing import CliRunner

from connectors.soap.command import register
from connectors.soap.connector import SoapConnector
from hub.bootstrap.nouns import TARGETS
from hub.mapping.compile import compile_mapping
from hub.ports.back_office import Arguments, Surroundings
from hub.settings import PROJECT
from tests.integration.simulators.harness import Simulator

PRAGUE = ZoneInfo("Europe/Prague")


async def test_the_register_of_persons(registr: Simulator, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app, TARGETS)
    wsdl = PROJECT / "mappings/vzorov_registr/registr.wsdl"
    written = CliRunner().invoke(
        app,
        ["soap", "inspect", str(wsdl), "--skeleton", "SeznamOsob", "--target", "subject", "--out", str(tmp_path)],
    )
    assert written.exit_code == 0, written.output
    office = yaml.safe_load(written.output)["back_offices"]["registr"]
    folder = tmp_path / office["mapping"]
    file = folder / office["feeds"]["subjects"]["mapping"]

    # What a person adds: the address and credentials, which kind is which, and where a name comes from.
    settings = office["settings"] | {
        "endpoint": f"{registr.url}/registr",
        "auth": {"kind": "basic", "username": "munihub", "password": {"secret": "vzorov-registr"}},
    }
    text = file.read_text("utf-8")
    for guess, known in (
        ('"PO": person', '"PO": entity'),
        ("name: PravnickaOsoba.Nazev", "name: { first_of: [PravnickaOsoba.Nazev, FyzickaOsoba.Prijmeni] }"),
        ("  - FyzickaOsoba.Prijmeni", "  # - FyzickaOsoba.Prijmeni"),
    ):
        assert text.count(guess) == 1
        text = text.replace(guess, known)
    file.write_text(text, "utf-8")

    mapping = compile_mapping(file, TARGETS, timezone=PRAGUE)
    surroundings = Surroundings(
        city="vzorov",
        back_office="registr",
        folder=folder,
        timezone=PRAGUE,
        secret=lambda _: SecretStr("vzorov-registr-secret"),
    )
    connector = SoapConnector(SoapConnector.Settings.model_validate(settings), surroundings)
    try:
        feed = connector.feed(mapping.source_call)
        pages = [page async for page in feed.read(Arguments(now=datetime.now(UTC)))]
    finally:
        await connector.close()
    mapped = [mapping.map(page.document) for page in pages]
    records = [record for one in mapped for record in one.records]
    assert [problem for one in mapped for problem in one.problems] == []
    assert [drift for one in mapped for drift in one.drift] == []
    assert len(records) == 7
    assert {record.values["kind"] for record in records} == {"person", "entity"}
    assert records[0].parties[0].scheme == "cz.birth_number"
