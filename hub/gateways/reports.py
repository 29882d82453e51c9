"""A report as JSON, so that what a gateway read in a message at the door is judged as it was read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from hub.kernel.money import Money
from hub.ports.payment_gateway import REASONS, Outcome, Report

_LONGEST = 200


def to_json(report: Report) -> dict[str, Any]:
    return {**asdict(report), "details": dict(report.details), "at": report.at.isoformat() if report.at else None}


def from_json(value: dict[str, Any]) -> Report:
    money = {name: Money(*value[name]) if value[name] else None for name in ("amount", "refunded")}
    at = datetime.fromisoformat(value["at"]) if value["at"] else None
    return Report(**{**value, **money, "outcome": Outcome(value["outcome"]), "at": at})


def word_of(report: Report) -> str:
    """The gateway's own state, for staff: no longer than a line, and without what no text has."""
    return report.word.replace("\0", "")[:_LONGEST]


def reason_of(report: Report) -> str | None:
    """Why no money came, where it is a word that can be told."""
    return report.reason if report.reason in REASONS else None


def details_of(report: Report) -> dict[str, str]:
    """What is kept for staff, encrypted: approval, masked card, and what else the gateway tells."""
    told = {"approval": report.approval, "card": report.card, **report.details}
    return {name: str(value)[:_LONGEST] for name, value in told.items() if value}
