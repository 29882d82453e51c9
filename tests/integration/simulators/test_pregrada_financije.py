"""The financial card of Pregrada, as a caller sees it on the wire."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
import zeep
from lxml import etree
from stdnum.hr import oib as oib_number
from zeep.wsse.username import UsernameToken

from simulators.people import ANDELKA, CIRO, DURO, SIME, STOLARIJA, ZELJKA
from tests.integration.simulators.harness import WSSE, Simulator, body_of

NAMESPACE = "urn:pregrada:financije:1"
ROOT = Path(__file__).parents[3]
IN_FOLDER = ROOT / "mappings/pregrada_financije/financije.wsdl"


def items_of(oib: str, *, closed: bool = True) -> str:
    return (
        f"<DohvatiOtvoreneStavke><OIB>{oib}</OIB>"
        f"<UkljuciZatvorene>{str(closed).lower()}</UkljuciZatvorene></DohvatiOtvoreneStavke>"
    )


def texts(parent: etree._Element, name: str) -> list[str | None]:
    return [found.text for found in parent.iter(f"{{{NAMESPACE}}}{name}")]


def schema() -> etree.XMLSchema:
    inside = etree.parse(IN_FOLDER).find(".//{http://www.w3.org/2001/XMLSchema}schema")
    return etree.XMLSchema(inside)


def fault_code(answer: httpx.Response) -> tuple[str, str]:
    """Namespace and local name of a SOAP 1.1 fault's code."""
    fault = body_of(answer)
    assert etree.QName(fault).localname == "Fault"
    prefix, _, local = fault.findtext("faultcode").partition(":")
    return fault.nsmap[prefix], local


async def test_the_contract_served_is_the_one_in_the_mapping_folder(financije: Simulator) -> None:
    answer = await financije.client.get("/financije?wsdl")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.content == IN_FOLDER.read_bytes()


@pytest.mark.parametrize("person", [ZELJKA, DURO, SIME, CIRO, STOLARIJA], ids=lambda person: person.name)
async def test_answers_are_valid_by_the_contract(financije: Simulator, person) -> None:
    reply = body_of(await financije.soap_11(items_of(person.number)))
    schema().assertValid(reply)
    assert texts(reply, "Naziv") == [person.full_name]


async def test_every_change_is_valid_by_the_contract(financije: Simulator) -> None:
    await financije.delete("items/2026-VO-008800")
    await financije.post("items", Sifra="2026-KN-000042", VanjskeUplate=["pay_1", "pay_2"])
    reply = body_of(await financije.soap_11("<DohvatiPromjene/>"))
    schema().assertValid(reply)
    assert texts(reply, "Kljuc") == ["pay_1", "pay_2"]


async def test_the_answer_is_windows_1250_on_the_wire(financije: Simulator) -> None:
    answer = await financije.soap_11(items_of(ZELJKA.number))
    assert answer.headers["content-type"] == "text/xml; charset=windows-1250"
    assert answer.content.startswith(b"<?xml version='1.0' encoding='windows-1250'?>")
    assert "Željka Đurđević-Šćepan".encode("cp1250") in answer.content
    assert "Komunalni doprinos \N{EN DASH} dogradnja".encode("cp1250") in answer.content
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")


async def test_the_card_of_zeljka(financije: Simulator) -> None:
    reply = body_of(await financije.soap_11(items_of(ZELJKA.number)))
    assert reply.findtext(f"{{{NAMESPACE}}}StanjeNa") == "21.11.2026 13:00:00"
    items = {
        item.findtext(f"{{{NAMESPACE}}}Sifra"): {
            etree.QName(field).localname: field.text for field in item if not len(field)
        }
        for item in reply.iter(f"{{{NAMESPACE}}}Stavka")
    }
    assert sorted(items) == [
        "2021-VO-000040",
        "2022-KN-000117",
        "2025-KN-000117",
        "2025-PZ-000077",
        "2026-GN-000310",
        "2026-KD-000003",
        "2026-KN-000042",
        "2026-KN-000117",
        "2026-KZ-000009",
        "2026-PR-000055",
        "2026-RN-000021",
        "2026-VO-008800",
    ]
    assert items["2026-KN-000117"] == {
        "Sifra": "2026-KN-000117",
        "OIB": ZELJKA.number,
        "Vrsta": "KN",
        "Opis": "Komunalna naknada 2026., 2. polugodište, Ulica žrtava fašizma 7",
        "Godina": "2026",
        "Strana": "D",
        "Valuta": "EUR",
        "Iznos": "48,60",
        "Preostalo": "48,60",
        "DatumIzdavanja": "11.11.2026",
        "Dospijece": "11.12.2026",
        "Primatelj": "GRAD",
        "Odjel": "KOM",
        "Model": "HR68",
        "PozivNaBroj": "5720-83100426579-00012",
        "BrojRacuna": "117/KN/2026",
        "SvrhaDoznake": "Komunalna naknada 2. polugodište",
        "Status": "A",
        "Referent": "MH",
        "ZadnjaPromjena": "18.11.2026 06:00:00",
    }
    assert items["2026-KD-000003"]["Iznos"] == "1.250,00"
    assert items["2021-VO-000040"]["Valuta"] == "HRK"
    assert "Model" not in items["2021-VO-000040"]
    assert items["2026-PR-000055"]["Dospijece"] is None
    assert items["2026-PR-000055"]["Strana"] == "P"
    assert items["2026-KN-000042"]["Dospijece"] == "27.10.2026"
    assert items["2026-KN-000042"]["Kamata"] == "0,37"
    assert items["2026-GN-000310"]["Primatelj"] == "NISKOGRADNJA"


