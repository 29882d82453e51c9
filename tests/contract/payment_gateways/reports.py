"""What every report of a gateway has to be, whatever it says."""

from __future__ import annotations

from typing import Any

from hub.ports.payment_gateway import REASONS, Outcome, Report
from tests.support.gateways.driver import Stage

NO_MONEY = {Outcome.DECLINED, Outcome.CANCELLED, Outcome.EXPIRED}


def about(report: Report, order: Any) -> None:
    """Whatever a gateway says stands for this order, and says nothing a payer could not be told."""
    assert report.number == order.number
    assert report.reason is None or report.reason in REASONS
    assert report.card is None or sum(char.isdigit() for char in report.card) <= 10


def amount_is_known(report: Report, order: Any) -> bool:
    return report.amount == order.amount or (report.amount is None and report.signed_order)


async def read(stage: Stage, order: Any) -> list[Report]:
    """Everything that came, verified."""
    reports = [await stage.gateway.read_return(one) for one in stage.shop.returned]
    reports += [await stage.gateway.read_notification(one) for one in stage.shop.notified]
    for report in reports:
        about(report, order)
    return reports
