"""What a citizen means to pay becomes a payment: a charge for each payee, items of what it is for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from hub.back_offices.model import Town
from hub.cities.model import City
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.kernel.money import Money, NotExact, minor_units
from hub.kernel.text import choose
from hub.obligations import service as obligations
from hub.payments.charges import locked, note
from hub.payments.model import EXPIRES, MOST, MOST_ITEMS, Method, Payer, Wanted
from hub.payments.money import takes
from hub.payments.states import Event, State
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

USED_BEFORE = "This Idempotency-Key was used before with other content: use a new key for a new request."


@dataclass(frozen=True, slots=True)
class _Item:
    """`reference`: named by it, so nothing of what is known about it is shown."""

    payee: str
    obligation_id: UUID
    instalment: int | None
    reference: str | None
    title: Mapping[str, str] | None
    amount: Money


async def visible(
    connection: Connection, city: City, today: date, wanted: Sequence[Wanted]
) -> Mapping[UUID, Mapping[str, str]]:
    """Titles of the obligations wanted, behind the citizen's walls. Raises NotFound for one that is not hers."""
    titles = {}
    for one in wanted[:MOST_ITEMS]:
        if one.obligation_id is not None:
            row, _, _ = await obligations.opened(connection, city, today, one.obligation_id)
            titles[one.obligation_id] = row["title"]
    return titles


