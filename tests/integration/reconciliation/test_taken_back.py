"""What the bank takes back is of one entry: not of another month's by elimination, and not undone from the wrong end."""

from __future__ import annotations

import pytest

from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.money import Money
from tests.integration.payments.till import eur, of
from tests.integration.reconciliation.books import GRAD, Line, bill, camt
from tests.integration.reconciliation.test_second_look import reassign, set_aside, undo
from tests.integration.reconciliation.test_verbs import anybody, confirm

PAYER = "HR1210010051863000160"


async def at_night(bank):
    await bank.reconciliation.match(bank.till.town, queued=True)


async def takes_back(bank, entry_id, original_id, reason=None):
    await bank.reconciliation.takes_back(
        bank.till.town, entry_id, original_id, by="stf_1", reason=reason, allowed=anybody
    )


async def two_months(bank) -> list:
    """Bills of October and November, each paid by the same account in the same amount."""
    owed = [await bank.till.owe(5000, references=bill(f"HR00 {month}-1")) for month in (10, 11)]
    await bank.take(camt(Line("50.00", "HR00 10-1", bank_reference="B10"), number="10", day="2026-10-05"))
    await bank.take(camt(Line("50.00", "HR00 11-1", bank_reference="B11"), number="11", day="2026-11-05"))
    assert await bank.due(owed) == [0, 0]
    return owed


def back(amount: str = "-50.00", *, day: str = "2026-11-07", **line) -> bytes:
    return camt(Line(amount, **{"reversal": True, **line}), number=f"R{day}", opening="500.00", day=day)


# ── Undone from the wrong end ────────────────────────────────────────────────────────────────────


async def test_what_the_bank_took_back_is_neither_reassigned_nor_undone(bank):
    one, other = [await bank.till.owe(1000, references=bill(f"HR00 9-{n}")) for n in (1, 2)]
    await bank.take(camt(Line("10.00", "HR00 9-1", bank_reference="B1"), number="1"))
    original = await bank.entry()
    await bank.take(camt(Line("-10.00", bank_reference="B1", reversal=True), number="2", opening="10.00"))
    for wanted in ([of(other)], [of(one)], []):
        with pytest.raises(Conflict, match="undo the entry that took it back first"):
            await reassign(bank, original.entry_id, *wanted)
    with pytest.raises(Conflict, match="undo the entry that took it back first"):
        await undo(bank, original.entry_id)
    assert await bank.states() == [("reversed", None), ("booked", None)]
    assert await bank.due([one, other]) == [1000, 1000]
    assert sum(row["bank"] for row in await bank.till.rows("charge_balances")) == 0


async def test_an_entry_that_was_decided_about_since_is_left_when_what_took_it_back_is_undone(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("10.00", "HR00 9-9", bank_reference="B1"), number="1"))
    await bank.take(camt(Line("-10.00", bank_reference="B1", reversal=True), number="2", opening="10.00"))
    [original, reversal] = await bank.entries()
    async with bank.till.database.town(1) as connection:  # as releases until now let somebody do
        await connection.execute(
            "update statement_entries set state = 'queued', kind = null where entry_id = $1", original.entry_id
        )
    await confirm(bank, original.entry_id, of(owed))
    await undo(bank, reversal.entry_id)
    assert await bank.states() == [("booked", None), ("queued", None)]
    await takes_back(bank, reversal.entry_id, original.entry_id)
    assert await bank.due([owed]) == [1000]


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (Line("10.00", "HR00 9-9", batch=3), "it waits for somebody"),
        (Line("-10.00"), "reopen it first"),
    ],
)
async def test_what_is_not_booked_has_nothing_to_undo(bank, line, state):
    await bank.take(camt(line, opening="10.00"))
    entry = await bank.entry()
    for verb in (undo, reassign):
        with pytest.raises(Conflict, match=state):
            await verb(bank, entry.entry_id)


async def test_what_only_a_report_told_has_nothing_to_undo(bank):
    statement = camt(Line("3.00"))
    report = statement.replace(b"camt.053", b"camt.052").replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt")
    await bank.take(report.replace(b"Stmt>", b"Rpt>"))
    entry = await bank.entry()
    assert (entry.state, await bank.decisions(entry.entry_id)) == ("set_aside", [])
    for verb in (undo, reassign):
        with pytest.raises(Conflict, match="reopen it first"):
            await verb(bank, entry.entry_id)


# ── Another month's ──────────────────────────────────────────────────────────────────────────────


