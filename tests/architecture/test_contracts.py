"""The import contracts of pyproject.toml hold, and each of them can fail: a planted violation breaks it alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "connectors", "hub", "identity", "portal_api", "simulators")
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in CONFIGURATION["contracts"]}

PLANTED = [
    # contract, a file, and a module that it must not import
    ("layers", "hub/kernel/money.py", "hub.kit.durations"),
    ("layers", "hub/kit/retry.py", "hub.mapping.model"),
    ("layers", "hub/kit/retry.py", "hub.settings"),
    ("layers", "hub/mapping/run.py", "hub.storage.database"),
    ("layers", "hub/storage/retention.py", "hub.jobs.queue"),
    ("layers", "hub/jobs/queue.py", "hub.intake.model"),
    ("layers", "hub/intake/service.py", "hub.subjects.service"),
    ("layers", "hub/cases/service.py", "hub.obligations.service"),
    ("layers", "hub/subjects/service.py", "hub.obligations.service"),
    ("layers", "hub/obligations/service.py", "hub.back_offices.service"),
    ("layers", "hub/back_offices/service.py", "hub.accounts.service"),
    ("layers", "hub/tokens/service.py", "hub.grants.model"),
    ("layers", "hub/bootstrap/towns.py", "hub.hub"),
    ("layers", "hub/demo/stage.py", "hub.processes"),
    ("layers", "portal_api/app.py", "hub.worker"),
    ("layers", "connectors/rest/connector.py", "hub.storage.database"),
    ("layers", "connectors/rest/connector.py", "hub.mapping.model"),
    ("layers", "connectors/soap/connector.py", "hub.obligations.model"),
    ("layers", "identity/saml/engine.py", "hub.logins.model"),
    ("layers", "adapters/bank_transfer/spayd.py", "hub.cities.model"),
    ("plug-ins-by-name", "hub/obligations/service.py", "adapters.bank_transfer.hub3"),
    ("plug-ins-by-name", "hub/logins/service.py", "identity.saml.engine"),
    ("plug-ins-by-name", "portal_api/health.py", "connectors.rest.settings"),
    ("plug-ins-apart", "connectors/rest/connector.py", "connectors.soap.settings"),
    ("plug-ins-apart", "identity/providers/nias/eid.py", "identity.providers.nia.eid"),
    ("plug-ins-apart", "adapters/bank_transfer/hub3.py", "adapters.bank_transfer.spayd"),
    ("hub-without-doors", "hub/cli.py", "portal_api.app"),
    ("doors-above-services", "portal_api/health.py", "hub.jobs.queue"),
    ("doors-above-services", "portal_api/push/events.py", "hub.storage.vault"),
    ("queries-of-back-offices", "hub/worker.py", "hub.back_offices.queries"),
    ("queries-of-contracts", "hub/worker.py", "hub.contracts.queries"),
    ("queries-of-delivery", "portal_api/admin/deliveries.py", "hub.delivery.queries"),
    ("queries-of-gateways", "portal_api/admin/gateways.py", "hub.gateways.queries"),
    ("queries-of-grants", "hub/worker.py", "hub.grants.queries"),
    ("queries-of-payments", "hub/gateways/service.py", "hub.payments.queries"),
    ("queries-of-postings", "hub/payments/service.py", "hub.postings.queries"),
    ("queries-of-matters", "hub/submissions/service.py", "hub.matters.queries"),
    ("queries-of-obligations", "hub/accounts/service.py", "hub.obligations.queries"),
    ("queries-of-passwords", "hub/worker.py", "hub.passwords.queries"),
    ("queries-of-subjects", "hub/cases/service.py", "hub.subjects.queries"),
    ("no-cycles", "hub/storage/database.py", "hub.storage.vault"),
    ("simulators-outside", "simulators/people.py", "hub.kernel.money"),
    ("without-simulators", "connectors/rest/connector.py", "simulators.people"),
    ("without-simulators", "hub/demo/stage.py", "simulators.people"),
]


def lint(tree: Path) -> dict[str, bool]:
    """Whether each contract, by id, is kept in `tree`."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--no-logo"]
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=60, check=False)
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    kept = {id_: verdicts.get(contract["name"]) == "KEPT" for id_, contract in CONTRACTS.items()}
    assert set(verdicts) == {contract["name"] for contract in CONTRACTS.values()}, done.stdout + done.stderr
    assert done.returncode == (0 if all(kept.values()) else 1), done.stdout + done.stderr
    return kept


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our code. A test that changes it puts it back."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            (folder / file.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / file.relative_to(ROOT))
    return folder


def test_our_code_keeps_every_contract() -> None:
    assert lint(ROOT) == dict.fromkeys(CONTRACTS, True)


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "imported"), PLANTED)
def test_a_planted_violation_breaks_its_contract_and_no_other(
    tree: Path, contract: str, file: str, imported: str
) -> None:
    planted = tree / file
    before = planted.read_text("utf-8")
    try:
        planted.write_text(f"{before}\nimport {imported}\n", "utf-8")
        verdicts = lint(tree)
    finally:
        planted.write_text(before, "utf-8")
    assert [id_ for id_, kept in verdicts.items() if not kept] == [contract]


def test_every_part_of_the_hub_has_its_layer() -> None:
    """A new folder without a layer would be free to import anything."""
    layers = {name.strip() for row in CONTRACTS["layers"]["layers"] for name in row.split("|")}
    parts = {f"hub.{one}" for one in modules("hub")} - {"hub.ports"} | {
        f"hub.ports.{one}" for one in modules("hub/ports")
    }
    assert layers == parts | {"adapters", "connectors", "identity", "portal_api"}


def test_every_noun_keeps_its_sql_to_itself() -> None:
    owners = {file.parent.name for file in (ROOT / "hub").glob("*/queries.py")}
    protected = {
        contract["protected_modules"][0]: contract["allowed_importers"]
        for contract in CONTRACTS.values()
        if contract["type"] == "protected"
    }
    assert protected == {f"hub.{owner}.queries": [f"hub.{owner}"] for owner in owners}


def test_every_folder_of_plug_ins_is_kept_apart() -> None:
    families = {"connectors.*", "identity.providers.*"} | {f"adapters.{one}.*" for one in modules("adapters")}
    assert set(CONTRACTS["plug-ins-apart"]["modules"]) == families


def modules(package: str) -> set[str]:
    """Names of the modules and packages directly inside a package."""
    folder = ROOT / package
    return {file.stem for file in folder.glob("*.py")} - {"__init__"} | {
        file.parent.name for file in folder.glob("*/__init__.py")
    }
