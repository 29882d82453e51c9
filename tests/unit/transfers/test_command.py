"""`munihub transfer`: codes written and read without a database."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from hub.bootstrap.plug_ins import bank_transfer_schemes
from hub.kernel.errors import InvalidRequest
from hub.kit.barcode import draw
from hub.transfers.command import register

ORDERS = {
    "spayd": {"payee": {"name": "Město Vzorov"}, "account": "19-2000145399/0800", "amount": "500.00"},
    "hub3": {"payee": {"name": "Grad Pregrada"}, "account": "HR17 2360 0001 1012 3456 5", "amount": 123.55},
    "epc": {"payee": {"name": "Grad Pregrada"}, "account": "HR1723600001101234565", "amount": 7},
    "ips_rs": {"payee": {"name": "Општина Вршац"}, "account": "840-743324843-18", "amount": "3596.13"},
    "nbu": {
        "payee": {"name": "Пирятинська міська рада"},
        "account": "UA673005280000026500504354077",
        "message": "Оренда",
        "payee_identifier": "04057333",
    },
    "nbu_002": {"payee": {"name": "Рада"}, "account": "UA673005280000026500504354077", "amount": "1.50"},
}


@pytest.fixture(scope="module")
def program():
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app, bank_transfer_schemes())
    return app


def run(program, *arguments: str, code: int = 0):
    result = CliRunner().invoke(program, ["transfer", *arguments])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code
    return result


@pytest.mark.parametrize("scheme", ORDERS)
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_what_is_written_is_read_from_its_picture(program, tmp_path, scheme, ending):
    svg = tmp_path / "code.svg"
    payload = run(program, scheme, "--json", json.dumps(ORDERS[scheme]), "--svg", str(svg)).stdout
    picture = svg
    if ending == "png":
        picture = tmp_path / "code.png"
        of_scheme = bank_transfer_schemes()[scheme]
        picture.write_bytes(draw(of_scheme.encode(of_scheme.decode(payload)), of_scheme.symbol, "png", scale=3))
    told = json.loads(run(program, "read", str(picture), "--json").stdout)
    assert told["scheme"] == scheme
    assert told["order"]["payee"]["name"] == ORDERS[scheme]["payee"]["name"]
    again = {name: value for name, value in told["order"].items() if name != "local_account"}
    assert run(program, scheme, "--json", json.dumps(again)).stdout == payload


def test_national_accounts_and_currencies(program):
    told = json.loads(
        run(program, "read", "--json", run(program, "spayd", "--json", json.dumps(ORDERS["spayd"])).stdout).stdout
    )
    assert told["order"] == {
        "payee": {"name": "Město Vzorov", "street": "", "place": ""},
        "account": "CZ6508000000192000145399",
        "local_account": "19-2000145399/0800",
        "amount": "500.00",
        "currency": "CZK",
    }


def test_a_text_is_read_for_people(program):
    text = "SPD*1.0*ACC:CZ6508000000192000145399*X-VS:0123*DT:20261231"
    assert run(program, "read", text).stdout == (
        "scheme              spayd\n"
        "payee               \n"
        "account             CZ6508000000192000145399\n"
        "local_account       19-2000145399/0800\n"
        "amount              the payer fills it in\n"
        "currency            CZK\n"
        "cz.variable_symbol  0123\n"
        "due_on              2026-12-31\n"
    )


def test_a_text_file_in_another_character_set(program, tmp_path):
    file = tmp_path / "code.txt"
    file.write_bytes("BCD\n002\n2\nSCT\n\nFrançois\nFR1420041010050500013M02606\nEUR1".encode("iso8859-1"))
    assert json.loads(run(program, "read", str(file), "--json").stdout)["order"]["payee"]["name"] == "François"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SPD*1.0*ACC:CZ07", "spayd: the account is not a valid IBAN."),
        (
            "https://qr.bank.gov.ua/QkNE",
            "nbu: the content does not start with BCD and version 002 or 003; nbu_002: the ",
        ),
        ("hello", "This begins like no scheme: epc begins with BCD, hub3 begins with HRVHUB30, ips_rs begins with K:"),
    ],
)
def test_what_no_scheme_reads_is_refused_with_the_reason(program, text, reason):
    assert run(program, "read", text, code=1).stdout.startswith(f"Refused: {reason}")
    assert json.loads(run(program, "read", text, "--json", code=1).stdout)["refused"].startswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><circle/></svg>", "make a PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "picture is broken|begins like no scheme"),
    ],
)
def test_pictures_that_cannot_be_read(program, tmp_path, content, reason):
    file = tmp_path / "picture"
    file.write_bytes(content)
    refused = json.loads(run(program, "read", str(file), "--json", code=1).stdout)["refused"]
    assert any(part in refused for part in reason.split("|"))


def test_a_reference_that_banks_refuse_is_written_with_a_doubt(program):
    order = ORDERS["hub3"] | {"references": [{"scheme": "hr.poziv_na_broj", "value": "HR01 123-456-788"}]}
    result = run(program, "hub3", "--json", json.dumps(order))
    assert "\nHR01\n123-456-788\n" in result.stdout
    assert result.stderr == "A bank may refuse this: hr.poziv_na_broj: the check digit of HR01 is wrong.\n"
    told = json.loads(run(program, "read", result.stdout, "--json").stdout)
    assert told["doubts"] == ["hr.poziv_na_broj: the check digit of HR01 is wrong"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"IBAN": "x"}, "IBAN is no field of an order. There are: payee, account, amount, currency"),
        ({"amount": "1,50"}, "amount: '1,50' is not an amount"),
        ({"amount": 1.005}, "amount: 1.005 CZK has fractions"),
        ({"amount": True}, "amount"),
        ({"currency": "KC"}, "amount: 'KC' is not an ISO 4217"),
        ({"account": "19-2000145398/0800"}, "account: the number of the account does not pass"),
        ({"account": "265-1234-89"}, "account: the account does not pass its check digits"),
        ({"due_on": "31.12.2026"}, "due_on: write YYYY-MM-DD"),
        ({"account": "CZ00"}, "spayd cannot express this: the account is not a valid IBAN"),
        ({"payee": "Město"}, "payee: Input should be"),
    ],
)
def test_a_mistake_names_the_key_and_what_is_allowed(program, change, reason):
    with pytest.raises(InvalidRequest) as refused:
        run(program, "spayd", "--json", json.dumps(ORDERS["spayd"] | change))
    assert str(refused.value).startswith(reason)


def test_what_is_not_json(program):
    with pytest.raises(InvalidRequest, match="This is not JSON"):
        run(program, "spayd", "--json", "{")
