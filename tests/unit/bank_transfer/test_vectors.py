"""Every published sample of payment codes that we know of, by number: one table a country, each row a test.

    A1  SPAYD (CZ)        A2  HUB 3A (HR)       A3  IPS QR (RS)
    A4  NBU QR (UA)       A5  EPC069-12 (SEPA)  A6  ISO 11649

`both`: read, and written again as the same text. `read`: read, and written in our own form. `refused`: not read.
Rules and further samples of a scheme stand in its own file.
"""

from __future__ import annotations

import re

import pytest
from stdnum import iban, iso11649
from stdnum.iso7064 import mod_97_10

from adapters.bank_transfer import epc, hub3, ips_rs, nbu, nbu_002, spayd
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit import cz_account, hr_reference, nbu_link, rs_account, rs_reference
from hub.ports.bank_transfer import CannotExpress, UnreadablePayload
from hub.transfers.reading import doubts

NBU_003 = (
    "https://qr.bank.gov.ua/QkNECjAwMwoyCklDVAoK0s7CIKvUyiCExcLOk7sKVUE2NzMwMDUyODAwMDAwMjY1MDA1MDQzNTQwNzcKVUFIMTUwCj"
    "M3MTkzMDcxCk9USFIvR0REUwoxMjI1MTAyNTc2Cj9NZXJjaGFudEJ1c2luZXNzTmFtZT0iUk9aRVRLQS5VQSIsIM_u6vPv6uAg8u7i4PCz4iwg5-Ds"
    "7uLr5e3t_yC5ODIxNTU4OTY1Lgo_PEluc3RyRm9yQ2R0ckFndD48SW5zdHJJbmY-TWVyY2hJRDowMTIzNC1UZXJtSWQ6NDMyMTA8L0luc3RySW5mPj"
    "wvSW5zdHJGb3JDZHRyQWd0PgpGRkZGCjI1MDMyMTEyMDAwMAoyNTAxMjkxMjAwMDAK"
)
NBU_003_FIELDS = [
    "BCD",
    "003",
    "2",
    "ICT",
    "",
    "ТОВ «ФК „ЕВО“»",
    "UA673005280000026500504354077",
    "UAH150",
    "37193071",
    "OTHR/GDDS",
    "1225102576",
    '?MerchantBusinessName="ROZETKA.UA", Покупка товарів, замовлення №821558965.',
    "?<InstrForCdtrAgt><InstrInf>MerchID:01234-TermId:43210</InstrInf></InstrForCdtrAgt>",
    "FFFF",
    "250321120000",
    "250129120000",
    "",
]
NBU_002 = (
    "https://bank.gov.ua/qr/QkNECjAwMgoyClVDVAoK0s7CICLO0LLOzS3Py97RIgpVQTY5MzAwMDAxMDAwMDAwMDAxMjM0NTY3ODkwMQpVQUgxMzcy"
    "NwoxMjM0NTY3OAoKCtDg9fPt7uog7eAg7u_r4PLzILkgMTAyNCDis-QgMzAg9-Xw4u3_IDIwMjYg8C4KCg"
)
EPS = (
    "K:PR|V:01|C:1|R:845000000040484987|N:JP EPS BEOGRAD\nBALKANSKA 13|I:RSD3596,13|P:MRĐO MAČKATOVIĆ\nŽUPSKA 13\n"
    "BEOGRAD 6|SF:189|S:UPLATA PO RAČUNU ZA EL. ENERGIJU|RO:97163220000111111111000"
)
HUB_SAMPLE = (
    "HRVHUB30\nEUR\n000000000012355\nŽELJKO SENEKOVIĆ\nIVANEČKA ULICA 125\n42000 VARAŽDIN\n2DBK d.d.\n"
    "ALKARSKI PROLAZ 13B\n21230 SINJ\nHR1210010051863000160\nHR01\n7269-68949637676-00019\nCOST\nTroškovi za 1. mjesec\n"
)
FRENCH = (
    "BCD\n002\n2\nSCT\n\nFrançois D'Alsace S.A.\nFR1420041010050500013M02606\nEUR12.3\n\n\nClient:Marie Louise La Lune"
)
INVOICE = (
    "SPD*1.0*CC:CZK*ACC:CZ3103000000270016060243*AM:495.00*DT:20151217*X-VS:012150672*X-INV:SID%2A1.0%2AID:012150672"
    "%2ADD:20151201%2ATP:0%2AVII:CZ60194383%2AINI:60194383%2AVIR:CZ12345678%2ADUZP:20151201%2ATB0:409.09%2AT0:85.91*"
)
KOTLIN = (
    "SPD*1.0*ACC:CZ0608000000192235210247*ALT-ACC:CZ9003000000192235210247,CZ4601000000192235210247*AM:399.01*CC:CZK"
    "*MSG:T-Mobile - QR platba123%C3%A1%C3%A9 %E2%80%B0%2A*RN:T-Mobile Czech Republic a.s.*X-CUSTOM:ayyy*X-CUSTOM:ayyyy"
    "*X-CUSTOM:orang utan*X-SS:11*X-VS:1113334445*"
)
OFFICIAL = (
    "SPD*1.0*ACC:CZ5855000000001265098001+RZBCCZPP*AM:480.50*CC:CZK*RF:1234567890123456*DT:20120524*MSG:PLATBA ZA ZBOZI"
)

