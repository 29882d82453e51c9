"""What comes to the doors `/payments/{gateway}/return` and `/notify`: kept at once, judged in a moment.

At the door a message is read by its gateway (which verifies it over the bytes received) and kept, with what was read.
What a notification means for an attempt is judged by a worker, from what was read then: a signature may have a time. A
browser's return is judged at the door, since nothing follows from it but a question.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import messages, queries
from hub.gateways.applying import Applier
from hub.gateways.asking import ask_for_page
from hub.gateways.judge import Judgement, Way, judge
from hub.gateways.messages import Read
from hub.gateways.model import UNDER_WAY, Acknowledgement, Attempt, Event, Incoming, Verdict, allow
from hub.gateways.wake import ASK, JUDGE, call
from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.ports.payment_gateway import Forged, PaymentGateway, Report, Unreadable
from hub.storage.database import Connection, Database
from hub.storage.failures import PASSING
from hub.storage.vault import Vault

log = structlog.get_logger(__name__)

REFUSED = "gateway_message_refused"
"""About a gateway: somebody sent what is not its message, or not about what was ordered."""

WAITS = "gateway_message_waits"
"""About a gateway: what it says cannot be booked, and somebody must see why; settled when all of it is."""

LOST_ITS_WAY = timedelta(hours=2)
"""A browser that comes back with nothing that proves where it was is led to its payment for so long: among so few
attempts nobody finds one by guessing its number of ten digits."""

_AT_ONCE = 200


class Hearing:
    """Messages to all towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, applier: Applier) -> None:
        self._database, self._vault, self._clock, self._applier = database, vault, clock, applier

    async def returned(self, town: Town, name: str, message: Incoming) -> UUID | None:
        """A browser came back: the id of the payment it was away for; None where it proves nothing about any.

        It never pays. The gateway is asked about the attempt within seconds. Raises NotFound for no gateway of ours.
        """
        gateway = _gateway(town, name)
        read = await _read(gateway.read_return, message, town, name)
        now, city_id = self._clock.now(), town.city.id
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            report, attempt = read.report, None
            judgement = Judgement(Verdict.REFUSED, read.problem or "unknown_order")
            if report is not None:
                attempt = await queries.by_number(connection, city_id, name, report.number, lock=True)
            if report is not None and attempt is not None:
                judgement = judge(attempt, report, Way.RETURN, now)
            await messages.keep(
                connection, keys, name, "return", message, read, signs_by=gateway.signs_by,
                verdict=judgement.verdict, attempt_id=attempt.attempt_id if attempt else None, why=judgement.why,
                now=now,
            )  # fmt: skip
            if judgement.verdict is Verdict.REFUSED:
                await _tell(connection, city_id, name, judgement.why, now)
            if report is None or attempt is None:
                return None
            await self._ask_soon(connection, city_id, attempt, now)
        proven = report.believed or now - attempt.created_at < LOST_ITS_WAY
        return attempt.payment_id if proven else None

    async def notified(self, town: Town, name: str, message: Incoming) -> Acknowledgement:
        """The gateway itself tells something. Raises NotFound for no gateway of ours."""
        gateway = _gateway(town, name)
        read = await _read(gateway.read_notification, message, town, name)
        now, city_id = self._clock.now(), town.city.id
        verdict = Verdict.WAITING if read.report else Verdict.REFUSED
        why = messages.UNSIGNED if read.report and not read.report.believed else read.problem
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            await messages.keep(
                connection, keys, name, "notification", message, read, signs_by=gateway.signs_by,
                verdict=verdict, attempt_id=None, why=why, now=now,
            )  # fmt: skip
            if read.report is None:
                await _tell(connection, city_id, name, read.problem, now)
            else:
                await call(connection, city_id, JUDGE)
        return gateway.acknowledge(accepted=read.report is not None)

    async def judge_waiting(self, town: Town) -> None:
        """Judge what is kept, in the order in which it came. One that cannot be judged now waits, and somebody is told;
        the others go on.
        """
        city_id, names, stuck = town.city.id, set[str](), dict[str, str]()
        after: tuple[datetime, UUID] | None = None
        while True:
            async with self._database.town(city_id) as connection:
                waiting = await messages.waiting(connection, city_id, after, _AT_ONCE)
            for received_at, message_id, name in waiting:
                names.add(name)
                after = received_at, message_id
                try:
                    await self._judge(town, message_id)
                except PASSING:
                    raise  # says nothing about the message: the job is tried again
                except Exception as error:  # noqa: BLE001 - whatever one says, it does not hold up the others
                    log.error("gateway_message_waits", city=town.city.slug, message=str(message_id), because=str(error))
                    stuck[name] = getattr(error, "code", type(error).__name__)
            if len(waiting) < _AT_ONCE:
                break
        async with self._database.town(city_id) as connection:
            for name in names:
                now = self._clock.now()
                if name in stuck:
                    detail = {"gateway": name, "why": stuck[name]}
                    await alerts.raise_alert(connection, city_id, kind=WAITS, about=name, detail=detail, now=now)
                else:
                    await alerts.settle(connection, city_id, kind=WAITS, about=name, now=now)

    async def _judge(self, town: Town, message_id: UUID) -> None:
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            message = await messages.take(connection, keys, message_id)
            if message is None:
                return
            now, report = self._clock.now(), message.report
            attempt = await queries.by_number(connection, city_id, message.gateway, report.number, lock=True)
            judgement = Judgement(Verdict.REFUSED, "unknown_order")
            if attempt is not None:
                judgement = judge(attempt, report, Way.NOTIFICATION, now)
                attempt = await self._applier.apply(
                    connection, keys, town, attempt, report, judgement, way=Way.NOTIFICATION, now=now
                )
            await messages.judged(
                connection, city_id, message_id, judgement.verdict,
                why=judgement.why, attempt_id=attempt.attempt_id if attempt else None, now=now,
            )  # fmt: skip
            if judgement.verdict is Verdict.REFUSED:
                await _tell(connection, city_id, message.gateway, judgement.why, now)
            if judgement.ask and attempt is not None:
                await queries.change(connection, city_id, attempt.attempt_id, ask_at=now)
                await call(connection, city_id, ASK)

    async def _ask_soon(self, connection: Connection, city_id: int, attempt: Attempt, now: datetime) -> None:
        if attempt.returned_at is None:
            state = allow(Event.RETURNED, attempt.state, attempt.state)
            await queries.change(connection, city_id, attempt.attempt_id, returned_at=now)
            await queries.note(connection, city_id, attempt.attempt_id, Event.RETURNED, state, by="payer", now=now)
        if attempt.state not in UNDER_WAY:
            return
        if attempt.returned_at is None:
            await queries.change(connection, city_id, attempt.attempt_id, ask_at=now)
            await call(connection, city_id, ASK)
        else:
            await ask_for_page(connection, city_id, attempt, now)


def _gateway(town: Town, name: str) -> PaymentGateway:
    if name not in town.gateways:
        raise NotFound("There is no such gateway here.")
    return town.gateways[name]


async def _read(reader: Callable[[Incoming], Awaitable[Report]], message: Incoming, town: Town, name: str) -> Read:
    try:
        report = await reader(message)
    except Forged as error:
        return Read(None, "forged", str(error))
    except Unreadable as error:
        return Read(None, "unreadable", str(error))
    except Exception as error:
        # Our own mistake: the message is kept, and the gateway is not told that all is well.
        log.exception("gateway_message_unread", city=town.city.slug, gateway=name, error=type(error).__name__)
        return Read(None, "adapter_failed", type(error).__name__)
    return Read(report)


async def _tell(connection: Connection, city_id: int, name: str, why: str | None, now: datetime) -> None:
    detail = {"gateway": name, "why": why}
    await alerts.raise_alert(connection, city_id, kind=REFUSED, about=name, detail=detail, now=now)