async def test_a_reversal_of_one_of_several_stays_somebodys_whatever_becomes_of_the_others(bank):
    owed = await two_months(bank)
    await bank.take(back())
    assert (await bank.states())[2] == ("queued", "reversal_of_several")
    [_, november, reversal] = await bank.entries()
    assert set((await bank.likely(reversal)).takes_back) == {one.entry_id for one in (await bank.entries())[:2]}
    await takes_back_another(bank, november)
    await at_night(bank)
    assert await bank.due(owed) == [0, 5000]
    assert (await bank.states())[2] == ("queued", "reversal_of_several")


async def takes_back_another(bank, original):
    """A second reversal, which somebody places: by elimination the first one were of what is left."""
    await bank.take(back(day="2026-11-09"))
    await takes_back(bank, (await bank.entries())[3].entry_id, original.entry_id)


async def test_what_somebody_set_aside_makes_it_not_another_months(bank):
    owed = await two_months(bank)
    await bank.take(back())
    [october, november, _] = await bank.entries()
    await undo(bank, november.entry_id)
    await set_aside(bank, november.entry_id)
    await at_night(bank)
    assert await bank.due(owed) == [0, 5000]
    assert [str(one.state) for one in await bank.entries()] == ["booked", "set_aside", "queued"]
    [_, _, reversal] = await bank.entries()
    await takes_back(bank, reversal.entry_id, october.entry_id)
    assert await bank.due(owed) == [5000, 5000]


@pytest.mark.parametrize(("reference", "reason"), [("", "reversal_of_several"), ("B11", "reversal")])
async def test_a_reversal_of_what_somebody_has_set_aside_before_is_not_another_months(bank, reference, reason):
    owed = await two_months(bank)
    [_, november] = await bank.entries()
    await undo(bank, november.entry_id)
    await set_aside(bank, november.entry_id)
    await bank.take(back(bank_reference=reference))
    assert (await bank.states())[2] == ("queued", reason)
    assert await bank.due(owed) == [0, 5000]


async def test_neither_a_repetition_nor_what_was_taken_back_before_makes_it_unclear(bank):
    owed = await two_months(bank)
    november = Line("50.00", "HR00 11-1", bank_reference="B11")
    await bank.take(camt(november, number="M11", day="2026-11-05"))
    assert (await bank.states())[2] == ("set_aside", "repeated")
    await bank.take(back(bank_reference="B10", day="2026-10-09"))
    assert await bank.due(owed) == [5000, 0]
    await bank.take(back())
    assert await bank.due(owed) == [5000, 5000]


async def test_a_reversal_before_its_original_is_not_another_months(bank):
    """In one statement that begins with the newest."""
    owed = [await bank.till.owe(5000, references=bill(f"HR00 {month}-1")) for month in (10, 11)]
    await bank.take(camt(Line("50.00", "HR00 10-1"), number="10", day="2026-10-05"))
    await bank.take(camt(Line("-50.00", reversal=True), Line("50.00", "HR00 11-1"), number="11", opening="50.00"))
    await at_night(bank)
    assert await bank.states() == [("booked", None), ("queued", "reversal_of_several"), ("booked", None)]
    assert await bank.due(owed) == [0, 0]


async def test_a_reversal_whose_original_is_listed_later_is_taken_back_at_night(bank):
    await bank.take(back())
    assert await bank.states() == [("queued", "reversal")]
    owed = await bank.till.owe(5000, references=bill("HR00 11-1"))
    await bank.take(camt(Line("50.00", "HR00 11-1"), number="11", day="2026-11-05"))
    await at_night(bank)
    assert [str(one.state) for one in await bank.entries()] == ["booked", "reversed"]
    assert await bank.due([owed]) == [5000]


async def test_a_reversal_for_which_two_are_listed_later_is_somebodys_from_then_on(bank):
    await bank.take(back())
    owed = await two_months(bank)
    await at_night(bank)
    [reversal, _, november] = await bank.entries()
    assert (reversal.state, reversal.reason) == ("queued", "reversal_of_several")
    assert [(str(one.event), one.reason) for one in await bank.decisions(reversal.entry_id)] == [
        ("unclear", "reversal"), ("unclear", "reversal_of_several"),
    ]  # fmt: skip
    await takes_back_another(bank, november)
    await at_night(bank)
    assert await bank.due(owed) == [0, 5000]