BOTH = {
    "A1.1": (
        spayd,
        "SPD*1.0*ACC:CZ9555000000000810883001*AM:430.00*CC:CZK*MSG:PLATBA ZA DOMENU*X-VS:31030001",
    ),
    "A1.2": (spayd, "SPD*1.0*ACC:CZ5607100077550077628031*AM:500.00*CC:CZK*X-VS:1234567890"),
    "A2.1": (hub3, HUB_SAMPLE),
    "A3.1": (ips_rs, EPS),
    "A3.2": (
        ips_rs,
        (
            "K:PR|V:01|C:1|R:845000000040484987|N:JP EPS BEOGRAD|I:RSD3596,13|SF:189|S:Uplata po racunu"
            "|RO:97163220000111111111000"
        ),
    ),
    "A4.2": (nbu_002, NBU_002),
    "A4.3": (
        nbu_002,
        nbu_link.pack(["BCD", "002", "2", "UCT", "", "", "UA693000010000000012345678901", *[""] * 7]),
    ),
}
READ = {
    # Other orders of attributes, a star at the end, and what the scheme has no place for: our own form differs.
    "A1.3": (
        spayd,
        OFFICIAL,
        (
            "SPD*1.0*ACC:CZ5855000000001265098001+RZBCCZPP*AM:480.50*CC:CZK*DT:20120524*MSG:PLATBA ZA ZBOZI"
            "*RF:1234567890123456"
        ),
    ),
    "A1.4": (
        spayd,
        KOTLIN,
        (
            "SPD*1.0*ACC:CZ0608000000192235210247*AM:399.01*CC:CZK*MSG:T-Mobile - QR platba123%C3%A1%C3%A9 %E2%80%B0%2A"
            "*RN:T-Mobile Czech Republic a.s.*X-SS:11*X-VS:1113334445"
        ),
    ),
    "A1.7-merged": (
        spayd,
        INVOICE,
        "SPD*1.0*ACC:CZ3103000000270016060243*AM:495.00*CC:CZK*DT:20151217*X-VS:012150672",
    ),
    "A1.crc32": (
        spayd,
        "SPD*1.0*CC:CZK*ACC:CZ5855000000001265098001*AM:100.00*CRC32:AAD80227",
        "SPD*1.0*ACC:CZ5855000000001265098001*AM:100.00*CC:CZK",
    ),
    "A3.1-crlf": (ips_rs, EPS.replace("\n", "\r\n"), EPS),
    "A5.1": (epc, FRENCH, FRENCH.replace("\n2\n", "\n1\n").replace("12.3\n", "12.30\n")),
    "A5.1-bytes": (epc, FRENCH.encode("iso8859-1"), FRENCH.replace("\n2\n", "\n1\n").replace("12.3\n", "12.30\n")),
    "A5.2": (
        epc,
        "BCD\n002\n2\nSCT\n\nWikimedia Foerdergesellschaft\nDE33100205000001194700\nEUR20\n\n\nSpende fuer Wikipedia",
        "BCD\n002\n1\nSCT\n\nWikimedia Foerdergesellschaft\nDE33100205000001194700\nEUR20.00\n\n\nSpende fuer Wikipedia",
    ),
}
REFUSED = {
    **{f"A1.8-{number}": (spayd, text) for number, text in enumerate((
        KOTLIN.replace("SPD*", "spd*", 1),
        KOTLIN.replace("1.0", "1,0", 1),
        KOTLIN.replace("1.0", "1", 1),
        "SPD*1.0*ACC:CZ0608000000192235210247**",
        "SPD*1.0*ACC:CZ0608000000192235210247*X-A:123*MSG",
        "SPD*1.0*ACC:CZ0608000000192235210247*X-A1:a",
        "SPD*1.0*ACC:CZ0608000000192235210247*AB:a",
    ))},
    "A1.crc32-altered": (spayd, "SPD*1.0*CC:CZK*ACC:CZ5855000000001265098001*AM:101.00*CRC32:AAD80227"),
    "A1.7-invoice": (
        spayd,
        ("SID*1.0*ID:012150672*DD:20151201*TP:0*AM:495.00*VS:012150672*VII:CZ60194383*INI:60194383*VIR:CZ12345678"
        "*DUZP:20151201*DT:20151217*TB0:409.09*T0:85.91*CC:CZK*ACC:CZ3103000000270016060243*"),
    ),
    # Its IBAN is a placeholder.
    "A2.2": (
        hub3,
        "HRVHUB30\nEUR\n000000000005000\nJane Smith\n\n\nTest Company\n\n\nHR9876543210987654321\n\n\n\nTest payment",
    ),
    "A3.3-account": (ips_rs, EPS.replace("845000000040484987", "123456789012345678")),
    "A4.1-as-002": (nbu_002, NBU_003),
    "A4.2-as-003": (nbu, NBU_002),
    "A4-kopecks": (nbu, nbu_link.pack([*NBU_003_FIELDS[:7], "UAH100.5", *NBU_003_FIELDS[8:]])),
    "A4-001": (nbu, NBU_003.replace("QkNECjAwMwo", "QkNECjAwMQo")),
    "A5-koruna": (epc, FRENCH.replace("EUR", "CZK")),
}  # fmt: skip


