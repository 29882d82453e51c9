"""Our connector against services that others have written: PHP's SoapServer and node's `soap`.

They are skipped where PHP or node is not installed; `make peers` installs what node needs.
"""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from connectors.soap.connector import SoapConnector
from hub.kernel.errors import RemoteError, RemoteFault, RemoteRefused
from hub.ports.back_office import Arguments, Page, Surroundings
from tests.support.saml_idp import key, pem
from tests.unit.soap.files_samples import FILES, files_wsdl
from tests.unit.soap.samples import NS, dogs, write
from tests.unit.soap.test_soap_encoding import WSDL as LIST_WSDL

HERE = Path(__file__).parent
OURS, PEER = key("munihub"), key("registry")
OWNER = "12345678903"
BIG = os.urandom(50_000)
SIGNED = {
    "sign": {"certificate": "hub.pem", "key": {"secret": "hub-key"}},
    "verify": {"certificates": ["registry.pem"]},
}
# Neither of them signs the WS-Addressing headers of its answers.
NO_RELATION = SIGNED | {"verify": {"certificates": ["registry.pem"], "relates_to": False}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("peers")
    for name, one in (("hub", OURS), ("registry", PEER)):
        (place / f"{name}.pem").write_text(one.certificate.pem)
        (place / f"{name}.key").write_bytes(pem(one.private))
    return write(place, dogs_wsdl=dogs(), files_wsdl=files_wsdl(), list_wsdl=LIST_WSDL)


@asynccontextmanager
async def connected(url: str, folder: Path, **settings: Any) -> AsyncIterator[SoapConnector]:
    def secret(name: str) -> SecretStr:
        return SecretStr({"hub-key": pem(OURS.private).decode(), "dogs": "pas-Mater-4711", "wrong": "wrong"}[name])

    connector = SoapConnector(
        SoapConnector.Settings.model_validate({"endpoint": url, "retries": {"attempts": 1}, **settings}),
        Surroundings("vzorov", "psi", folder, ZoneInfo("Europe/Prague"), secret),
    )
    try:
        yield connector
    finally:
        await connector.close()


async def read(url: str, folder: Path, source: dict[str, Any], **settings: Any) -> list[Page]:
    async with connected(url, folder, **settings) as connector:
        arguments = Arguments(now=datetime.now(UTC))
        return [page async for page in connector.feed(source).read(arguments)]


async def add(url: str, folder: Path, values: dict[str, Any], **settings: Any) -> str | None:
    async with connected(url, folder, wsdl="files.wsdl", **settings) as connector:
        page = await connector.operation({"operation": "AddFile"}).send(values, key="k-1")
    number: str | None = page.document.findtext(f"{{{FILES}}}Number")
    return number


def wsse(secret: str, *, digest: bool = True) -> dict[str, Any]:
    return {"kind": "wsse", "username": "munihub", "password": {"secret": secret}, "digest": digest}


@pytest.fixture(scope="module")
def php(folder: Path) -> Iterator[str]:
    program = shutil.which("php")
    modules = (
        subprocess.run([program, "-m"], check=True, capture_output=True, text=True).stdout.split() if program else []
    )
    if missing := {"soap", "dom", "openssl"}.difference(modules):
        pytest.skip(f"PHP is not installed with {', '.join(sorted(missing))} (Debian: php-cli php-soap php-xml)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    command = [str(program), "-S", place, str(HERE / "php" / "soap.php")]
    with subprocess.Popen(command, env={**os.environ, "PEER_FOLDER": str(folder)}, stderr=subprocess.DEVNULL) as run:
        try:
            _wait_for(place, run)
            yield f"http://{place}"
        finally:
            run.terminate()


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[str]:
    program = shutil.which("node")
    if program is None or not (HERE / "node" / "node_modules" / "soap").is_dir():
        pytest.skip("node or its package soap is not installed: install node and npm, then run `make peers`")
    command = [program, str(HERE / "node" / "server.js"), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            yield f"http://127.0.0.1:{int(run.stdout.readline())}"
        finally:
            run.terminate()


class TestPhp:
    def find(self, owner: str, **more: Any) -> dict[str, Any]:
        return {"operation": "FindDogs", "parameters": {"Owner": owner}, **more}

    async def test_a_call_with_a_header(self, php: str, folder: Path) -> None:
        source = self.find(OWNER, headers={"session": {"Key": "k-1"}})
        (page,) = await read(f"{php}/dogs", folder, source, wsdl="dogs.wsdl")
        found = [(one.findtext(f"{{{NS}}}Tag"), one.findtext(f"{{{NS}}}Fee")) for one in page.document[0]]
        assert found == [("T-1", "15.50"), ("k-1", "20.00")]
        assert page.document.findtext(f".//{{{NS}}}Name") == "Žućo"

    async def test_a_fault(self, php: str, folder: Path) -> None:
        source = self.find("00000000000")
        with pytest.raises(RemoteFault, match=r"the fault Client\.NoSuchOwner") as caught:
            await read(f"{php}/dogs", folder, source, wsdl="dogs.wsdl")
        assert (caught.value.evidence, caught.value.reached) == (
            "Client.NoSuchOwner · Nema · key = code; value = D-404",
            True,
        )
        assert await read(f"{php}/dogs", folder, source | {"not_found": ["D-404"]}, wsdl="dogs.wsdl") == []

    async def test_a_digest(self, php: str, folder: Path) -> None:
        pages = await read(f"{php}/dogs", folder, self.find(OWNER), wsdl="dogs.wsdl", auth=wsse("dogs"))
        assert len(pages) == 1
        with pytest.raises(RemoteRefused, match="FailedAuthentication"):
            await read(f"{php}/dogs", folder, self.find(OWNER), wsdl="dogs.wsdl", auth=wsse("wrong"))

    async def test_addressing_is_no_obstacle(self, php: str, folder: Path) -> None:
        pages = await read(f"{php}/dogs", folder, self.find(OWNER), wsdl="dogs.wsdl", addressing="2005-08")
        assert len(pages) == 1

    async def test_writing(self, php: str, folder: Path) -> None:
        assert await add(f"{php}/files", folder, {"Name": "a", "Content": BIG}) == str(len(BIG))

    async def test_an_operation_without_an_answer(self, php: str, folder: Path) -> None:
        async with connected(f"{php}/files", folder, wsdl="files.wsdl") as connector:
            page = await connector.operation({"operation": "ForgetFile"}).send({"Number": 7}, key="k")
        assert page.raw == b""

    async def test_both_sides_sign(self, php: str, folder: Path) -> None:
        values = {"Name": "a", "Content": BIG}
        for more in ({}, {"addressing": "2005-08"}, {"auth": wsse("dogs")}):
            number = await add(f"{php}/files", folder, values, security=NO_RELATION, **more)  # type: ignore[arg-type]
            assert number == str(len(BIG))

    async def test_a_signature_of_another(self, php: str, folder: Path) -> None:
        # Ours goes out well, but theirs is checked with the wrong certificate.
        security = SIGNED | {"verify": {"certificates": ["hub.pem"]}}
        with pytest.raises(RemoteError, match="made by no key that is trusted"):
            await add(f"{php}/files", folder, {"Name": "a"}, security=security)

    async def test_the_soap_encoding(self, php: str, folder: Path) -> None:
        values = {"town": "Žutice", "dogs": [{"Tag": "T-1", "Fee": "1.5"}, {"Tag": "T-2", "Fee": "2"}]}
        (page,) = await read(f"{php}/list", folder, {"operation": "List", "parameters": values}, wsdl="list.wsdl")
        assert b"href=" in page.raw
        (array,) = page.document
        assert [(one.findtext("Tag"), one.findtext("Fee")) for one in array] == [
            ("Žutice", "2"), ("Žutice", "2"), ("T-1", "1.5"), ("T-2", "2"),
        ]  # fmt: skip


class TestNode:
    async def test_a_call(self, node: str, folder: Path) -> None:
        (page,) = await read(
            f"{node}/files", folder, {"operation": "GetFile", "parameters": {"Number": 5}}, wsdl="files.wsdl"
        )
        assert base64.b64decode(page.document.findtext(f"{{{FILES}}}Content")) == b"xxxxx"

    async def test_writing(self, node: str, folder: Path) -> None:
        assert await add(f"{node}/files", folder, {"Name": "a", "Content": BIG}) == str(len(BIG))

    async def test_a_fault(self, node: str, folder: Path) -> None:
        with pytest.raises(RemoteFault, match="the fault Client") as caught:
            await add(f"{node}/files", folder, {"Name": "nobody"})
        assert (caught.value.evidence, caught.value.reached) == ("Client · no name · code = F-1", True)

    async def test_mtom_is_read_by_its_own_parser(self, node: str, folder: Path) -> None:
        assert await add(f"{node}/mtom", folder, {"Name": "a", "Content": BIG}, mtom=True) == str(len(BIG))

    @pytest.mark.parametrize("addressing", [None, "2005-08"])
    async def test_both_sides_sign(self, node: str, folder: Path, addressing: str | None) -> None:
        # It answers with the number of references of ours that it has verified.
        number = await add(f"{node}/signed", folder, {"Name": "a"}, security=NO_RELATION, addressing=addressing)
        assert number == ("2" if addressing is None else "6")


def _wait_for(place: str, run: subprocess.Popen[bytes]) -> None:
    host, port = place.split(":")
    until = time.monotonic() + 20
    while True:
        assert run.poll() is None, "the server ended"
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, "the server does not listen"
            run.poll()
        else:
            return
