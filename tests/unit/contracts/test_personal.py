"""Recordings without personal data: valid stand-ins, the same for the same, and nothing left over."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from lxml import etree
from stdnum import iban

from hub.contracts.invented import Invented
from hub.contracts.personal import Kind, Redactor
from hub.contracts.record import refuse_public_folder
from hub.contracts.recording import Recorded, Recording, kept_headers, read, write
from hub.contracts.uses import Use
from hub.kernel.errors import ConfigurationError
from hub.kit import identifiers

OIB = "83100426579"
NUMBERS = {
    "hr.oib": OIB,
    "cz.birth_number": "0572127050",
    "cz.ico": "88888886",
    "ua.rnokpp": "3184902042",
    "ro.cnp": "2880412401171",
    "rs.jmbg": "2203985715128",
}
USES = (
    Use("items.oib", "parties", "parties", required=True, scheme="hr.oib"),
    Use("items.total", "fields.original", "original", required=True, converter="decimal_comma"),
    Use("items.kind", "fields.kind", "kind", required=True, codes=frozenset({"WASTE"})),
    Use("items.number", "key"),
    Use("items.partner", "parties", "parties", required=True, scheme="otpad.partner"),
)


def redactor(*keep: str, **changes: object) -> Redactor:
    return Redactor("HR", USES, asked={"hr.oib": OIB}, keep=keep, public=["HR1723600001101234565"], seed=7, **changes)


@pytest.mark.parametrize(("scheme", "number"), NUMBERS.items())
def test_an_invented_number_is_valid_another_and_the_same_again(scheme: str, number: str):
    invented = Invented(seed=1)
    made = invented.identifier(scheme, number)
    assert identifiers.normalise(scheme, made) != number
    assert invented.identifier(scheme, number) == made
    assert len(made) == len(number)


def test_a_number_keeps_its_separators():
    made = Invented(seed=1).identifier("cz.birth_number", "057212/7050")
    assert (made[6], len(made)) == ("/", 11)
    assert identifiers.normalise("cz.birth_number", made) != "0572127050"


def test_an_account_is_another_of_the_same_bank():
    made = Invented(seed=1).iban("HR12 1001 0051 8630 0016 0")
    assert iban.is_valid(made)
    assert (made[:2], made[4:13]) == ("HR", " 1001 005")
    assert made != "HR12 1001 0051 8630 0016 0"


ITEMS = {
    "state_at": "2026-11-20T06:00:00+01:00",
    "items": [
        {
            "number": f"2026-{OIB}-1",
            "kind": "WASTE",
            "oib": OIB,
            "partner": "P-0091744",
            "payer": "Željka Đurđević-Šćepan",
            "total": "1.250,00",
            "open": 12.50,
            "text": "Odvoz otpada za Željka Đurđević-Šćepan, OIB 83100426579",
            "mail": "zeljka@pregrada.hr",
            "iban": "HR1210010051863000160",
            "town_iban": "HR1723600001101234565",
            "street": "Glavna 12",
            "phone": "+385 98 123 4567",
            "birth_date": "1985-03-01",
            "due": "15.12.2026.",
            "note": "Zove svaki dan",
            "nothing": None,
        }
    ],
}


def test_a_json_reply_keeps_its_sense_and_loses_its_people():
    one = redactor()
    content = json.dumps(ITEMS, ensure_ascii=False).encode()
    made = json.loads(one.message(content, "application/json"))
    item = made["items"][0]
    assert item["oib"] == one.asked["hr.oib"] == identifiers.normalise("hr.oib", item["oib"])
    assert item["number"] == f"2026-{item['oib']}-1"
    for kept in ("kind", "total", "open", "due", "town_iban", "nothing"):
        assert item[kept] == ITEMS["items"][0][kept]
    assert made["state_at"] == ITEMS["state_at"]
    assert iban.is_valid(item["iban"])
    assert item["mail"].endswith("@example.org")
    text = json.dumps(made, ensure_ascii=False)
    assert re.fullmatch(r"P-\d{7}", item["partner"])
    for gone in (
        OIB,
        "0091744",
        "Željka",
        "Šćepan",
        "zeljka@",
        "Glavna",
        "98 123",
        "1985-03",
        "Zove",
        "HR1210010051863000160",
    ):
        assert gone not in text, gone
    assert one.redaction.unsure == ["items.note", "items.text"]
    # What the question at the terminal shows.
    assert one.redaction.texts == {"items.note": [ITEMS["items"][0]["note"]], "items.text": [ITEMS["items"][0]["text"]]}
    assert one.redaction.replaced["items.birth_date", Kind.BIRTH] == 1


def test_of_a_fault_the_code_stays_and_the_sentence_goes():
    fault = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
        "<faultcode>e:Client</faultcode><faultstring>Nema je: Ana</faultstring>"
        "<detail><g><Kod>KOR404</Kod></g></detail></e:Fault></e:Body></e:Envelope>"
    )
    one = redactor()
    made = one.message(fault.encode(), "text/xml").decode()
    assert "<faultcode>e:Client</faultcode>" in made
    assert "<Kod>KOR404</Kod>" in made
    assert "Ana" not in made
    assert one.redaction.unsure == ["faultstring"]


def test_a_path_somebody_vouches_for_stays_but_for_names_and_numbers_in_it():
    one = redactor("items.text", "items.note")
    made = json.loads(one.message(json.dumps(ITEMS).encode(), "application/json"))["items"][0]
    assert made["note"] == "Zove svaki dan"
    assert made["text"].startswith("Odvoz otpada za ")
    assert "Željka" not in made["text"]
    assert OIB not in made["text"]
    assert made["oib"] in made["text"]
    assert one.redaction.unsure == []


def test_an_envelope_in_another_encoding():
    ns = "http://schemas.xmlsoap.org/soap/envelope/"
    text = (
        '<?xml version="1.0" encoding="windows-1250"?>'
        f'<s:Envelope xmlns:s="{ns}"><s:Header><h>{OIB}</h></s:Header>'
        f"<s:Body><r><items><oib>{OIB}</oib><total>1,00</total><ime>Željka</ime></items></r></s:Body></s:Envelope>"
    )
    one = redactor()
    made = one.message(text.encode("cp1250"), "text/xml")
    root = etree.fromstring(made)
    assert root.getroottree().docinfo.encoding.lower() == "windows-1250"
    assert root.findtext(".//oib") == root.findtext(".//h") == one.asked["hr.oib"]
    assert root.findtext(".//total") == "1,00"
    assert root.findtext(".//ime") != "Željka"
    assert one.line(f"/bills?oib={OIB}") == f"/bills?oib={one.asked['hr.oib']}"


def test_what_cannot_be_read_is_not_written():
    with pytest.raises(ConfigurationError, match="cannot be redacted"):
        redactor().message(b"%PDF-1.7 ...", "application/pdf")


def test_credentials_keep_their_scheme_only():
    headers = {"authorization": "Bearer abc.def", "cookie": "s=1", "x-api-key": "k", "accept": "*/*"}
    assert kept_headers(headers, ours=True) == {"authorization": "Bearer [secret]", "accept": "*/*"}


def test_personal_data_does_not_go_under_mappings(tmp_path):
    folder = tmp_path / "mappings" / "otpad"
    folder.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="folder of mappings"):
        refuse_public_folder(folder, keep_personal_data=True)
    refuse_public_folder(folder, keep_personal_data=False)
    refuse_public_folder(tmp_path / "var", keep_personal_data=True)


def test_a_recording_is_read_as_it_was_written_and_never_written_over(tmp_path):
    exchange = Recorded("POST", "/x?a=1", {"accept": "*/*"}, b"<a/>", 200, {"content-type": "text/xml"}, b"<b/>")
    made = Recording(
        "m.recorded", datetime(2026, 11, 22, tzinfo=UTC).isoformat(), {"operation": "X"}, "m.yaml", {}, [exchange],
        [{"key": "1"}], ["a: name, 1 times"], ["b"],
    )  # fmt: skip
    files = write(made, tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in files) == [
        "examples/m.recorded.1.xml", "recordings/m.recorded.1.request.xml", "recordings/m.recorded.yaml",
    ]  # fmt: skip
    assert read(tmp_path / "recordings" / "m.recorded.yaml") == made
    with pytest.raises(ConfigurationError, match="is there already"):
        write(made, tmp_path)
