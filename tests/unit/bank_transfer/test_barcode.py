"""Drawn codes are read back by zxing-cpp, a reader independent of both writers."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from adapters.bank_transfer import epc, hub3, spayd
from hub.kernel.errors import InvalidRequest
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName
from hub.kit import pdf417
from hub.kit.barcode import LARGEST_SCALE, draw, modules
from hub.kit.pdf417_patterns import CODEWORDS, PATTERNS
from hub.ports.bank_transfer import CannotExpress, Symbol
from tests.unit.bank_transfer.orders import CROATIAN, CYRILLIC, CZECH, PREGRADA, VZOROV, slip_texts, texts

QR = Symbol("qr", "M")
SLIP = Symbol("pdf417", "4", columns=9, binary=True)


def test_each_scheme_states_the_symbol_of_its_norm():
    assert hub3.SCHEME.symbol == SLIP
    assert spayd.SCHEME.symbol == QR
    assert epc.SCHEME.symbol == Symbol("qr", "M", binary=True, max_version=13)
    assert [scheme.SCHEME.id for scheme in (hub3, spayd, epc)] == ["hub3", "spayd", "epc"]


def read(image: Image.Image | bytes) -> zxingcpp.Barcode:
    picture = Image.open(io.BytesIO(image)).convert("L") if isinstance(image, bytes) else image
    barcodes = zxingcpp.read_barcodes(picture)
    assert len(barcodes) == 1
    return barcodes[0]


def painted(svg: bytes, width: int, height: int) -> Image.Image:
    """The SVG at one pixel per module: our documents hold nothing but rectangles."""
    picture = Image.new("L", (width, height), 255)
    path = re.search(r'<path d="([^"]*)"/></svg>', svg.decode())
    assert path
    bars = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z", path[1])
    assert "".join(f"M{x} {y}h{w}v{h}h-{back}z" for x, y, w, h, back in bars) == path[1]
    for x, y, wide, high, _ in bars:
        picture.paste(0, (int(x), int(y), int(x) + int(wide), int(y) + int(high)))
    return picture


@pytest.mark.parametrize("symbol", [QR, replace(QR, binary=True), SLIP])
@pytest.mark.parametrize("scale", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "payload",
    [
        "SPD*1.0*ACC:CZ6508000000192000145399*AM:1.00*CC:CZK",
        f"Croatian {CROATIAN} in one line\n",
        f"Czech {CZECH}",
        f"Cyrillic {CYRILLIC}",
        "x",
    ],
)
def test_png_is_read_back(payload, symbol, scale):
    barcode = read(draw(payload, symbol, "png", scale=scale))
    assert barcode.bytes == payload.encode()
    assert barcode.text == payload
    # `]Q1` and `]L2` say that there is no ECI mark: readers of payment codes expect plain bytes.
    assert barcode.symbology_identifier == ("]Q1" if symbol.kind == "qr" else "]L2")


@pytest.mark.parametrize("symbol", [QR, SLIP])
def test_svg_and_png_show_the_same_modules(symbol):
    payload = f"Grad Pregrada {CROATIAN}"
    rows = modules(payload, symbol)
    width, height = len(rows[0]), len(rows)
    svg = draw(payload, symbol, "svg", scale=3)
    assert svg.startswith(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 3}" height="{height * 3}" '
        f'viewBox="0 0 {width} {height}"'.encode()
    )
    assert f'<path fill="#fff" d="M0 0h{width}v{height}H0z"/>'.encode() in svg
    picture = painted(svg, width, height)
    png = Image.open(io.BytesIO(draw(payload, symbol, "png", scale=3)))
    assert png.mode == "1"
    assert picture.resize(png.size, Image.Resampling.NEAREST).tobytes() == png.convert("L").tobytes()
    assert ["".join("1" if picture.getpixel((x, y)) == 0 else "0" for x in range(width)) for y in range(height)] == rows


@pytest.mark.parametrize("symbol", [QR, SLIP])
@pytest.mark.parametrize("image", ["svg", "png"])
def test_the_same_input_gives_the_same_bytes(symbol, image):
    assert draw("Grad Pregrada", symbol, image, scale=2) == draw("Grad Pregrada", symbol, image, scale=2)


def test_quiet_zones():
    for symbol, quiet in ((QR, 4), (SLIP, 2)):
        rows = modules("Grad Pregrada", symbol)
        assert {*rows[:quiet], *rows[-quiet:]} == {"0" * len(rows[0])}
        assert {row[:quiet] + row[-quiet:] for row in rows} == {"0" * 2 * quiet}
        assert "1" in rows[quiet]
        assert {row[quiet] for row in rows[quiet:-quiet]} >= {"1"}


def test_qr_is_never_micro_and_uses_the_compact_mode_of_capitals():
    assert len(modules("1", QR)) == 21 + 8
    assert int(read(draw("A" * 60, QR, "png", scale=3)).extra["Version"]) == 3
    assert int(read(draw("A" * 60, replace(QR, binary=True), "png", scale=3)).extra["Version"]) == 4
    assert int(read(draw("A" * 90, QR, "png", scale=3)).extra["Version"]) == 4
    assert int(read(draw("A" * 90, replace(QR, binary=True), "png", scale=3)).extra["Version"]) == 6


def test_error_correction_is_raised_only_where_the_scheme_allows():
    assert read(draw("A" * 10, QR, "png", scale=3)).ec_level == "M"
    assert read(draw("A" * 10, replace(QR, boost=True), "png", scale=3)).ec_level == "H"


def test_pdf417_has_nine_columns_level_4_and_rows_three_modules_high():
    rows = modules("HRVHUB30\n" * 20, SLIP)
    assert len(rows[0]) == 17 * 9 + 69 + 2 * 2
    assert (len(rows) - 4) % 3 == 0
    inner = rows[2:-2]
    assert all(inner[top] == inner[top + 1] == inner[top + 2] for top in range(0, len(inner), 3))
    # 180 bytes are 30 times six: a length, a latch and 150 codewords, with 32 of correction 21 rows of nine.
    assert len(inner) // 3 == 21
    assert read(draw("HRVHUB30\n" * 20, SLIP, "png", scale=3)).ec_level == f"{32 * 100 // 189}%"


def codewords(rows: list[str]) -> list[int]:
    """The data codewords of a symbol, by looking its patterns up."""
    known = [{pattern: word for word, pattern in enumerate(cluster)} for cluster in PATTERNS]
    return [
        known[number % 3][int(row[start : start + 17], 2)]
        for number, row in enumerate(rows)
        for start in range(34, len(row) - 35, 17)
    ]


@pytest.mark.parametrize(
    ("data", "latch", "words"),
    [
        # ISO/IEC 15438 shows 231, 101, 11, 97, 205, 2 as the codewords 387, 700, 208, 213, 302.
        (bytes([231, 101, 11, 97, 205, 2]), 924, [387, 700, 208, 213, 302]),
        ("Š".encode(), 901, [0xC5, 0xA0]),
        (bytes([231, 101, 11, 97, 205, 2, 65]), 901, [387, 700, 208, 213, 302, 65]),
        (b"", 924, []),
    ],
)
def test_pdf417_is_in_byte_compaction(data, latch, words):
    found = codewords(pdf417.encode(data, columns=4, level=0))
    assert found[1 : 2 + len(words)] == [latch, *words]
    assert set(found[2 + len(words) : found[0]]) <= {900}


@pytest.mark.parametrize("size", [5, 6, 7, 60, 61, 300])
def test_pdf417_is_the_symbol_another_writer_draws(size):
    # A run of bytes above 127 leaves zxing-cpp no choice of compaction, so both writers must agree on every module.
    data = bytes(128 + number * 37 % 128 for number in range(size))
    other = zxingcpp.create_barcode(data, zxingcpp.BarcodeFormat.PDF417, columns=9, ecLevel="4", eci="0")
    image = memoryview(other.to_image(scale=1, add_quiet_zones=False))
    height, width = image.shape
    drawn = ["".join("1" if image[y, x] == 0 else "0" for x in range(width)) for y in range(0, height, 3)]
    assert pdf417.encode(data, columns=9, level=4) == drawn


@given(st.binary(min_size=1, max_size=300), st.integers(1, 12), st.integers(0, 5))
@settings(max_examples=60)
def test_pdf417_of_any_width_and_level_is_read_back(data, columns, level):
    try:
        rows = pdf417.encode(data, columns=columns, level=level)
    except pdf417.TooMuchForPdf417:
        assert (2 + len(data) * 5 // 6 + (2 << level)) / columns > 80
        return
    wide = "0" * 4
    pixels = [f"{wide}{row}{wide}" for row in rows for _ in range(3)]
    pixels = [*["0" * len(pixels[0])] * 4, *pixels, *["0" * len(pixels[0])] * 4]
    small = Image.frombytes(
        "L", (len(pixels[0]), len(pixels)), bytes(0 if module == "1" else 255 for row in pixels for module in row)
    )
    assert read(small.resize((small.width * 3, small.height * 3), Image.Resampling.NEAREST)).bytes == data


@pytest.mark.parametrize("spoiled", [1, 2])
def test_pdf417_survives_spoiled_rows(spoiled):
    payload = f"HRVHUB30\nEUR\n{CROATIAN}" * 3
    png = Image.open(io.BytesIO(draw(payload, SLIP, "png", scale=3))).convert("L")
    png.paste(255, (200, 60, png.width - 200, 60 + spoiled * 9))
    barcode = read(png)
    assert barcode.bytes == payload.encode()
    assert barcode.extra["UEC"] < 1


def test_the_pattern_table_keeps_the_rules_of_the_norm():
    assert [len(cluster) for cluster in PATTERNS] == [CODEWORDS] * 3
    assert len({pattern for cluster in PATTERNS for pattern in cluster}) == 3 * CODEWORDS
    for number, cluster in enumerate(PATTERNS):
        for pattern in cluster:
            widths = [len(run[0]) for run in re.finditer("1+|0+", f"{pattern:b}")]
            assert sum(widths) == 17
            assert len(widths) == 8
            assert max(widths) <= 6
            assert (widths[0] - widths[2] + widths[4] - widths[6]) % 9 == 3 * number
    assert [cluster[0] for cluster in PATTERNS] == [0x1D5C0, 0x1F560, 0x1ABE0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(CannotExpress, match="too long for a QR code"):
        draw("x" * 3000, QR, "svg", scale=1)
    with pytest.raises(CannotExpress, match="1000 bytes do not fit a PDF417 symbol of 9 columns at level 4"):
        draw("x" * 1000, SLIP, "svg", scale=1)
    with pytest.raises(CannotExpress, match="would be of version 14; this scheme allows 13"):
        draw("x" * 332, epc.SCHEME.symbol, "svg", scale=1)
    assert int(read(draw("x" * 331, epc.SCHEME.symbol, "png", scale=3)).extra["Version"]) == 13


def test_a_pdf417_symbol_needs_its_columns():
    with pytest.raises(ValueError, match="number of its columns"):
        draw("x", Symbol("pdf417", "4"), "svg", scale=1)


@pytest.mark.parametrize("scale", [0, -1, LARGEST_SCALE + 1])
def test_a_scale_out_of_range_is_the_callers_mistake(scale):
    with pytest.raises(InvalidRequest) as refused:
        draw("x", QR, "png", scale=scale)
    assert refused.value.field == "scale"


def test_the_longest_slip_is_within_the_height_of_the_norm():
    # 34 rows of 3 x 0.254 mm are 25.9 mm of the 26 the norm allows: 326 bytes, 273 characters with 53
    # letters that take two bytes.
    assert len(pdf417.encode(b"x" * 273, columns=9, level=4)) == 30
    assert len(pdf417.encode(b"x" * 326, columns=9, level=4)) == 34
    assert len(pdf417.encode(b"x" * 327, columns=9, level=4)) == 35


@given(name=slip_texts(25, 1), message=slip_texts(35), place=slip_texts(27), scale=st.integers(2, 4))
@settings(max_examples=40)
def test_hub3_from_order_to_paper_and_back(name, message, place, scale):
    order = replace(
        PREGRADA,
        payee=PostalName(name, "", place),
        message=message,
        references=(Reference("hr.poziv_na_broj", "HR68 5720-87892589782"),),
    )
    payload = hub3.SCHEME.encode(order)
    barcode = read(draw(payload, hub3.SCHEME.symbol, "png", scale=scale))
    assert hub3.SCHEME.decode(barcode.bytes.decode()) == order


@given(name=texts(35), message=texts(60, CZECH + "Poplatek za psa 2026/7"), scale=st.integers(2, 4))
@settings(max_examples=40)
def test_spayd_from_order_to_paper_and_back(name, message, scale):
    order = replace(
        VZOROV,
        payee=PostalName(name),
        message=message,
        references=(Reference("cz.variable_symbol", "0123456789"),),
    )
    payload = spayd.SCHEME.encode(order)
    barcode = read(draw(payload, spayd.SCHEME.symbol, "png", scale=scale))
    assert barcode.text == payload
    assert spayd.SCHEME.decode(barcode.text) == order


@given(
    name=texts(30, CROATIAN + CYRILLIC + "Grad ", shortest=1),
    message=texts(60, CYRILLIC + CZECH),
    scale=st.integers(2, 4),
)
@settings(max_examples=40)
def test_epc_from_order_to_paper_and_back(name, message, scale):
    order = replace(PREGRADA, payee=PostalName(name), message=message)
    barcode = read(draw(epc.SCHEME.encode(order), epc.SCHEME.symbol, "png", scale=scale))
    assert epc.SCHEME.decode(barcode.bytes) == order