class Creating:
    """Puts one payment into the transaction."""

    def __init__(self, connection: Connection, keys: TownKeys, town: Town, payer: Payer, method: Method) -> None:
        self._connection, self._keys, self._town, self._payer, self._method = connection, keys, town, payer, method
        self._city: City = town.city

    async def create(self, wanted: Sequence[Wanted], titles: Mapping[UUID, Mapping[str, str]], now: datetime) -> UUID:
        """Returns the payment, which is the one of before where the same was asked with the same key.

        Raises InvalidRequest, Conflict (nothing is to be paid, somebody is paying it already, the key had other
        content), NotFound (no such reference).
        """
        payment_id = new_uuid()
        if known := await self._known(wanted):
            return known
        if not 1 <= len(wanted) <= MOST_ITEMS:
            raise InvalidRequest(f"Pay for one to {MOST_ITEMS} things at once.", field="items")
        items = [await self._item(number, one, titles) for number, one in enumerate(wanted)]
        whole = {one.obligation_id for one in items if one.instalment is None}
        parts = {(one.obligation_id, one.instalment) for one in items}
        if len(parts) < len(items) or any(part is not None and of in whole for of, part in parts):
            raise InvalidRequest("The same thing is there twice.", field="items")
        currencies = {one.amount.currency for one in items}
        if len(currencies) > 1:
            detail = f"One payment is in one currency, and these are in {', '.join(sorted(currencies))}."
            raise InvalidRequest(detail, field="items")
        await self._refuse_twice([one.obligation_id for one in items if one.reference is None])
        made = await self._insert(payment_id, currencies.pop(), wanted, now)
        if made is None:
            # Another request with this key was faster.
            again = await self._known(wanted)
            assert again is not None
            return again
        by_payee: dict[str, list[_Item]] = defaultdict(list)
        for one in items:
            by_payee[one.payee].append(one)
        for payee, of_payee in by_payee.items():
            await self._charge(payment_id, payee, of_payee, now)
        return payment_id

    async def _item(self, number: int, wanted: Wanted, titles: Mapping[UUID, Mapping[str, str]]) -> _Item:
        place = f"items.{number}"
        if wanted.obligation_id is None:
            return await self._by_reference(place, wanted)
        found = await obligations.open_amount(self._connection, self._city.id, wanted.obligation_id, lock=False)
        if found.cancelled or found.gone:
            raise Conflict("The office has cancelled or withdrawn this obligation: there is nothing to pay.")
        numbers = {part.number for part in found.instalments}
        if wanted.instalment is not None and wanted.instalment not in numbers:
            raise InvalidRequest(f"This obligation has no instalment {wanted.instalment}.", field=f"{place}.instalment")
        left = Money(takes(found, wanted.instalment), found.currency)
        if left.minor == 0:
            raise Conflict("This is paid: there is nothing to pay.")
        amount = wanted.amount or left
        if amount.currency != left.currency:
            detail = f"This is owed in {left.currency}: an amount in {amount.currency} does not pay it."
            raise InvalidRequest(detail, field=f"{place}.amount")
        if not 0 < amount.minor <= left.minor:
            raise InvalidRequest(f"Of this {left} are owed: pay that, or a part.", field=f"{place}.amount")
        self._payee(found.payee)
        title = titles[wanted.obligation_id]
        return _Item(found.payee, wanted.obligation_id, wanted.instalment, None, title, amount)

    async def _by_reference(self, place: str, wanted: Wanted) -> _Item:
        """For another person: that something is to be paid under it is all that is told, and not how much."""
        payee, reference, amount = wanted.payee or "", (wanted.reference or "").strip(), wanted.amount
        if payee not in self._city.payees:
            raise InvalidRequest(f"There is no payee {payee[:60]!r}.", field=f"{place}.payee")
        if amount is None:
            raise InvalidRequest("Write how much you pay: what is owed is not shown.", field=f"{place}.amount")
        try:
            minor_units(amount.currency)
        except NotExact as error:
            raise InvalidRequest(f"{error}.", field=f"{place}.amount") from None
        if not 0 < amount.minor <= MOST:
            raise InvalidRequest("Write an amount above zero, and no more than is ever owed.", field=f"{place}.amount")
        found = await obligations.find_by_reference(self._connection, self._city.id, payee, reference)
        if found is None:
            raise NotFound("Nothing is to be paid under this reference: compare it with the one on the paper.")
        owed = await obligations.open_amount(self._connection, self._city.id, found, lock=False)
        if owed.currency != amount.currency:
            raise InvalidRequest(f"This is paid in {owed.currency}.", field=f"{place}.amount")
        return _Item(payee, found, None, reference, None, amount)

    def _payee(self, payee: str) -> None:
        if payee not in self._city.payees:
            raise Conflict("The town no longer says where to pay this: ask the office.")

    async def _refuse_twice(self, obligation_ids: Sequence[UUID]) -> None:
        """What she is paying already, on another page perhaps, may be paid twice by a second try."""
        found = await self._connection.fetchval(
            """select p.payment_id from charge_items i
               join charges c on c.city_id = i.city_id and c.charge_id = i.charge_id
               join payments p on p.city_id = c.city_id and p.payment_id = c.payment_id
               where i.city_id = $1 and i.obligation_id = any ($2) and p.subject_id = $3
                 and c.state in ('started', 'processing') limit 1""",
            self._city.id,
            list(obligation_ids),
            self._payer.subject_id,
        )
        if found is not None:
            # The page's address is a key, and errors hold none: that request answers with it.
            known_as = public_id("pay", found)
            raise Conflict(
                f"You are paying this already ({known_as}): go on at its page, whose address POST"
                f" /v1/payments/{known_as}/attempts gives while no card is entered, or wait until the time of that try"
                " is over."
            )

    async def _insert(self, payment_id: UUID, currency: str, wanted: Sequence[Wanted], now: datetime) -> UUID | None:
        payer, digests = self._payer, self._digests(wanted)
        return await self._connection.fetchval(  # type: ignore[no-any-return]
            """insert into payments (city_id, payment_id, subject_id, actor_id, currency, method, login, language,
                                     request_key, request_digest, state, created_at, changed_at, expires_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $11, $12)
               on conflict (city_id, actor_id, request_key) where request_key is not null do nothing
               returning payment_id""",
            self._city.id,
            payment_id,
            payer.subject_id,
            payer.actor_id,
            currency,
            self._method,
            payer.login,
            payer.language,
            payer.key,
            digests[0],
            now,
            now + EXPIRES[self._method],
        )

    async def _charge(self, payment_id: UUID, payee: str, items: Sequence[_Item], now: datetime) -> None:
        charge_id, amount = new_uuid(), sum(one.amount.minor for one in items)
        city_id, currency = self._city.id, items[0].amount.currency
        await self._connection.execute(
            """insert into charges (city_id, charge_id, payment_id, payee, currency, amount, title, state, state_at)
               values ($1, $2, $3, $4, $5, $6, $7, 'open', $8)""",
            city_id, charge_id, payment_id, payee, currency, amount, self._title(payee, items), now,
        )  # fmt: skip
        await self._connection.executemany(
            """insert into charge_items (city_id, charge_id, number, obligation_id, instalment, reference, title,
                                         amount)
               values ($1, $2, $3, $4, $5, $6, $7, $8)""",
            [
                (
                    city_id, charge_id, number, one.obligation_id, one.instalment, one.reference,
                    None if one.title is None else orjson.dumps(one.title).decode(), one.amount.minor,
                )
                for number, one in enumerate(items, start=1)
            ],
        )  # fmt: skip
        charge = await locked(self._connection, city_id, charge_id)
        await note(self._connection, charge, "charge", Event.CREATED, None, State.OPEN, now, by="payer", amount=amount)

    def _title(self, payee: str, items: Sequence[_Item]) -> str:
        """What she reads at the gateway: what she pays, or whom."""
        language = self._payer.language
        [first, *more] = items
        if more or first.title is None:
            name = choose(self._city.payees[payee].name, [language], self._city.language)
            return name if more else f"{name}, {first.reference}"
        return choose(first.title, [language], self._city.language)

    async def _known(self, wanted: Sequence[Wanted]) -> UUID | None:
        row = await self._connection.fetchrow(
            """select payment_id, request_digest from payments
               where city_id = $1 and actor_id = $2 and request_key = $3""",
            self._city.id,
            self._payer.actor_id,
            self._payer.key,
        )
        if row is None:
            return None
        if row["request_digest"] not in self._digests(wanted):
            raise Conflict(USED_BEFORE)
        return UUID(str(row["payment_id"]))

    def _digests(self, wanted: Sequence[Wanted]) -> list[bytes]:
        return digests(self._keys, "create_payment", [str(self._payer.subject_id), self._method], wanted)


def digests(keys: TownKeys, operation: str, about: Sequence[Any], wanted: Sequence[Wanted]) -> list[bytes]:
    """Keyed hashes of what was asked, by each index key there ever was, the newest first: a request may be repeated
    after the town's keys were rotated.
    """
    content = [
        *about,
        *([str(one.obligation_id), one.instalment, one.amount, one.payee, one.reference] for one in wanted),
    ]
    return keys.known_indexes(f"idempotency.{operation}", json.dumps(content))
