"""The demonstration's towns are set up for the simulated eIDs as these are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from lxml import etree

from hub.cities.loader import home_of
from simulators.kit.keys import certificate
from simulators.kit.secrets import secret
from tests.integration.simulators.harness import start

ROOT = Path(__file__).parents[3]
CITIES = ROOT / "config" / "cities"
KEYS = ROOT / "simulators" / "keys"


@pytest.mark.parametrize(
    ("town", "eid", "path"),
    [
        ("pregrada", "nias", "/metadata"),
        ("vzorov", "nia", "/fpsts/FederationMetadata/2007-06/FederationMetadata.xml"),
    ],
)
async def test_metadata_and_keys_of_the_towns_are_the_simulators(town: str, eid: str, path: str) -> None:
    from importlib import import_module

    def said(text: bytes) -> list:
        root = etree.fromstring(text)
        for one in root.iter("{*}Signature"):
            one.clear()
        return [
            (etree.QName(one).localname, {key: value for key, value in one.attrib.items() if key != "ID"}, one.text)
            for one in root.iter("{urn:oasis:names:tc:SAML:2.0:metadata}*", "{*}X509Certificate")
        ]

    async with start(f"eid_{eid}") as simulator:
        live = (await simulator.client.get(path)).content
        port = import_module(f"simulators.eid_{eid}").PORT
        live = live.replace(simulator.url.encode(), f"http://127.0.0.1:{port}".encode())
        assert said((CITIES / town / f"{eid}.metadata.xml").read_bytes()) == said(live)
        (service,) = (await simulator.client.get("/_control/services")).json()
    pem = (CITIES / town / f"{eid}.crt").read_bytes()
    assert pem == certificate(f"{town}-{eid}") == service["certificates"][0].encode()
    key = load_pem_private_key(secret(f"{town}-{eid}-key").encode(), None)
    encoded = [
        one.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for one in (key.public_key(), x509.load_pem_x509_certificate(pem).public_key())
    ]
    assert encoded[0] == encoded[1]


def test_every_certificate_says_that_it_is_a_simulators() -> None:
    found = sorted(KEYS.glob("*.crt"))
    assert len(found) == 12
    for file in found:
        one = x509.load_pem_x509_certificate(file.read_bytes())
        assert "O=munihub simulator" in one.subject.rfc4514_string(), file
        assert one.subject == one.issuer
    assert {file.stem for file in KEYS.glob("*.key")} | {
        "pregrada-nias",
        "vzorov-nia",
        "vzorov-csob",
        "netopia-pos",
    } == {file.stem for file in found}


def test_files_of_an_eid_lie_beside_the_file_that_names_its_provider(tmp_path: Path) -> None:
    town = tmp_path / "cities" / "pregrada" / "city.yaml"
    town.parent.mkdir(parents=True)
    place = ("eids", "nias", "provider")
    over: dict = {"extends": [str(CITIES / "pregrada" / "city.yaml")], "eids": {"nias": {"settings": {"skew": "30s"}}}}
    town.write_text(yaml.safe_dump(over))
    assert home_of(town, place) == CITIES / "pregrada"
    over["eids"]["nias"]["provider"] = "nias"
    town.write_text(yaml.safe_dump(over))
    assert home_of(town, place) == town.parent
