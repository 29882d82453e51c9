"""Whatever is written as camt or MT940 is read back exactly, and its sums are those of what was written."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bank_statement.camt import FORMAT as CAMT
from adapters.bank_statement.mt940 import FORMAT as MT940
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.ports.bank_statement import Broken, Status
from tests.unit.bank_statement.writing import IBAN, bal, camt, items, parts, stmt

CURRENCIES = {"EUR": 2, "CZK": 2, "JPY": 0, "KWD": 3}
QUICK = settings(max_examples=25)

words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/+?"), max_size=12).map(
    lambda text: "" if text.upper().startswith(("HR", "RF", "VS", "SS", "KS")) else text
)
lines = st.lists(words.filter(bool), max_size=6).map(" ".join)
days = st.dates(date(2000, 1, 2), date(2098, 12, 30))


@dataclass(frozen=True)
class Written:
    minor: int
    currency: str
    status: str
    reversal: bool
    booked: date
    name: str
    text: str
    end_to_end: str
    symbol: int
    shares: tuple[int, ...]
    """What the amount is made of, where it is a batch."""


@st.composite
def written(draw: st.DrawFn) -> Written:
    shares = tuple(draw(st.lists(st.integers(1, 10**9), max_size=4)))
    sign = draw(st.sampled_from((1, -1)))
    minor = sign * sum(shares) if shares else draw(st.integers(-(10**14), 10**14))
    return Written(
        minor, draw(st.sampled_from(tuple(CURRENCIES))), draw(st.sampled_from(("BOOK", "PDNG", "INFO"))),
        draw(st.booleans()), draw(days), draw(lines), draw(lines), draw(words), draw(st.integers(0, 10**10 - 1)), shares,
    )  # fmt: skip


def _number(minor: int, currency: str) -> str:
    return f"{Decimal(abs(minor)).scaleb(-CURRENCIES[currency]):f}"


def _side(minor: int) -> str:
    return "CRDT" if minor >= 0 else "DBIT"


def _ntry(one: Written) -> str:
    party = "Dbtr" if (one.minor >= 0) is not one.reversal else "Cdtr"
    shares = one.shares or (one.minor,)
    payments = "".join(
        f"<TxDtls><Refs><EndToEndId>{escape(one.end_to_end)}</EndToEndId><Prtry><Tp>VS</Tp><Ref>{one.symbol}</Ref></Prtry></Refs>"
        f'<Amt Ccy="{one.currency}">{_number(share, one.currency)}</Amt>'
        f"<RltdPties><{party}><Pty><Nm>{escape(one.name)}</Nm></Pty></{party}></RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.text)}</Ustrd></RmtInf></TxDtls>"
        for share in shares
    )
    return (
        f'<Ntry><Amt Ccy="{one.currency}">{_number(one.minor, one.currency)}</Amt><CdtDbtInd>{_side(one.minor)}</CdtDbtInd>'
        f"<RvslInd>{str(one.reversal).lower()}</RvslInd><Sts><Cd>{one.status}</Cd></Sts>"
        f"<BookgDt><Dt>{one.booked}</Dt></BookgDt><NtryDtls>{payments}</NtryDtls></Ntry>"
    )


@QUICK
@given(st.lists(written(), max_size=5), st.integers(-(10**12), 10**12), st.sampled_from(("UTF-8", "UTF-16")))
def test_camt(entries: list[Written], opening: int, encoding: str) -> None:
    booked = [one for one in entries if one.status == "BOOK" and one.currency == "EUR"]
    closing = opening + sum(one.minor for one in booked)
    balances = "".join(
        bal(code, _number(minor, "EUR"), side=_side(minor)) for code, minor in (("OPBD", opening), ("CLBD", closing))
    )
    content = camt(
        stmt(*map(_ntry, entries), balances=balances), prolog=f'<?xml version="1.0" encoding="{encoding}"?>'
    ).encode(encoding)
    ((head, found, end),) = parts(items(CAMT, content))
    assert (head.account, head.opening and head.opening.amount) == (IBAN, Money(opening, "EUR"))
    assert len(found) == len(entries)
    for number, (one, entry) in enumerate(zip(entries, found, strict=True), start=1):
        assert (entry.key, entry.amount) == (str(number), Money(one.minor, one.currency))
        assert (entry.reversal, entry.booked_on, entry.batch, entry.disagrees) == (one.reversal, one.booked, None, "")
        assert entry.status is {"BOOK": Status.BOOKED, "PDNG": Status.PENDING, "INFO": Status.INFORMATION}[one.status]
        sign = 1 if one.minor >= 0 else -1
        shares = tuple(sign * share for share in one.shares) or (one.minor,)
        assert tuple(payment.amount.minor for payment in entry.transactions) == shares
        for payment in entry.transactions:
            assert (payment.party.name, payment.text, payment.end_to_end) == (one.name, one.text, one.end_to_end)
            symbol = Reference("cz.variable_symbol", str(one.symbol))
            assert (symbol in payment.references) is bool(one.symbol)
    assert (end.entries, end.agrees, end.differences) == (len(entries), True, ())
    assert end.credits.minor == sum(one.minor for one in booked if one.minor > 0)
    assert end.debits.minor == -sum(one.minor for one in booked if one.minor < 0)
    assert end.closing is not None
    assert end.closing.amount == Money(closing, "EUR")


latin = st.text(st.characters(codec="cp1250", categories=["L", "N"]), min_size=1, max_size=20)


@st.composite
def line(draw: st.DrawFn) -> tuple[int, str, date, date, str, list[str], str]:
    valued = draw(days)
    entry = date.fromordinal(valued.toordinal() + draw(st.integers(-40, 40)))
    return (
        draw(st.integers(0, 10**12)), draw(st.sampled_from(("C", "D", "RC", "RD"))), valued, entry,
        draw(st.text("ABCXYZ0123456789", min_size=1, max_size=14)), draw(st.lists(latin, min_size=1, max_size=5)), draw(latin),
    )  # fmt: skip


@QUICK
@given(
    st.lists(line(), max_size=5),
    st.integers(-(10**12), 10**12),
    st.sampled_from(("utf-8", "cp1250")),
    st.sampled_from("?^~"),
)
def test_mt940(
    entries: list[tuple[int, str, date, date, str, list[str], str]], opening: int, encoding: str, mark: str
) -> None:
    total, written_lines = opening, []
    for minor, sign, valued, entry, reference, chunks, name in entries:
        total += minor if sign in ("C", "RD") else -minor
        written_lines.append(
            f":61:{valued:%y%m%d}{entry:%m%d}{sign}{minor // 100},{minor % 100:02}NTRFNONREF//{reference}"
        )
        subfields = "".join(f"{mark}2{number}{chunk}" for number, chunk in enumerate(chunks))
        text = f"166{mark}00GUTSCHRIFT{subfields}{mark}31HR8924020061100069352{mark}32{name}"
        # Cut anywhere.
        written_lines += [":86:" + text[:65], *(text[at : at + 65] for at in range(65, len(text), 65))]

    def balance(minor: int) -> str:
        return f"{'C' if minor >= 0 else 'D'}260301EUR{abs(minor) // 100},{abs(minor) % 100:02}"

    content = "\r\n".join(
        [
            ":20:R",
            f":25:{IBAN}",
            ":28C:1",
            f":60F:{balance(opening)}",
            *written_lines,
            f":62F:{balance(total)}",
            "-",
            "",
        ]
    )
    ((_, found, end),) = parts(items(MT940, content.encode(encoding)))
    assert (len(found), end.agrees) == (len(entries), True)
    for (minor, sign, valued, entry, reference, chunks, name), read in zip(entries, found, strict=True):
        (payment,) = read.transactions
        assert read.amount == Money(minor if sign in ("C", "RD") else -minor, "EUR")
        assert (read.valued_on, read.booked_on, read.reversal) == (valued, entry, sign[0] == "R")
        assert (read.bank_reference, payment.text, payment.party.name) == (reference, " ".join(chunks), name)


@settings(max_examples=100)
@given(st.data())
def test_a_file_that_was_damaged_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    """No damage makes anything but Broken; what is read keeps the order of the port."""
    whole = camt(stmt(_ntry(Written(1234, "EUR", "BOOK", False, date(2026, 3, 1), "Ana", "VS 1", "e", 5, (4, 1230)))))
    text = ":20:R\n:25:1\n:28C:1\n:60F:C260301EUR1,00\n:61:2603010301C1,00NTRFX//Y\n:86:166?20a?32b\n:62F:C260301EUR2,00\n-\n"
    reader, content = data.draw(st.sampled_from(((CAMT, whole.encode()), (MT940, text.encode()))))
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        kind = data.draw(st.sampled_from(("change", "cut", "drop", "double")))
        if kind == "change":
            damaged[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del damaged[max(at, 1) :]
        elif kind == "drop":
            del damaged[at : at + 9]
            damaged += b" "
        else:
            damaged[at:at] = damaged[at : at + 30]
    with suppress(Broken):
        parts(reader.read(io.BytesIO(bytes(damaged))))
