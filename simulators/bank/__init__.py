"""Stand-in for the banks: takes transfers and card payouts, and gives each account's statement at the end of a day.

A payer scans a code: `POST /transfers` with the text of it, bare, or in JSON beside what this payer does otherwise. A
card gateway pays out: `POST /payouts`. Then `POST /accounts/{IBAN}/close` makes the statement of what was booked since
the last one, and `GET /accounts/{IBAN}/statements/{number}` is the file: GPC of a Czech account, camt.053 of any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.bank import camt, gpc
from simulators.bank.accounts import Account, Booking, Closed, Payer
from simulators.bank.payloads import Unreadable, read
from simulators.kit.control import simulator
from simulators.kit.store import Refused
from simulators.kit.switches import Switchboard, Switches

PORT = 8131
_ZONE = ZoneInfo("Europe/Zagreb")
_AMOUNT = re.compile(r"-?[0-9]{1,10}\.[0-9]{2}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


class BankSwitches(Switches):
    """What can be wrong with a bank beside what can be wrong with all.

    `no_reference`  payers leave out the reference (variable symbol, model and number)
    `amount_off`    minor units that payers pay more, below zero less
    `reversed`      transfers are booked, and reversed right after
    `batch`         `listed`: a day's transfers are one booking with each payment in it; `summary`: without them
    `again`         closing a day gives the file of the last one once more
    `balance_off`   minor units by which the closing balance is wrong
    `cut_off`       the file ends in the middle
    """

    no_reference: bool = False
    amount_off: int = Field(0, ge=-1_000_000, le=1_000_000)
    reversed: bool = False
    batch: Literal["listed", "summary"] | None = None
    again: bool = False
    balance_off: int = 0
    cut_off: bool = False


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TransferWanted(_Strict):
    """`payload` is what the code says. The rest is what this payer does otherwise; the amount with two decimals."""

    payload: str = Field(max_length=4000)
    amount: str | None = None
    message: str | None = None
    payer: Payer = Payer()


class PayoutWanted(_Strict):
    """What a card gateway owes for a day, one booking without the payments in it; below zero: it takes money back."""

    account: str
    amount: str
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")
    reference: str = Field("", max_length=35, description="the gateway's number of the payout")
    message: str = Field("", max_length=140)
    payer: Payer = Payer(name="Kartično poslovanje", account="HR9123600001101234565")


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The bank, which opens an account with 10,000.00 for whoever is paid. `clock` says the day of booking."""
    board = Switchboard(BankSwitches)
    bank = _Bank(board, clock)
    return simulator(
        routes=[
            Route("/transfers", bank.transfer, methods=["POST"]),
            Route("/payouts", bank.payout, methods=["POST"]),
            Route("/accounts", bank.list_accounts, methods=["GET"]),
            Route("/accounts/{iban}/close", bank.close, methods=["POST"]),
            Route("/accounts/{iban}/statements", bank.list_statements, methods=["GET"]),
            Route("/accounts/{iban}/statements/{number:int}", bank.statement, methods=["GET"]),
        ],
        board=board,
        stores={},
    )


class _Bank:
    def __init__(self, board: Switchboard, clock: Callable[[], datetime]) -> None:
        self._board, self._clock = board, clock
        self._accounts: dict[str, Account] = {}

    async def transfer(self, request: Request) -> Response:
        body = await request.body()
        if body.startswith(b"{"):
            wanted = TransferWanted.model_validate_json(body)
        else:
            wanted = TransferWanted(payload=body.decode("utf-8", "replace"))
        switches = self._switches(request)
        try:
            code = read(wanted.payload)
        except Unreadable as error:
            raise Refused(str(error)) from error
        given = code.amount if wanted.amount is None else _minor(wanted.amount)
        if given is None:
            raise Refused("the code leaves the amount to the payer: say it")
        booking = Booking(
            amount=max(given + switches.amount_off, 1),
            payer=wanted.payer,
            message=code.message if wanted.message is None else wanted.message,
            references={} if switches.no_reference else code.references,
        )
        booked = [self._account(code.account, code.currency).book(booking, self._today())]
        if switches.reversed:
            booked.append(self._accounts[code.account].reverse(booked[0], self._today()))
        return JSONResponse({"account": code.account, "bookings": [one.told() for one in booked]}, status_code=201)

    async def payout(self, request: Request) -> Response:
        wanted = PayoutWanted.model_validate_json(await request.body())
        booking = Booking(
            amount=_minor(wanted.amount),
            payer=wanted.payer,
            message=wanted.message,
            references={"end_to_end": wanted.reference} if wanted.reference else {},
            payout=True,
        )
        booked = self._account(wanted.account, wanted.currency).book(booking, self._today())
        return JSONResponse({"account": wanted.account, "bookings": [booked.told()]}, status_code=201)

    async def list_accounts(self, _: Request) -> Response:
        return JSONResponse([one.told() for one in self._accounts.values()])

    async def close(self, request: Request) -> Response:
        """The day's statement. A day without bookings has one too."""
        account, switches = self._known(request), self._switches(request)
        if switches.again and account.closed:
            closed = account.closed[-1]
        else:
            closed = account.close(self._today(), balance_off=switches.balance_off, batch=switches.batch)
        return JSONResponse(self._told(account, closed), status_code=201)

    async def list_statements(self, request: Request) -> Response:
        account = self._known(request)
        return JSONResponse([self._told(account, one) for one in account.closed])

    async def statement(self, request: Request) -> Response:
        account = self._known(request)
        number = request.path_params["number"]
        closed = next((one for one in reversed(account.closed) if one.number == number), None)
        if closed is None:
            raise Refused(f"there is no statement {number} of this account")
        writer = gpc if account.is_czech else camt
        content = writer.written(account, closed)
        if self._switches(request).cut_off:
            content = content[: len(content) * 2 // 3]
        name = f"{account.iban}-{closed.on.year}-{closed.number:03}.{writer.ENDING}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=writer.MEDIA_TYPE, headers=headers)

    def _told(self, account: Account, closed: Closed) -> dict[str, object]:
        self._board.answered["statement"] += 1
        return closed.told() | {"file": f"/accounts/{account.iban}/statements/{closed.number}"}

    def _known(self, request: Request) -> Account:
        iban = request.path_params["iban"]
        if iban not in self._accounts:
            raise Refused(f"nobody has paid to {iban[:34]!r} yet")
        return self._accounts[iban]

    def _account(self, iban: str, currency: str) -> Account:
        if not _IBAN.fullmatch(iban):
            raise Refused("the account is no IBAN")
        account = self._accounts.setdefault(iban, Account(iban, currency))
        if account.currency != currency:
            raise Refused(f"the account is in {account.currency}, the transfer in {currency}")
        self._board.answered["booking"] += 1
        return account

    def _switches(self, request: Request) -> BankSwitches:
        switches: BankSwitches = request.scope["switches"]
        return switches

    def _today(self) -> datetime:
        return self._clock().astimezone(_ZONE)


def _minor(text: str) -> int:
    if not _AMOUNT.fullmatch(text):
        raise Refused(f"{json.dumps(text[:20])} is no amount with two decimals")
    return int(text.replace(".", ""))
