"""Codes as a camera sees them: printed at their size, held askew, out of focus, in poor light; read by zxing-cpp."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from adapters.bank_transfer import epc, hub3, ips_rs, nbu, nbu_002, spayd
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit.barcode import MILLIMETRES, modules
from hub.transfers.reading import NotRecognised, codes
from tests.unit.bank_transfer.orders import PREGRADA, VZOROV

DOTS = 300 / 25.4  # a millimetre at 300 dots an inch

CROATIAN = replace(
    PREGRADA,
    payer=PostalName("Željko Senekovićev Čačinović", "Ulica hrvatske Čučerje 125", "42000 Varaždin"),
    references=(Reference("hr.poziv_na_broj", "HR68 5720-87892589782"),),
    purpose="TAXS",
)
CZECH = replace(
    VZOROV,
    payee=PostalName("Město Vzorov, odbor životního"),
    references=(Reference("cz.variable_symbol", "0123456789"), Reference("cz.specific_symbol", "7892589782")),
    message="Poplatek za komunální odpad, Příčná ulička 12, rok 2026",
)
SERBIAN = TransferOrder(
    payee=PostalName("Општина Вршац", "Трг победе 1", "26300 Вршац"),
    account="RS35840000074332484318",
    amount=Money(359613, "RSD"),
    currency="RSD",
    references=(Reference("rs.poziv_na_broj", "97 163220000111111111000"),),
    message="Порез на имовину 2026",
    payer=PostalName("Ђорђе Чађеновић", "Жупска 13", "Београд"),
)
UKRAINIAN = TransferOrder(
    payee=PostalName("Пирятинська міська рада"),
    account="UA673005280000026500504354077",
    amount=Money(1234567, "UAH"),
    currency="UAH",
    references=(Reference("text", "ORE-2026-000123"),),
    message="Орендна плата за землю комунальної власності за III квартал 2026 року, договір № 17/2019",
    payee_identifier="37193071",
)
PRINTED = [(spayd, CZECH), (hub3, CROATIAN), (epc, CROATIAN), (ips_rs, SERBIAN), (nbu, UKRAINIAN), (nbu_002, UKRAINIAN)]


def photographed(payload: str, symbol, angle: float, blur: float) -> Image.Image:
    rows = modules(payload, symbol)
    small = Image.frombytes(
        "L", (len(rows[0]), len(rows)), bytes(40 if module == "1" else 215 for row in rows for module in row)
    )
    size = MILLIMETRES[symbol.kind] * DOTS
    printed = small.resize((round(small.width * size), round(small.height * size)), Image.Resampling.BOX)
    page = Image.new("L", (printed.width + 300, printed.height + 300), 215)
    page.paste(printed, (150, 150))
    turned = page.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=215)
    return turned.filter(ImageFilter.GaussianBlur(blur))


@pytest.mark.parametrize(("scheme", "order"), PRINTED, ids=[scheme.SCHEME.id for scheme, _ in PRINTED])
@pytest.mark.parametrize(("angle", "blur"), [(2, 1.0), (178, 0.8)])
def test_a_printed_code_is_read_askew_and_out_of_focus(scheme, order, angle, blur):
    payload = scheme.SCHEME.encode(order)
    found = zxingcpp.read_barcodes(photographed(payload, scheme.SCHEME.symbol, angle, blur))
    assert [one.bytes for one in found] == [payload.encode()]
    assert scheme.SCHEME.encode(scheme.SCHEME.decode(found[0].bytes)) == payload


def test_a_pdf417_further_askew_is_turned_upright():
    payload = hub3.SCHEME.encode(CROATIAN)
    askew = photographed(payload, hub3.SCHEME.symbol, -7, 0.9)
    assert zxingcpp.read_barcodes(askew) == []
    assert codes(askew) == [payload.encode()]


def test_an_empty_page_has_no_code():
    with pytest.raises(NotRecognised, match="no QR code and no PDF417"):
        codes(Image.new("L", (200, 200), 255))


@pytest.mark.parametrize(("scheme", "angle"), [(spayd, 33), (nbu, 211)])
def test_qr_codes_are_read_from_any_side(scheme, angle):
    payload = scheme.SCHEME.encode(CZECH if scheme is spayd else UKRAINIAN)
    (found,) = zxingcpp.read_barcodes(photographed(payload, scheme.SCHEME.symbol, angle, 1.2))
    assert found.text == payload


def test_this_blur_spoils_a_code_that_is_printed_too_small():
    payload = nbu.SCHEME.encode(UKRAINIAN)
    image = photographed(payload, nbu.SCHEME.symbol, 7, 0)
    small = image.resize((image.width // 4, image.height // 4), Image.Resampling.BICUBIC)
    assert zxingcpp.read_barcodes(small.filter(ImageFilter.GaussianBlur(0.9))) == []


def test_the_hryvnia_stands_in_a_white_circle_and_the_code_is_of_the_size_of_the_norm():
    rows = modules(nbu.SCHEME.encode(replace(UKRAINIAN, message="1")), nbu.SCHEME.symbol)
    assert len(rows) == 57 + 8  # version 10, the smallest allowed
    middle = len(rows) // 2
    inside = [row[middle - 3 : middle + 4] for row in rows[middle - 4 : middle + 5]]
    assert inside == ["0111110", "1000001", "0000001", "1111111", "0001000", "1111111", "1000000", "1000001", "0111110"]
    ring = [(x, y) for x in range(-6, 7) for y in range(-6, 7) if 33 <= x * x + y * y <= 38]
    assert {rows[middle + y][middle + x] for x, y in ring} == {"0"}
    longest = nbu.SCHEME.encode(replace(UKRAINIAN, message="Земля " * 80))
    assert len(longest) == len("https://qr.bank.gov.ua/") + 475
    assert len(modules(longest, nbu.SCHEME.symbol)) == 85 + 8  # version 17, the largest allowed