async def test_instalments_have_dates_and_references_of_their_own(financije: Simulator) -> None:
    reply = body_of(await financije.soap_11(items_of(ZELJKA.number)))
    (parts,) = reply.iter(f"{{{NAMESPACE}}}Obroci")
    assert texts(parts, "Dospijece") == ["12.10.2026", "11.11.2026", "11.12.2026", "10.01.2027", "09.02.2027"]
    assert texts(parts, "Preostalo") == ["0,00", "250,00", "250,00", "250,00", "250,00"]
    assert texts(parts, "PozivNaBroj")[0] == "5711-83100426579-00101"


async def test_nil_and_missing_are_both_there(financije: Simulator) -> None:
    reply = body_of(await financije.soap_11(items_of(DURO.number, closed=False)))
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    left = [element.get(nil) for element in reply.iter(f"{{{NAMESPACE}}}Preostalo")]
    assert left == [None, None, "true"]
    assert len(texts(reply, "Odjel")) == 2


async def test_a_co_owner_sees_what_is_owed_together(financije: Simulator) -> None:
    reply = body_of(await financije.soap_11(items_of(DURO.number)))
    assert texts(reply, "Sifra") == ["2026-KN-000042", "2026-KN-000117", "2026-VO-008801"]
    assert texts(reply, "SuvlasnikOIB") == [DURO.number, DURO.number]


async def test_closed_items_come_only_when_asked_for(financije: Simulator) -> None:
    reply = body_of(await financije.soap_11(items_of(ZELJKA.number, closed=False)))
    assert set(texts(reply, "Status")) == {"A"}
    assert len(texts(reply, "Sifra")) == 7


async def test_nothing_owed_is_an_empty_list_and_unknown_is_a_fault(financije: Simulator) -> None:
    empty = body_of(await financije.soap_11(items_of(SIME.number)))
    assert texts(empty, "Sifra") == []
    unknown = await financije.soap_11(items_of(ANDELKA.number))
    assert unknown.status_code == 500
    assert fault_code(unknown) == (NAMESPACE, "NepoznatObveznik")
    detail = body_of(unknown).find("detail")[0]
    schema().assertValid(detail)
    assert texts(detail, "Sifra") == ["NepoznatObveznik"]


async def test_requests_that_break_the_contract_are_refused(financije: Simulator) -> None:
    for body in (items_of("123"), "<DohvatiSve/>", items_of(SIME.number) * 2, ""):
        answer = await financije.soap_11(body)
        assert answer.status_code == 500
        assert fault_code(answer)[1] == "Client"
    answer = await financije.client.post("/financije", content="<!DOCTYPE a><a/>", headers={"Content-Type": "text/xml"})
    assert fault_code(answer)[1] == "Client"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ({"password": "wrong"}, "FailedAuthentication"),
        ({"username": "someone"}, "FailedAuthentication"),
        ({"kind": "PasswordText"}, "InvalidSecurity"),
        ({"nonce": b""}, "InvalidSecurity"),
        ({"created": "yesterday"}, "InvalidSecurity"),
        ({"created": "2026-11-21T12:00:00"}, "InvalidSecurity"),
        ({"created": "2026-11-21T11:54:59Z"}, "MessageExpired"),
        ({"created": "2026-11-21T12:05:01Z"}, "MessageExpired"),
    ],
)
async def test_a_wrong_token_is_refused(financije: Simulator, token: dict, code: str) -> None:
    answer = await financije.soap_11(items_of(ZELJKA.number), **token)
    assert answer.status_code == 500
    assert fault_code(answer) == (WSSE, code)
    assert b"Komunalna" not in answer.content
    assert (await financije.state())["answered"] == {}