@pytest.mark.parametrize("vector", BOTH)
def test_published_codes_are_read_and_written_as_they_are(vector):
    scheme, text = BOTH[vector]
    assert scheme.SCHEME.encode(scheme.SCHEME.decode(text)) == text


@pytest.mark.parametrize("vector", READ)
def test_published_codes_in_other_forms_are_read(vector):
    scheme, text, ours = READ[vector]
    assert scheme.SCHEME.encode(scheme.SCHEME.decode(text)) == ours


@pytest.mark.parametrize("vector", REFUSED)
def test_what_is_no_code_is_refused(vector):
    scheme, text = REFUSED[vector]
    with pytest.raises(UnreadablePayload):
        scheme.SCHEME.decode(text)


def test_a1_5_escaping_of_the_published_encoder():
    text = "abc  123♥☠**123  abc-+ěščřžýáíé---%20"
    order = TransferOrder(PostalName(""), "CZ6508000000192000145399", None, "CZK", message=text)
    assert spayd.SCHEME.encode(order) == (
        "SPD*1.0*ACC:CZ6508000000192000145399*CC:CZK*MSG:abc  123%E2%99%A5%E2%98%A0%2A%2A123  abc-%2B%C4%9B%C5%A1%C4%8D"
        "%C5%99%C5%BE%C3%BD%C3%A1%C3%AD%C3%A9---%2520"
    )