async def test_what_came_back_without_being_called_a_reversal_needs_the_banks_reference(bank):
    owed = await bank.till.owe(5000, references=bill("HR00 11-1"))
    await bank.take(camt(Line("50.00", "HR00 11-1", bank_reference="B11"), number="11", day="2026-11-05"))
    for number, (reference, due) in enumerate([("", 0), ("B11", 5000)]):
        content = camt(Line("-50.00", bank_reference=reference), number=f"R{number}", opening="50.00", day="2026-11-07")
        await bank.take(content.replace(b"<RmtInf>", b"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf><RmtInf>", 1))
        await at_night(bank)
        assert await bank.due([owed]) == [due]
    assert await bank.states() == [("reversed", None), ("queued", "reversal"), ("booked", None)]


MT940 = """:20:STARTUMS
:25:{account}
:28C:00{number}/001
:60F:C{day}EUR500,00
{lines}
:62F:C{day}EUR{after},00
-
"""


def mt940(number: int, day: str, *signs: str, text: str = "") -> bytes:
    """A statement with 50 euros for each sign: C came, D went, RC was taken back."""
    after = 500 + sum(50 if sign == "C" else -50 for sign in signs)
    line = f"50,00NTRFNONREF\n:86:166?20{text}?31{PAYER}?32ANA HORVAT"
    lines = "\n".join(f":61:{day}{sign}{line}" for sign in signs)
    return MT940.format(account=GRAD, number=number, day=day, lines=lines, after=after).encode()


async def test_a_reversal_that_another_format_tells_too_takes_back_one_month(bank):
    owed = await two_months(bank)
    await bank.take(mt940(210, "261005", "C", text="HR00 10-1"), "10.sta")
    await bank.take(mt940(211, "261105", "C", text="HR00 11-1"), "11.sta")
    copies = [one for one in await bank.entries() if one.reason == "perhaps_repeated"]
    assert len(copies) == 2
    for one in copies:
        await set_aside(bank, one.entry_id)
    await bank.take(back(bank_reference="B11"))
    assert await bank.due(owed) == [0, 5000]
    await bank.take(mt940(212, "261107", "RC"), "12.sta")
    await at_night(bank)
    assert (await bank.states())[-1] == ("queued", "perhaps_repeated")
    assert await bank.due(owed) == [0, 5000]


async def test_what_simply_went_that_day_is_no_copy_of_a_reversal(bank):
    await two_months(bank)
    await bank.take(back(bank_reference="B11"))
    await bank.take(mt940(212, "261107", "D", "RC"), "12.sta")
    assert (await bank.states())[3:] == [("set_aside", "went"), ("queued", "perhaps_repeated")]


async def test_nobody_places_a_reversal_at_another_ones_entry_without_a_word(bank):
    owed = await bank.till.owe(5000, references=bill("HR00 11-1"))
    await bank.take(camt(Line("50.00", "HR00 11-1"), number="11", day="2026-11-05"))
    await bank.take(back(account="HR9023400091110000009"))
    [original, reversal] = await bank.entries()
    with pytest.raises(InvalidRequest, match="write why it is this one") as refused:
        await takes_back(bank, reversal.entry_id, original.entry_id)
    assert refused.value.field == "reason"
    assert await bank.due([owed]) == [0]
    await takes_back(bank, reversal.entry_id, original.entry_id, "her husband's account")
    assert await bank.due([owed]) == [5000]


# ── Booked at the office already ─────────────────────────────────────────────────────────────────


async def assess(bank, owed, minor):
    """The office's next word: so much is outstanding."""
    async with bank.till.database.town(1) as connection:
        await connection.execute("update obligations set outstanding = $2 where obligation_id = $1", owed, minor)


async def test_what_the_office_has_counted_pays_nothing_that_becomes_due_later(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 5-5"), outstanding=Money(0, "EUR"))
    await bank.take(camt(Line("100.00", "HR00 5-5")))
    assert await bank.states() == [("queued", "nothing_due")]
    await assess(bank, owed, 320)
    following = await bank.till.owe(10000, references=bill("HR00 5-5"))
    await at_night(bank)
    assert await bank.states() == [("queued", "nothing_due")]
    assert await bank.due([owed, following]) == [320, 10000]


async def test_what_the_office_had_counted_before_it_told_the_bill_pays_no_later_one(bank):
    await bank.take(camt(Line("100.00", "HR00 5-5")))
    assert await bank.states() == [("queued", "unknown_reference")]
    owed = await bank.till.owe(10000, references=bill("HR00 5-5"), outstanding=eur(0))
    await at_night(bank)
    assert await bank.states() == [("queued", "nothing_due")]
    await assess(bank, owed, 320)
    await at_night(bank)
    assert await bank.states() == [("queued", "nothing_due")]
    assert await bank.due([owed]) == [320]