async def test_a_request_without_a_token_is_refused(financije: Simulator) -> None:
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<s:Body xmlns="{NAMESPACE}">{items_of(ZELJKA.number)}</s:Body></s:Envelope>'
    )
    answer = await financije.client.post(
        "/financije", content=envelope, headers={"Content-Type": "text/xml; charset=utf-8"}
    )
    assert fault_code(answer) == (WSSE, "InvalidSecurity")


async def test_a_token_is_good_once(financije: Simulator) -> None:
    nonce = b"0123456789abcdef"
    first = await financije.soap_11(items_of(ZELJKA.number), nonce=nonce)
    assert first.status_code == 200
    replayed = await financije.soap_11(items_of(ZELJKA.number), nonce=nonce)
    assert fault_code(replayed) == (WSSE, "FailedAuthentication")
    financije.clock.move(minutes=11)
    later = await financije.soap_11(items_of(ZELJKA.number), nonce=nonce)
    assert later.status_code == 200


async def test_changes_come_in_parts_that_together_are_all(financije: Simulator) -> None:
    found: list[str | None] = []
    further, mark = "", ""
    for _ in range(20):
        answer = await financije.soap_11(f"<DohvatiPromjene>{further}<Najvise>3</Najvise></DohvatiPromjene>")
        reply = body_of(answer)
        part = texts(reply, "Sifra")
        assert len(part) <= 3
        found += part
        (mark,) = texts(reply, "Oznaka")
        if not (more := texts(reply, "Nastavak")):
            break
        further = f"<Nastavak>{more[0]}</Nastavak>"
    everything = [item["Sifra"] for item in (await financije.client.get("/_control/items")).json()]
    assert len(found) == 16
    assert sorted(found) == sorted(everything)
    nothing = body_of(await financije.soap_11(f"<DohvatiPromjene><OdOznake>{mark}</OdOznake></DohvatiPromjene>"))
    assert texts(nothing, "Sifra") == []

    await financije.post("items", Sifra="2026-KZ-000009", Preostalo="0,00", Status="P")
    await financije.delete("items/2026-VO-008800")
    since = body_of(await financije.soap_11(f"<DohvatiPromjene><OdOznake>{mark}</OdOznake></DohvatiPromjene>"))
    assert texts(since, "Sifra") == ["2026-KZ-000009", "2026-VO-008800"]
    assert texts(since, "Obrisano") == ["true"]
    assert texts(since, "ZadnjaPromjena") == ["21.11.2026 13:00:00"] * 2


async def test_a_mark_of_another_run_gives_everything(financije: Simulator) -> None:
    reply = body_of(await financije.soap_11("<DohvatiPromjene><OdOznake>1999-7</OdOznake></DohvatiPromjene>"))
    assert len(texts(reply, "Sifra")) == 16


async def test_an_independent_client_can_use_the_contract(financije: Simulator) -> None:
    """zeep builds the request and the digest from the WSDL alone."""
    financije.clock.at = financije.clock.at.now(tz=financije.clock.at.tzinfo)  # zeep writes the real time.

    def call() -> object:
        client = zeep.Client(
            f"{financije.url}/financije?wsdl",
            wsse=UsernameToken("munihub", "pregrada-financije-secret", use_digest=True),
        )
        with client.settings(raw_response=False):
            service = client.create_service(f"{{{NAMESPACE}}}FinancijskaKarticaSoap", f"{financije.url}/financije")
            answer = service.DohvatiOtvoreneStavke(OIB=ZELJKA.number, UkljuciZatvorene=True)
        client.transport.session.close()
        return answer

    answer = await asyncio.to_thread(call)
    assert answer.Obveznik.Naziv == "Željka Đurđević-Šćepan"
    assert len(answer.Stavke.Stavka) == 12


async def test_every_reference_has_the_check_digits_of_its_model(financije: Simulator) -> None:
    """HR68: revenue code MOD11INI, then an OIB. HR01: one MOD11INI digit over all. Written out a second time."""

    def mod_11_ini(digits: str) -> str:
        total = sum(int(digit) * (2 + place) for place, digit in enumerate(digits[::-1]))
        return str(11 - total % 11 if total % 11 > 1 else 0)

    seen = set()
    for item in (await financije.client.get("/_control/items")).json():
        for part in (item, *item.get("Obroci", ())):
            number = part.get("PozivNaBroj")
            if part.get("Model") == "HR68":
                revenue, oib, rest = number.split("-")
                assert revenue[3] == mod_11_ini(revenue[:3])
                assert oib_number.is_valid(oib)
                assert len(rest) <= 5
            elif part.get("Model") == "HR01":
                digits = number.replace("-", "")
                assert digits[-1] == mod_11_ini(digits[:-1])
            seen.add(part.get("Model"))
            assert len(number or "") <= 22
    assert seen == {"HR68", "HR01", "HR00", None}
