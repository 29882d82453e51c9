"""What import contracts cannot say: where packages come from, what a folder holds, what nobody may call."""

from __future__ import annotations

import ast
import pkgutil
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from hub.bootstrap.plug_ins import bank_transfer_schemes
from hub.kit import manifest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "connectors", "hub", "identity", "portal_api", "simulators")
INSIDE = ("adapters", "connectors", "hub", "portal_api")

# Modules through which a program can reach another machine. `httpx.URL` only takes addresses apart.
LINES_OUT = {"aiohttp", "ftplib", "http.client", "httpx", "imaplib", "requests", "smtplib", "socket", "ssl",
             "telnetlib", "urllib.request", "urllib3", "websockets", "xmlrpc", "zeep.transports"}  # fmt: skip
HARMLESS = {"httpx.URL", "httpx.InvalidURL", "socket.gaierror", "socket.inet_aton"}
LEASHED = ("hub/kit/", "hub/demo/")
LISTENING = {"hub/processes/single.py": {f"socket.{name}" for name in
             ("AI_PASSIVE", "IPPROTO_TCP", "SOCK_STREAM", "TCP_NODELAY", "create_server", "getaddrinfo", "socket")},
             "portal_api/server.py": {"ssl.CERT_OPTIONAL"}}  # fmt: skip
"""Who takes an address for others to call, and with what."""

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
# Where the present moment may be read besides hub/kernel/clock.py, and why.
OWN_CLOCK = {
    "connectors/soap/check.py": "a check is made by a person now, and its port hands it no clock",
    "hub/kernel/ids.py": "a UUID of version 7 holds the moment it was made, and nothing is decided by that",
}


# ── Packages and folders ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_loaded_from_our_tree(name: str) -> None:
    """The names are general enough for another distribution to bring one of its own."""
    assert [Path(folder) for folder in import_module(name).__path__] == [ROOT / name]


@pytest.mark.parametrize("name", ["config", "mappings"])
def test_data_hold_no_logic(name: str) -> None:
    kinds = {file.suffix for file in (ROOT / name).rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    assert kinds <= {".yaml", ".json", ".xml", ".wsdl", ".xsd", ".md", ".csv", ".crt"}
    assert ".yaml" in kinds


def test_every_connector_declares_and_explains_itself() -> None:
    found = manifest.scan(ROOT / "connectors")
    assert {"rest", "soap"} <= set(found)
    for name, one in found.items():
        assert len((ROOT / "connectors" / name / "README.md").read_text("utf-8")) > 500, name
        assert one.load().__module__ == f"connectors.{name}.{one.entry.partition(':')[0].rpartition('.')[2]}"


def test_every_bank_transfer_module_is_a_scheme() -> None:
    names = {one.name for one in pkgutil.iter_modules([str(ROOT / "adapters" / "bank_transfer")])}
    assert names == {"epc", "hub3", "ips_rs", "nbu", "nbu_002", "spayd"}
    assert set(bank_transfer_schemes()) == names


def test_no_file_names_a_registry_or_a_workplace() -> None:
    """Who installs decides where packages come from; who clones decides where they lie."""
    hosts = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb." + "debian.org")
    folder = re.compile(r"(?<![\w.-])/" + "(?:work|opt/py" + r"pi)\b")
    wrong = [
        f"{file.relative_to(ROOT)}: {line.strip()[:80]}"
        for file in written_files()
        for line in file.read_text("utf-8", "replace").splitlines()
        if any(host in line for host in hosts) or folder.search(line)
    ]
    assert wrong == []


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────


def test_only_the_kit_reaches_other_machines() -> None:
    found = {
        str(file.relative_to(ROOT)): sorted(used)
        for file, tree in modules(*INSIDE)
        if not str(file.relative_to(ROOT)).startswith(LEASHED)
        if (used := lines_out(tree) - LISTENING.get(str(file.relative_to(ROOT)), set()))
    }
    assert found == {}


def test_only_the_clock_reads_the_time() -> None:
    found = {str(file.relative_to(ROOT)) for file, tree in modules(*INSIDE) if names(tree) & CLOCKS}
    assert found == {"hub/kernel/clock.py", *OWN_CLOCK}


def test_the_kernel_needs_the_standard_library_and_pydantic() -> None:
    for file, tree in modules("hub/kernel"):
        roots = {name.partition(".")[0] for name in imported(tree)}
        assert roots <= sys.stdlib_module_names | {"hub", "pydantic"}, file


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import httpx\nhttpx.AsyncClient()", {"httpx.AsyncClient"}),
        ("import httpx\nhttpx.URL('x').join('y')", set()),
        ("from httpx import get", {"httpx.get"}),
        ("import requests", {"requests"}),
        ("from urllib import request", {"urllib.request"}),
        ("import urllib.request", {"urllib.request"}),
        ("from urllib.parse import quote", set()),
        ("import socket\nsocket.create_connection(('a', 1))", {"socket.create_connection"}),
        ("from http import client", {"http.client"}),
        ("from asyncio import open_connection", {"asyncio.open_connection"}),
        ("import asyncio\nasyncio.open_connection('a', 1)", {"asyncio.open_connection"}),
    ],
)
def test_a_line_out_is_seen(source: str, expected: set[str]) -> None:
    assert lines_out(ast.parse(source)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "import datetime\ndatetime.datetime.utcnow()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime as moment\nmoment.now()",
        "from time import time\ntime()",
        "import time\ntime.time()",
    ],
)
def test_a_clock_is_seen(source: str) -> None:
    assert names(ast.parse(source)) & CLOCKS


# ── Reading code ─────────────────────────────────────────────────────────────────────────────────


@cache
def modules(*folders: str) -> list[tuple[Path, ast.Module]]:
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [(file, ast.parse(file.read_text("utf-8"), str(file))) for file in files]


def written_files() -> Iterator[Path]:
    """Files that people write: nothing hidden but .ci, nothing that a tool or the hub makes."""
    made = {"var", "build", "dist", "munihub.egg-info", "__pycache__"}
    for path in sorted(ROOT.iterdir()):
        if path.name in made or (path.name.startswith(".") and path.name not in {".ci", ".gitignore"}):
            continue
        files = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in files if file.is_file() and not {"__pycache__", "node_modules"} & {*file.parts})


def imported(tree: ast.Module) -> set[str]:
    """Full names of everything that is imported: `urllib.request`, `httpx.get`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def names(tree: ast.Module) -> set[str]:
    """What is imported and every attribute of it that is used, by the last two parts of its full name."""
    return {".".join(full.split(".")[-2:]) for full in used_names(tree)}


@cache
def used_names(tree: ast.Module) -> set[str]:
    local: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                local[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            local |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    found = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id in local:
                found.add(".".join([local[inner.id], *reversed(parts)]))
    return found


def lines_out(tree: ast.Module) -> set[str]:
    """The names through which a module could reach another machine."""
    used = used_names(tree)
    # `import httpx` is a way out unless it is seen what of it is used.
    bare = {line for line in LINES_OUT & used if not any(name.startswith(f"{line}.") for name in used)}
    inside = {name for name in used if any(name.startswith(f"{line}.") for line in LINES_OUT)}
    harmless = {name for name in inside if any(f"{name}.".startswith(f"{one}.") for one in HARMLESS)}
    return bare | (inside - harmless) | {name for name in used if name.endswith(".open_connection")}
