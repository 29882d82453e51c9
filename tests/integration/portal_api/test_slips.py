"""The slip to print and the file that a banking app opens."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from hub.bootstrap.plug_ins import bank_transfer_schemes
from hub.kernel.money import Money
from hub.kernel.references import Reference
from portal_api.citizen.obligations import TransferOut
from portal_api.citizen.slip_texts import TEXTS
from tests.integration.portal_api.test_account import read
from tests.integration.portal_api.test_obligations import LIST, get
from tests.support.hub import Api
from tests.support.records import ANA, IVO, obligation


@pytest.fixture
async def owed(hub: Api):
    subject_id = await hub.subject("pregrada", hr_oib=ANA)
    reference = Reference("hr.poziv_na_broj", "HR68 5720-87582274224")
    await read(hub, "obligations", ANA, obligation(title={"hr": "Grobna <b>čćđšž</b>"}, references=(reference,)))
    (item,) = (await get(hub, subject_id))["items"]
    return subject_id, f"{LIST}/{item['id']}/transfer"


def offered(hub: Api, *schemes: str) -> None:
    towns = hub.hub.towns.by_slug
    known = bank_transfer_schemes()
    towns["pregrada"] = replace(towns["pregrada"], bank_transfer=[known[name] for name in schemes])


async def page(hub: Api, owed, language: str = "hr", **params):
    subject_id, path = owed
    headers = hub.token("pregrada", subject_id) | {"Accept-Language": language}
    answer = await hub.client.get(f"{path}/slip", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def test_everything_is_there_in_words_and_nothing_is_loaded(hub, owed):
    answer = await page(hub, owed)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == "hr"
    told = re.sub(r"\s*<[^>]+>\s*", "|", answer.text.partition("<table>")[2].partition("</table>")[0])
    assert re.sub(r"\|+", "|", told).replace("\N{NO-BREAK SPACE}", " ") == (
        "|Primatelj|Grad Pregrada|Josipa Karla Tuškana 2|49218 Pregrada|IBAN primatelja|HR17 2360 0001 1012 3456 5"
        "|Iznos|125,50 €|Model i poziv na broj|HR68 5720-87582274224|Opis plaćanja|Grobna &lt;b&gt;čćđšž&lt;/b&gt;"
        "|Šifra namjene|GOVT|Platiti do|15. prosinca 2026.|"
    )
    assert "<script" not in answer.text
    assert not re.search(r"(src|href)=|url\(|@import", answer.text)
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    allowed = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in answer.headers["content-security-policy"]
    assert " style=" not in answer.text


async def test_codes_are_of_the_size_of_their_norms(hub, owed):
    html = (await page(hub, owed)).text
    drawn = re.findall(r'width="([0-9.]+)mm" height="([0-9.]+)mm" viewBox="0 0 ([0-9]+) ([0-9]+)"', html)
    assert [round(float(wide) / int(modules), 4) for wide, _, modules, _ in drawn] == [0.254, 0.5]
    assert [round(float(high) / int(modules), 4) for _, high, _, modules in drawn] == [0.254, 0.5]
    assert re.findall(r"<figcaption>([^<]+)<", html) == ["HUB 3A", "EPC QR (SEPA)"]


@pytest.mark.parametrize(
    ("asked", "title"), [("hr", "Nalog za plaćanje"), ("en", "Payment slip"), ("uk", "Nalog za plaćanje")]
)
async def test_it_is_in_a_language_of_the_town(hub, owed, asked, title):
    assert f"<h1>{title}</h1>" in (await page(hub, owed, asked)).text


async def test_an_english_day_is_written_as_in_europe(hub, owed):
    assert "<span>15 December 2026</span>" in (await page(hub, owed, "en")).text


async def test_who_writes_it_by_hand_is_told_of_what_there_is(hub, owed):
    words = TEXTS["hr"]
    html = (await page(hub, owed)).text
    assert (words["by_hand"] in html, words["needed"] in html) == (True, True)
    offered(hub)
    html = (await page(hub, owed)).text
    assert (words["by_hand"] in html, words["needed"] in html) == (False, True)
    subject_id = await hub.subject("pregrada", hr_oib=IVO)
    await read(hub, "obligations", IVO, obligation("plain", IVO, references=()))
    (item,) = (await get(hub, subject_id))["items"]
    html = (await page(hub, (subject_id, f"{LIST}/{item['id']}/transfer"))).text
    assert (words["by_hand"] in html, words["needed"] in html) == (False, False)
    assert '<p class="note"></p>' not in html


def test_each_language_has_all_the_words():
    assert set(TEXTS) == {"hr", "cs", "uk", "ro", "sr-Cyrl", "sr-Latn", "en"}
    assert {tuple(words) for words in TEXTS.values()} == {tuple(TEXTS["en"])}
    assert all("{as_of}" in words["as_of"] and all(words.values()) for words in TEXTS.values())


async def test_a_file_for_banking_apps(hub, owed):
    offered(hub, "hub3", "spayd")
    subject_id, path = owed
    body = await get(hub, subject_id, path)
    TransferOut.model_validate(body)
    assert [(one["scheme"], one["button"]) for one in body["codes"]] == [
        ("hub3", None),
        ("spayd", f"{path}/spayd/file"),
    ]
    assert body["slip"] == f"{path}/slip"
    file = await hub.client.get(body["codes"][1]["button"], headers=hub.token("pregrada", subject_id))
    assert file.headers["content-type"] == "application/x-shortpaymentdescriptor"
    assert re.fullmatch(r'attachment; filename="obl_[0-9a-z]{26}\.spayd"', file.headers["content-disposition"])
    assert file.text == body["codes"][1]["payload"]
    assert (await get(hub, subject_id, f"{path}/hub3/file", status=404))["detail"] == (
        "The code hub3 has no file that banking apps open."
    )
    await get(hub, subject_id, f"{path}/epc/file", status=404)


async def test_a_link_is_its_own_button_and_stands_on_the_page(hub, owed):
    subject_id, path = owed

    class Link:
        id, name, symbol, begins = "link", "Link", bank_transfer_schemes()["nbu"].symbol, "https://"
        button = bank_transfer_schemes()["nbu"].button

        def encode(self, order):
            return "https://qr.bank.gov.ua/x"

        def decode(self, payload):
            return bank_transfer_schemes()["spayd"].decode("SPD*1.0*ACC:CZ6508000000192000145399")

    towns = hub.hub.towns.by_slug
    towns["pregrada"] = replace(towns["pregrada"], bank_transfer=[Link()])
    assert (await get(hub, subject_id, path))["codes"][0]["button"] == "https://qr.bank.gov.ua/x"
    html = (await page(hub, owed)).text
    assert '<a href="https://qr.bank.gov.ua/x">Otvori u aplikaciji banke</a>' in html
    await get(hub, subject_id, f"{path}/link/file", status=404)


async def test_one_instalment_and_what_is_paid(hub):
    subject_id = await hub.subject("pregrada", hr_oib=ANA)
    today = hub.clock.now().date()
    parts = (
        {"number": 1, "due_on": today + timedelta(days=1), "amount": Money(2550, "EUR")},
        {"number": 2, "due_on": today + timedelta(days=30), "amount": Money(10000, "EUR")},
    )
    await read(hub, "obligations", ANA, obligation(instalments=parts), obligation("paid", outstanding=Money(0, "EUR")))
    paths = {
        one["outstanding"]["minor"]: f"{LIST}/{one['id']}/transfer" for one in (await get(hub, subject_id))["items"]
    }
    assert "25,50" in (await page(hub, (subject_id, paths[12550]), instalment=1)).text
    assert (await get(hub, subject_id, f"{paths[0]}/slip", status=409))["detail"] == (
        "This is paid: there is nothing to transfer."
    )


async def test_another_persons_slip_does_not_exist(hub, owed):
    ivo = await hub.subject("pregrada", hr_oib=IVO)
    await get(hub, ivo, f"{owed[1]}/slip", status=404)
    await get(hub, ivo, f"{owed[1]}/spayd/file", status=404)
    assert (await hub.client.get(f"{owed[1]}/slip")).status_code == 401
