"""The simulators as programs of their own, and the wall around them."""

from __future__ import annotations

import ast
import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import httpx
import pytest
import yaml
from stdnum.cz import dic, rc
from stdnum.hr import oib

from simulators import people
from simulators.__main__ import BACK_OFFICES, NAMES
from simulators.eid_id_gov_ua import Wrong as IdGovUa
from simulators.eids import ABROAD, CROATIA, CZECHIA, ROMANIA, SERBIA, UKRAINE
from simulators.kit.gateway import MAGIC
from simulators.kit.gateway import Wrong as Gateway
from simulators.kit.oidc_switches import Wrong as Oidc
from simulators.kit.push import PushOrder
from simulators.kit.saml_switches import Wrong as Saml
from simulators.kit.secrets import secret
from simulators.kit.store import Store
from simulators.kit.switches import Switches
from simulators.pregrada_financije.data import items
from simulators.vzorov_ucetnictvi.data import assessments

ROOT = Path(__file__).parents[3]
SECRETS = yaml.safe_load((ROOT / "simulators/secrets.yaml").read_text("utf-8"))
EIDS = (CROATIA, CZECHIA, ABROAD, UKRAINE, ROMANIA, SERBIA)
PERSONS = [value for value in vars(people).values() if isinstance(value, people.Person)]


async def run(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", *arguments, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until_up(client: httpx.AsyncClient) -> dict:
    async with asyncio.timeout(20):
        while True:
            try:
                return (await client.get("/_control")).json()
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", NAMES)
async def test_it_runs_and_ends_with_the_call_it_is_answering(name: str) -> None:
    port = free_port()
    process = await run(name, "--port", str(port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        try:
            assert (await until_up(client))["calls"] == 0
            await client.post("/_control", json={"delay": 0.5})
            answering = asyncio.create_task(client.get("/nothing-here"))
            while (await client.get("/_control")).json()["calls"] == 0:
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert (await answering).status_code == 404
            out, err = await asyncio.wait_for(process.communicate(), 20)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
    assert process.returncode == 0
    assert out.decode() == f"{name} on http://127.0.0.1:{port} (switches: /_control)\n"
    assert err == b""


async def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await run("vzorov_registr", "--port", str(port))
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert err.decode().startswith(f"port {port} cannot be used: Address already in use.")


def test_simulators_know_nothing_of_the_hub() -> None:
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - {"simulators"}
    assert {"hub", "connectors", "adapters"} <= ours
    for path in (ROOT / "simulators").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & ours, path


def test_ports_and_secrets_are_those_of_the_cities() -> None:
    from importlib import import_module

    files = [path for kind in ("city.yaml", "*.metadata.xml") for path in (ROOT / "config/cities").glob(f"*/{kind}")]
    told = "".join(path.read_text("utf-8") for path in files)
    for name in (*BACK_OFFICES, "eid_nias", "eid_nia", "gateway_csob", "gateway_monri"):
        assert f"http://127.0.0.1:{import_module(f'simulators.{name}').PORT}" in told
    for name, value in SECRETS.items():
        # No town of the demonstration logs in, or is paid, by these.
        unused = {"eid-oidc", "eid-id-gov-ua", "netopia-api", "netopia-pos-key", "vzorov-sandbox"}
        assert (f"{{ secret: {name} }}" in told) == (name not in unused)
        assert secret(name) == value
        assert value.startswith("-----BEGIN PRIVATE KEY-----") if name.endswith("-key") else value == f"{name}-secret"
    assert len({import_module(f"simulators.{name}").PORT for name in NAMES}) == len(NAMES)


def test_the_readme_names_every_citizen_secret_and_switch() -> None:
    told = (ROOT / "simulators/README.md").read_text("utf-8")
    words = [f"`{word}`" for name, value in SECRETS.items() for word in (name, value) if "PRIVATE" not in word]
    words += [f"`{name}`" for name in NAMES]
    words += [f'"{name}"' for name in Switches.model_fields]
    words += [f"`{name}`" for wrong in (Saml, Oidc, IdGovUa, Gateway) for name in get_args(wrong)]
    words += [f"`{number}`" for number in MAGIC]
    words += [word for holders in EIDS for one in holders.values() for word in (one.full_name, one.number)]
    words += [f"`{name}`" for name in PushOrder.model_fields]
    words += [word for person in PERSONS for word in (person.full_name, person.number)]
    assert [word for word in words if word not in told] == []


def test_every_identifier_has_valid_check_digits() -> None:
    assert len({person.number for person in PERSONS}) == 14
    for person in PERSONS:
        if len(person.number) == 11:
            assert oib.is_valid(person.number), person
        elif person.is_entity:
            assert dic.calc_check_digit_legal(person.number[:7]) == person.number[7], person
        else:
            assert rc.is_valid(person.number), person


@pytest.mark.parametrize("today", [date(2026, 11, 21), date(2027, 1, 1), date(2028, 2, 29)])
def test_data_are_the_same_on_the_same_day_and_dates_stay_meaningful(today: date) -> None:
    assert items(today) == items(today)
    assert assessments(today) == assessments(today)
    dues = [
        date(*map(int, reversed(item["Dospijece"].split("."))))
        for item, _ in items(today)
        if item["Status"] == "A" and item.get("Dospijece")
    ]
    dues += [
        date.fromisoformat(item["splatnost"])
        for item, _ in assessments(today)
        if item["zbyva"] and item["splatnost"] and not item["stornovano"]
    ]
    assert sum(due < today for due in dues) >= 5
    assert sum(0 <= (due - today).days <= 31 for due in dues) >= 8


def test_keys_are_unique() -> None:
    for data, key in ((items(date(2026, 11, 21)), "Sifra"), (assessments(date(2026, 11, 21)), "id")):
        assert len({item[key] for item, _ in data}) == len(data)


def test_two_changes_in_one_second_differ_in_version() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    store = Store(
        key="k",
        fields=("k", "v"),
        version=("v", lambda at: at.isoformat()),
        initial=lambda: [({"k": "a"}, noon)],
        clock=lambda: noon,
    )
    assert [store.put({"k": "a"}).data["v"] for _ in range(2)] == [
        "2026-11-21T12:00:01+00:00",
        "2026-11-21T12:00:02+00:00",
    ]