@pytest.mark.parametrize(
    ("local", "account"),
    [
        ("19-2000145399/0800", "CZ6508000000192000145399"),
        ("123456789/0123", "CZ2501230000000123456789"),
        ("810883001/5500", "CZ9555000000000810883001"),
        ("7755-77628031/0710", "CZ5607100077550077628031"),
    ],
)
def test_a1_6_national_account_to_iban(local, account):
    assert cz_account.iban_of(local) == account
    assert cz_account.local_account(account) == local


def test_a2_1_the_sample_of_hub_is_a_layout_whose_reference_banks_would_refuse():
    assert doubts(hub3.SCHEME.decode(HUB_SAMPLE)) == ("hr.poziv_na_broj: the check digit of HR01 is wrong",)


def test_a2_3_mod11ini():
    assert hr_reference.mod11ini("12345678") == "9"
    hr_reference.validate("HR01 123-456-789")
    # The public revenue code 8214 ends in its own check digit.
    assert hr_reference.mod11ini("821") == "4"


A3_ACCOUNTS = {
    "840000071711184351": "840-717111843-51",
    "115038169338697697": "115-381693386976-97",
    "190000000001513090": "190-15130-90",
    "170003004062800050": "170-30040628000-50",
    "165000701166855593": "165-7011668555-93",
    "265000000000123488": "265-1234-88",
    "205000000001234510": "205-12345-10",
    "325000000012345698": "325-123456-98",
    "840000074332484318": "840-743324843-18",  # A3.6, a fine paid to the budget
    "845000000040484987": "845-404849-87",
    "840000000095584510": "840-955845-10",
}


@pytest.mark.parametrize(("whole", "short"), A3_ACCOUNTS.items())
def test_a3_3_serbian_accounts(whole, short):
    assert rs_account.digits(short) == rs_account.digits(whole) == whole
    account = rs_account.iban_of(short)
    assert account == f"RS35{whole}"
    assert iban.is_valid(account)
    assert rs_account.local_account(account) == short


@pytest.mark.parametrize(
    "wrong", ["123456789012345678", "265-1234-89", "265-12345678901234-88", "265-1234", "", "٢65-1234-88"]
)
def test_a3_3_what_is_no_serbian_account(wrong):
    with pytest.raises(ValueError, match="account"):
        rs_account.digits(wrong)


@pytest.mark.parametrize("good", ["97 20-12345", "9728-12345a", "22-223-23456715", "97 163220000111111111000"])
def test_a3_4_serbian_references(good):
    assert re.fullmatch(r"(97|22) [0-9A-Z-]+", rs_reference.normalise(good))


@pytest.mark.parametrize("wrong", ["97 20-123456", "9728-12345b", "22-223-23456718"])
def test_a3_4_serbian_references_with_wrong_check_digits(wrong):
    with pytest.raises(ValueError, match="check digits of model"):
        rs_reference.normalise(wrong)


def test_a3_4_check_digit_of_model_22():
    assert [digit for digit in "0123456789" if rs_reference.passes_22(f"2232345671{digit}")] == ["5"]


def test_a3_5_a_published_reference_that_breaks_its_check_is_read_and_never_written():
    text = "K:PR|V:01|C:1|R:840000000095584510|N:Čigra doo|I:RSD1025,12|P:Marko Marković|SF:289|S:Website redesign|RO:979714123412"
    order = ips_rs.SCHEME.decode(text)
    assert order == TransferOrder(
        payee=PostalName("Čigra doo"),
        account="RS35840000000095584510",
        amount=Money(102512, "RSD"),
        currency="RSD",
        references=(Reference("rs.poziv_na_broj", "97 9714123412"),),
        message="Website redesign",
        payer=PostalName("Marko Marković"),
        payment_code="289",
    )
    assert doubts(order) == ("rs.poziv_na_broj: does not pass the check digits of model 97",)
    with pytest.raises(CannotExpress, match="the reference does not pass the check digits of model 97"):
        ips_rs.SCHEME.encode(order)


