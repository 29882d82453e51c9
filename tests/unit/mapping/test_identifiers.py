"""National identifiers: what is accepted, in which form it is kept, what is shown of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit import identifiers

GOOD = [
    ("hr.oib", " HR 87582274224 ", "87582274224"),
    ("hr.oib", "33392005961", "33392005961"),
    ("cz.birth_number", "710319/2745", "7103192745"),
    ("cz.birth_number", "991231123", "991231123"),
    ("cz.ico", "25123891", "25123891"),
    ("cz.ico", "258245", "00258245"),
    ("ua.rnokpp", " 1759013776", "1759013776"),
    ("ua.rnokpp", "ав 123456", "АВ123456"),
    ("ua.rnokpp", "AB123456", "АВ123456"),
    ("ua.rnokpp", "001234567", "001234567"),
    ("ua.unzr", "19481228-01234", "1948122801234"),
    ("ua.edrpou", "32855961", "32855961"),
    ("ro.cnp", "1630615123457", "1630615123457"),
    ("ro.cui", "RO 18547290", "18547290"),
    ("rs.jmbg", "0101006500006", "0101006500006"),
    ("rs.jmbg", "150199 7761033", "1501997761033"),
    ("rs.pib", "101134702", "101134702"),
    ("hr.mbs", "080 123456", "080123456"),
    ("cz.dic", "CZ 25123891", "CZ25123891"),
    ("cz.dic", "7103192745", "CZ7103192745"),
    ("ro.onrc", "j52/750/2012", "J52/750/2012"),
    ("ro.onrc", "J2012000750528", "J2012000750528"),
    ("rs.mb", "07 042 701", "07042701"),
    ("ua.cadastral_number", "3221881300:02:003:0001 ", "3221881300:02:003:0001"),
    ("pregrada_financije.partner", "  00/17-č ", "00/17-č"),
]
BAD = [
    ("hr.oib", "33392005962", "is not a hr.oib: the check digit does not match"),
    ("hr.oib", "3339200596", "is not a hr.oib: wrong number of characters"),
    ("hr.oib", "3339200596X", "is not a hr.oib: it has characters that do not belong there"),
    ("hr.oib", "", "is not a hr.oib: it has characters that do not belong there"),
    ("cz.birth_number", "7103192746", "is not a cz.birth_number: the check digit does not match"),
    (
        "cz.birth_number",
        "1103492745",
        "is not a cz.birth_number: a part of it (date, region, kind) is impossible",
    ),
    ("cz.birth_number", "590312/123", "is not a cz.birth_number: wrong number of characters"),
    ("cz.ico", "25123890", "is not a cz.ico: the check digit does not match"),
    ("cz.ico", "0", "is not a cz.ico: the check digit does not match"),
    ("cz.ico", "123456789", "is not a cz.ico: wrong number of characters"),
    ("cz.ico", "٢٥١٢٣٨٩١", "is not a cz.ico: it has characters that do not belong there"),
    ("ua.rnokpp", "1759013770", "is not a ua.rnokpp: the check digit does not match"),
    ("ua.unzr", "19481328-01234", "is not a ua.unzr: a part of it (date, region, kind) is impossible"),
    ("ua.unzr", "19481228-0123", "is not a ua.unzr: wrong number of characters"),
    ("ua.unzr", "19481228-O1234", "is not a ua.unzr: it has characters that do not belong there"),
    ("ua.edrpou", "32855968", "is not a ua.edrpou: the check digit does not match"),
    ("ro.cnp", "1630615123458", "is not a ro.cnp: the check digit does not match"),
    ("ro.cnp", "1632215123457", "is not a ro.cnp: a part of it (date, region, kind) is impossible"),
    ("ro.cui", "18547291", "is not a ro.cui: the check digit does not match"),
    ("rs.jmbg", "0101006500007", "is not a rs.jmbg: the check digit does not match"),
    ("rs.jmbg", "3201006500006", "is not a rs.jmbg: a part of it (date, region, kind) is impossible"),
    ("rs.jmbg", "010100650000", "is not a rs.jmbg: wrong number of characters"),
    ("rs.jmbg", "01010065OO006", "is not a rs.jmbg: it has characters that do not belong there"),
    ("rs.pib", "101134703", "is not a rs.pib: the check digit does not match"),
    ("hr.mbs", "80123456", "is not a hr.mbs: wrong number of characters"),
    ("cz.dic", "CZ25123890", "is not a cz.dic: the check digit does not match"),
    ("ro.onrc", "J2012000750529", "is not a ro.onrc: the check digit does not match"),
    ("rs.mb", "7042701", "is not a rs.mb: wrong number of characters"),
    ("rs.mb", "0704270A", "is not a rs.mb: it has characters that do not belong there"),
    (
        "ua.cadastral_number",
        "322188130:02:003:0001",
        "is not a ua.cadastral_number: it has characters that do not belong there",
    ),
    ("tax.number", " ", "is not an identifier of 1 to 200 printable characters"),
    ("tax.number", "1\x002", "is not an identifier of 1 to 200 printable characters"),
]


@pytest.mark.parametrize(("scheme", "text", "kept"), GOOD)
def test_kept_in_one_form(scheme: str, text: str, kept: str) -> None:
    assert identifiers.normalise(scheme, text) == kept
    assert identifiers.normalise(scheme, kept) == kept


@pytest.mark.parametrize(("scheme", "text", "why"), BAD)
def test_refused_with_the_reason_and_without_the_number(scheme: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        identifiers.normalise(scheme, text)
    assert str(caught.value) == why


def test_a_jmbg_whose_check_digit_would_be_ten_was_never_given_out() -> None:
    body = "010100650009"
    weights = (7, 6, 5, 4, 3, 2) * 2
    assert sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True)) % 11 == 1
    for check in "0123456789":
        with pytest.raises(ValueError, match="check digit"):
            identifiers.normalise("rs.jmbg", body + check)


@pytest.mark.parametrize(
    ("scheme", "hint"),
    [
        ("hr.oibb", "did you mean hr.oib?"),
        ("cz.rc", "did you mean cz.ico?"),
        ("xy.passport", "national ones are hr.oib, cz.birth_number"),
        ("oib", "did you mean hr.oib?"),
        ("Financije.Partner", "one of your own is <back office>.<name>"),
        ("a.b.c", "one of your own is <back office>.<name>"),
    ],
)
def test_a_misspelt_scheme(scheme: str, hint: str) -> None:
    with pytest.raises(ValueError, match="is not a scheme of identifiers") as caught:
        identifiers.normalise(scheme, "1")
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "value", "shown"),
    [
        ("hr.oib", "87582274224", "********224"),
        ("cz.ico", "25123891", "*****891"),
        ("cz.birth_number", "7103192745", "**********"),
        ("ro.cnp", "1630615123457", "*************"),
        ("rs.jmbg", "0101006500006", "*************"),
        ("ua.rnokpp", "1759013776", "**********"),
        ("ua.unzr", "1948122801234", "*************"),
        ("tax.number", "1234567", "*******"),
        ("tax.number", "12345678", "*****678"),
    ],
)
def test_masks(scheme: str, value: str, shown: str) -> None:
    assert identifiers.mask(scheme, value) == shown


@given(st.sampled_from(sorted(identifiers.NATIONAL)), st.text(max_size=20))
def test_any_text_is_normalised_or_refused_without_being_told(scheme: str, text: str) -> None:
    try:
        kept = identifiers.normalise(scheme, text)
    except ValueError as error:
        assert len(text) < 4 or text not in str(error)  # noqa: PT017  (both are answers)
    else:
        assert identifiers.normalise(scheme, kept) == kept
