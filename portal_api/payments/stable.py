"""/payments/{pay_id}: the one address of a payment, which shows every state it can be in, without login and script.

The address is a capability: whoever has it sees amount, payee and state, and may try to pay by card; nothing of the
person or of what it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.gateways.model import WITHOUT_MONEY, Payer
from hub.gateways.service import Tries
from hub.hub import Hub
from hub.kernel.errors import Conflict, NotFound, NotReady
from hub.kernel.ids import parse_public_id, public_id
from hub.kernel.text import choose, choose_language
from hub.payments import views
from hub.payments.states import FACES, UNDER_WAY, ChargebackState, RefundState, State, Status
from hub.payments.views import ChargeSeen
from portal_api.citizen import payment_texts
from portal_api.login import cookies
from portal_api.login.failures import PageRoute
from portal_api.login.forms import LARGEST_FORM, read_form
from portal_api.login.languages import catalogues
from portal_api.login.pages import language_of
from portal_api.payments import pages, times
from portal_api.render import Reader
from portal_api.requests import AtTown, hub_of

router = APIRouter(prefix="/payments", route_class=PageRoute, include_in_schema=False)

PaymentId = Annotated[str, Path(max_length=40)]
Token = Annotated[str, Query(alias="t", max_length=60)]

_STEPS = ((timedelta(seconds=5), 3), (timedelta(hours=1), 15))
_SELDOM = 60
"""Seconds until the page renews itself: by how long ago something happened. Mostly the gateway has answered by then.
Where not, there is time to listen to the page, which is read out from its beginning whenever it is loaded.
"""
_ANSWERED = timedelta(seconds=20)
"""By then after the browser has come back the gateway was asked: still open, it waits for another card."""
_SINCE = frozenset({Status.ENDED, Status.CORRECTED})
_PAYABLE = frozenset({State.OPEN, State.PART_PAID})


@router.get("/{payment_id}")
async def show_payment(
    request: Request,
    town: AtTown,
    payment_id: PaymentId,
    token: Token = "",
    trouble: Annotated[str, Query()] = "",
    still: Annotated[str, Query()] = "",
) -> Response:
    """`still`: the reader has stopped that the page renews itself (WCAG 2.2 criterion 2.2.2)."""
    hub, language = hub_of(request), language_of(request, town)
    try:
        uuid = parse_public_id("pay", payment_id)
        await hub.gateways.check_page(town, uuid, token)
    except NotFound:
        return pages.page(request, town, language, "nowhere.html", 404)
    # What is under way is asked about, and then read.
    tries = await hub.gateways.tries(town, uuid)
    async with hub.database.town(town.city.id) as connection:
        seen = await views.one(connection, town.city.id, uuid)
        captures = await views.captures(connection, town.city.id, [one.row["charge_id"] for one in seen.charges])
    reader = Reader(town.city, language)
    # The page may be in a language that is none of the town's; its amounts are written in it all the same.
    reader.language, reader.wanted = language, (language,)
    parts = [_part(hub, town, reader, seen.row, one, tries, captures) for one in seen.charges]
    forms = [one["onward"].url for one in parts if one["onward"] and one["onward"].form is not None]
    told = FACES[State(seen.row["state"])]
    status = _together(told, [one["status"] for one in parts])
    # A try that is still open while the money has come another way is nothing to wait for.
    waits = tries.under_way and status is not Status.PAID
    again = any(one["again"] for one in parts)
    pressed = again or any(one["onward"] for one in parts)
    expires_at: datetime | None = seen.row["expires_at"]
    changed = max((one.row["state_at"] for one in seen.charges), default=None)
    renews = _refresh(tries, hub.gateways.now(), pressed=pressed) if waits and not still else None
    return pages.page(
        request,
        town,
        language,
        "payment.html",
        posts_to=forms[0] if forms else None,
        refresh=renews,
        payment=payment_id,
        token=token,
        status=status,
        amount=_money(reader, sum(one.row["amount"] for one in seen.charges), seen.row["currency"]),
        parts=parts,
        until=_moment(reader, expires_at) if pressed and expires_at else None,
        since=_moment(reader, changed) if changed and status is told and status in _SINCE else None,
        waits=waits,
        kept=_kept(request),
        renews=renews is not None,
        # Whether the gateway has taken what did not end clearly is being asked: nobody is told to try again meanwhile.
        trouble=trouble if trouble == "conflict" or (trouble == "not_ready" and again) else None,
    )


@router.post("/{payment_id}/attempts")
async def try_payment(request: Request, town: AtTown, payment_id: PaymentId) -> Response:
    """Begin to pay a part by card. The gateway is then a link on the page: no form leads to it by a redirect."""
    hub, uuid = hub_of(request), parse_public_id("pay", payment_id)
    fields = await read_form(request, LARGEST_FORM)
    token = fields.get("t", "")
    await hub.gateways.check_page(town, uuid, token)
    charge_id = parse_public_id("chg", fields.get("charge", ""))
    async with hub.database.town(town.city.id) as connection:
        if await views.payment_of_charge(connection, town.city.id, charge_id) != uuid:
            raise NotFound("There is no such charge here.")
    payer = Payer(ip=request.client.host if request.client else "")
    shown = {"t": token, **_kept(request)}
    try:
        await hub.gateways.start(town, charge_id, language=language_of(request, town), payer=payer)
    except Conflict:
        shown["trouble"] = "conflict"
    except NotReady:
        shown["trouble"] = "not_ready"
    path = f"{cookies.base(request, town)}/payments/{public_id('pay', uuid)}?{urlencode(shown)}"
    return RedirectResponse(path, 303)


def _part(
    hub: Hub,
    town: Town,
    reader: Reader,
    payment: dict[str, Any],
    charge: ChargeSeen,
    tries: Tries,
    captures: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    row = charge.row
    charge_id: UUID = row["charge_id"]
    tried = [one for one in tries.attempts if one.charge_id == charge_id]
    last, state = tried[-1] if tried else None, State(row["state"])
    failed = last is not None and last.state in WITHOUT_MONEY and FACES[state] in {Status.TO_PAY, Status.PART_PAID}
    payee = town.city.payees.get(row["payee"])
    expires_at: datetime | None = payment["expires_at"]
    now = hub.gateways.now()
    in_time = expires_at is None or now < expires_at
    just_back = last is not None and last.returned_at is not None and now - last.returned_at < _ANSWERED
    # What was paid another way meanwhile, at its own charge or at another, is not to be paid once more.
    offered = None if just_back or state is State.PAID else tries.onward.get(charge_id)
    onward = None if charge.settled else offered
    # Whoever has still to enter a card is not told that there is nothing to do.
    unpaid = Status.PART_PAID if row["captured"] else Status.ENDED if charge.settled else Status.TO_PAY
    by_card = payment["method"] == "card" and hub.gateways.takes_cards(town, row["payee"], payment["login"])
    waits = state in _PAYABLE and row["attempt"] is None and not charge.settled
    said = None
    if last is not None and (failed or onward) and not charge.settled:
        # Also where a card was refused and the gateway's page takes another one.
        said = last.reason or ("other" if failed else None)
    again = waits and by_card and in_time
    name = payee.name if payee else {"": row["payee"]}
    return {
        "id": public_id("chg", charge_id),
        "payee": choose(name, [reader.language], town.city.language),
        # What is written in another language than the page is read out in its own (WCAG 2.2 criterion 3.1.2).
        "payee_language": choose_language(name, [reader.language], town.city.language),
        "amount": _money(reader, row["amount"], row["currency"]),
        "status": unpaid if offered or (charge.settled and state is State.OPEN) else FACES[state],
        "came": [
            _came(reader, one, row["currency"])
            for one in captures
            if one["charge_id"] == charge_id and one["taken_back_at"] is None
        ],
        "told": list(_told(reader, charge, state)),
        "said": said,
        "settled": choose(payment_texts.SETTLED, [reader.language], reader.city.language) if charge.settled else None,
        "onward": onward,
        "card_until": _clock(reader, last.expires_at) if last and onward else None,
        "again": again,
        "elsewhere": waits and not again,
        "tried": bool(tried),
    }


def _came(reader: Reader, capture: dict[str, Any], currency: str) -> dict[str, Any]:
    """Money that came: how much, and when. A bank statement tells a day and no time."""
    write = times.day if capture["source_kind"] == "statement_entry" else times.moment
    return {
        "amount": _money(reader, capture["amount"], currency),
        "when": write(capture["at"], reader.city.timezone, reader.language),
    }


def _told(reader: Reader, charge: ChargeSeen, state: State) -> Iterator[tuple[str, times.When | None]]:
    """What became of the money, where it is more than the state says, and on which day; the citizen's API tells it in
    the same words.
    """
    row = charge.row
    currency: str = row["currency"]

    def words(texts: payment_texts.Texts, minor: int) -> str:
        text = choose(texts, [reader.language], reader.city.language)
        return text.format(amount=_money(reader, minor, currency))

    def on(at: datetime) -> times.When:
        return times.day(at, reader.city.timezone, reader.language)

    # Also while a try to pay the rest is under way.
    if 0 < row["captured"] < row["amount"] and state in {State.PART_PAID, *UNDER_WAY} and not charge.settled:
        amounts = {"came": row["captured"], "amount": row["amount"], "left": row["amount"] - row["captured"]}
        written = {name: _money(reader, minor, currency) for name, minor in amounts.items()}
        yield pages.texts(reader.language)["payment.came"].format(**written), None
    if row["unallocated"]:
        yield words(payment_texts.UNALLOCATED, row["unallocated"]), None
    for one in charge.refunds:
        yield words(payment_texts.REFUNDS[RefundState(one["state"])], one["amount"]), on(one["state_at"])
    for one in charge.chargebacks:
        if one["state"] == ChargebackState.TAKEN:
            yield words(payment_texts.TAKEN, one["amount"]), on(one["at"])
        else:
            yield words(payment_texts.WON, one["amount"]), on(one["settled_at"])


def _together(status: Status, parts: list[Status]) -> Status:
    """Of the whole payment: as its parts are told."""
    if set(parts) == {Status.ENDED}:
        return Status.ENDED
    if status is not Status.UNDER_WAY or Status.UNDER_WAY in parts:
        return status
    return Status.PART_PAID if {Status.PAID, Status.PART_PAID} & set(parts) else Status.TO_PAY


def _refresh(tries: Tries, now: datetime, *, pressed: bool) -> int | None:
    """Seconds until the page of what is under way renews itself; `pressed`: it has something to press.

    A page that is loaded anew has lost where the keyboard was: one with something to press waits for it, or renews
    itself seldom once the browser has come back.
    """
    if pressed:
        return _SELDOM if any(one.returned_at for one in tries.attempts) else None
    since = now - max(one.returned_at or one.created_at for one in tries.attempts)
    return next((seconds for limit, seconds in _STEPS if since < limit), _SELDOM)


def _kept(request: Request) -> dict[str, str]:
    """What was chosen on the page, for addresses that lead back to it: its language."""
    language = request.query_params.get("lang", "")
    return {"lang": language} if language in catalogues() else {}


def _moment(reader: Reader, at: datetime) -> times.When:
    return times.moment(at, reader.city.timezone, reader.language)


def _clock(reader: Reader, at: datetime) -> str:
    return times.clock(at, reader.city.timezone, reader.language)


def _money(reader: Reader, minor: int, currency: str) -> str:
    shown = reader.amount(minor, currency)
    assert shown is not None
    return str(shown["text"])