def test_a4_1_the_official_example_of_format_003():
    assert nbu_link.pack(NBU_003_FIELDS) == NBU_003
    assert nbu_link.unpack(NBU_003) == NBU_003_FIELDS
    assert nbu.SCHEME.decode(NBU_003) == TransferOrder(
        payee=PostalName("ТОВ «ФК „ЕВО“»"),
        account="UA673005280000026500504354077",
        amount=Money(15000, "UAH"),
        currency="UAH",
        references=(Reference("text", "1225102576"),),
        message='?MerchantBusinessName="ROZETKA.UA", Покупка товарів, замовлення №821558965.',
        purpose="GDDS",
        payee_identifier="37193071",
    )


def test_a4_2_the_content_of_format_002():
    assert nbu_link.unpack(NBU_002) == [
        "BCD",
        "002",
        "2",
        "UCT",
        "",
        'ТОВ "ОРІОН-ПЛЮС"',
        "UA693000010000000012345678901",
        "UAH13727",
        "12345678",
        "",
        "",
        "Рахунок на оплату № 1024 від 30 червня 2026 р.",
        "",
        "",
    ]


def test_a4_4_the_official_example_between_persons():
    fields = [
        "BCD",
        "003",
        "1",
        "ICT",
        "",
        "Петренко Роман Петрович",
        "UA906543210000000260323012024",
        "UAH63",
        "40121425",
        "MP2P/MP2B",
        "DR-5678-12",
        "За каву",
        "",
        "",
        "",
        "",
        "",
    ]
    assert nbu.SCHEME.decode(nbu_link.pack(fields)) == TransferOrder(
        payee=PostalName("Петренко Роман Петрович"),
        account="UA906543210000000260323012024",
        amount=Money(6300, "UAH"),
        currency="UAH",
        references=(Reference("text", "DR-5678-12"),),
        message="За каву",
        payee_identifier="40121425",
    )


def test_a4_5_the_payee_in_windows_1251():
    assert "ТОВ «ФК „ЕВО“»".encode("cp1251") == bytes.fromhex("D2 CE C2 20 AB D4 CA 20 84 C5 C2 CE 93 BB")


def test_a5_1_is_103_bytes():
    assert len(FRENCH.encode("iso8859-1")) == 103


def test_a5_3_version_001_with_a_belgian_reference():
    text = "BCD\n001\n1\nSCT\nGABBBEBB\nMusic and Food\nBE89375104780085\nEUR120.45\n\n483513812577"
    assert epc.SCHEME.decode(text) == TransferOrder(
        payee=PostalName("Music and Food"),
        account="BE89375104780085",
        amount=Money(12045, "EUR"),
        currency="EUR",
        references=(Reference("text", "483513812577"),),
        bic="GABBBEBB",
    )


@pytest.mark.parametrize("currency", ["RON", "CZK", "RSD", "UAH"])
def test_a5_the_code_is_in_euro_alone(currency):
    order = TransferOrder(PostalName("x"), "RO49AAAA1B31007593840000", Money(100, currency), currency)
    with pytest.raises(CannotExpress, match="in euro"):
        epc.SCHEME.encode(order)


@pytest.mark.parametrize(
    ("number", "reference"),
    [
        ("539007547034", "RF18539007547034"),
        ("TU06FX", "RF96TU06FX"),
        ("X2HU4TC28XTYLHASYWT91", "RF14X2HU4TC28XTYLHASYWT91"),
    ],
)
def test_a6_creditor_references(number, reference):
    assert f"RF{mod_97_10.calc_check_digits(number + 'RF')}{number}" == reference
    order = TransferOrder(
        PostalName("x"), "RO49AAAA1B31007593840000", Money(100, "EUR"), "EUR", (Reference("iso11649", reference),)
    )
    assert epc.SCHEME.decode(epc.SCHEME.encode(order)) == order
    assert iso11649.is_valid(reference)


@pytest.mark.parametrize("wrong", ["RF17539007547034", "RF19GAX8WS5JYOOUJ87"])
def test_a6_creditor_references_with_wrong_check_digits(wrong):
    order = TransferOrder(
        PostalName("x"), "RO49AAAA1B31007593840000", Money(100, "EUR"), "EUR", (Reference("iso11649", wrong),)
    )
    with pytest.raises(CannotExpress, match="ISO 11649"):
        epc.SCHEME.encode(order)
