"""The register of persons of Vzorov, as a caller sees it on the wire."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import zeep
from lxml import etree
from stdnum.cz import rc

from simulators.people import MATEJ
from tests.integration.simulators.harness import SOAP_12, Simulator, body_of

NAMESPACE = "urn:vzorov:registr:1"
IN_FOLDER = Path(__file__).parents[3] / "mappings/vzorov_registr/registr.wsdl"


def texts(parent: etree._Element, name: str) -> list[str | None]:
    return [found.text for found in parent.iter(f"{{{NAMESPACE}}}{name}")]


async def test_the_contract_served_is_the_one_in_the_mapping_folder(registr: Simulator) -> None:
    assert (await registr.client.get("/registr?wsdl")).content == IN_FOLDER.read_bytes()


async def test_pages_are_complete_and_valid(registr: Simulator) -> None:
    schema = etree.XMLSchema(etree.parse(IN_FOLDER).find(".//{http://www.w3.org/2001/XMLSchema}schema"))
    ids: list[str | None] = []
    for page in (1, 2, 3):
        answer = await registr.soap_12(f"<SeznamOsob><Strana>{page}</Strana><Velikost>3</Velikost></SeznamOsob>")
        assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"
        reply = body_of(answer)
        schema.assertValid(reply)
        assert texts(reply, "StranCelkem") == ["3"]
        assert texts(reply, "OsobCelkem") == ["7"]
        assert texts(reply, "StavK") == ["2026-11-21T13:00:00+01:00"]
        ids += [person.get("id") for person in reply.iter(f"{{{NAMESPACE}}}Osoba")]
    assert ids == [f"RO-{number:06d}" for number in range(1, 8)]


async def test_persons_and_legal_entities(registr: Simulator) -> None:
    everybody = body_of(await registr.soap_12("<SeznamOsob/>"))
    assert all(rc.is_valid(number) for number in texts(everybody, "RodneCislo"))
    assert texts(everybody, "Prijmeni") == ["Příhodová", "Šťastný", "Úlehla", "Ďuríčková", "Žďárská", "Příhodová"]
    assert texts(everybody, "Titul") == ["Ing."]
    assert MATEJ.name not in texts(everybody, "Prijmeni")
    entities = body_of(await registr.soap_12("<SeznamOsob><Druh>PO</Druh></SeznamOsob>"))
    assert texts(entities, "ICO") == ["88888886"]
    assert texts(entities, "Nazev") == ["Zahradnictví Šťovíček s.r.o."]
    assert texts(entities, "RodneCislo") == []


async def test_people_change_while_it_runs(registr: Simulator) -> None:
    new_name = {"RodneCislo": "057212/7050", "Jmeno": "Růžena", "Prijmeni": "Příhodová-Nová"}
    newcomer = {"RodneCislo": "062508/7056", "Jmeno": "Matěj", "Prijmeni": "Říha"}
    await registr.post("people", **{"@id": "RO-000001", "FyzickaOsoba": new_name})
    await registr.post("people", **{"@id": "RO-000009", "Druh": "FO", "FyzickaOsoba": newcomer})
    await registr.delete("people/RO-000002")
    everybody = body_of(await registr.soap_12("<SeznamOsob/>"))
    assert texts(everybody, "Prijmeni") == ["Příhodová-Nová", "Úlehla", "Ďuríčková", "Žďárská", "Příhodová", "Říha"]
    assert texts(everybody, "Zmeneno")[0] == "2026-11-21T13:00:00+01:00"
    assert texts(everybody, "Zmeneno")[1] == "2026-10-12T02:00:00+02:00"


@pytest.mark.parametrize("auth", [None, ("munihub", "wrong"), ("other", "vzorov-registr-secret")])
async def test_without_the_password_nobody_is_told(registr: Simulator, auth) -> None:
    answer = await registr.soap_12("<SeznamOsob/>", auth=auth)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="registr", charset="UTF-8"'
    assert answer.content == b""


async def test_faults_are_those_of_soap_1_2(registr: Simulator) -> None:
    wrong = await registr.soap_12("<SeznamOsob><Strana>0</Strana></SeznamOsob>")
    assert wrong.status_code == 400
    code = body_of(wrong).findtext(f"{{{SOAP_12}}}Code/{{{SOAP_12}}}Value")
    assert code == "soap:Sender"
    await registr.switch(fault=True)
    broken = await registr.soap_12("<SeznamOsob/>")
    assert broken.status_code == 500
    fault = body_of(broken)
    assert fault.findtext(f"{{{SOAP_12}}}Code/{{{SOAP_12}}}Value") == "soap:Receiver"
    assert fault.findtext(f"{{{SOAP_12}}}Reason/{{{SOAP_12}}}Text") == "Internal error (simulated)."


async def test_an_independent_client_can_use_the_contract(registr: Simulator) -> None:
    def call() -> object:
        client = zeep.Client(f"{registr.url}/registr?wsdl")
        client.transport.session.auth = ("munihub", "vzorov-registr-secret")
        service = client.create_service(f"{{{NAMESPACE}}}RegistrOsobSoap12", f"{registr.url}/registr")
        answer = service.SeznamOsob(Strana=1, Velikost=100)
        client.transport.session.close()
        return answer

    answer = await asyncio.to_thread(call)
    assert [person.Druh for person in answer.Osoby.Osoba] == ["FO"] * 6 + ["PO"]
    assert answer.Osoby.Osoba[6].PravnickaOsoba.Nazev == "Zahradnictví Šťovíček s.r.o."
