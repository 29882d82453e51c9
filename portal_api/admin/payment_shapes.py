"""Payments in the form in which staff read them (portal_api.admin.payment_forms)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.kernel.ids import public_id
from hub.payments.views import ChargeSeen, PaymentSeen, Row
from portal_api.render import Reader, moment

_AMOUNTS = ("amount", "captured", "allocated", "unallocated", "refunding", "refunded", "charged_back")
_PLACES = ("gateway", "bank", "counter", "fee", "lost")


def payment_out(reader: Reader, seen: PaymentSeen) -> dict[str, Any]:
    row = seen.row
    return {
        "id": public_id("pay", row["payment_id"]),
        "method": row["method"],
        "state": row["state"],
        **{name: moment(row[name]) for name in ("created_at", "changed_at", "expires_at")},
        "charges": [charge_out(reader, one) for one in seen.charges],
    }


def charge_out(reader: Reader, seen: ChargeSeen) -> dict[str, Any]:
    row = seen.row
    return {
        "id": public_id("chg", row["charge_id"]),
        "payee": reader.named(row["payee"], reader.city.payees),
        "state": row["state"],
        "attempt": row["attempt"],
        **{name: reader.amount(row[name], row["currency"]) for name in (*_AMOUNTS, *_PLACES)},
    }


def charge_whole(
    reader: Reader,
    seen: ChargeSeen,
    captures: list[Row],
    allocations: list[Row],
    ledger: list[Row],
    postings: Mapping[Any, Any],
) -> dict[str, Any]:
    currency, charge = seen.row["currency"], seen.row
    return charge_out(reader, seen) | {
        "items": [
            {
                "obligation": public_id("obl", one["obligation_id"]),
                "instalment": one["instalment"],
                "reference": one["reference"],
                "amount": reader.amount(one["amount"], currency),
            }
            for one in seen.items
        ],
        "captures": [
            {
                "id": public_id("cap", one["capture_id"]),
                "source": one["source_kind"],
                "amount": reader.amount(one["amount"], currency),
                **{name: moment(one[name]) for name in ("at", "booked_at", "taken_back_at")},
            }
            for one in captures
        ],
        "allocations": [
            {
                "id": public_id("alc", one["allocation_id"]),
                "obligation": public_id("obl", one["obligation_id"]),
                "instalment": one["instalment"],
                "amount": reader.amount(one["amount"], currency),
                "takes_from": public_id("alc", one["takes_from"]) if one["takes_from"] else None,
                "posting": postings.get(one["allocation_id"]),
                "at": moment(one["at"]),
                "by": one["by"],
                "reason": one["reason"],
            }
            for one in allocations
        ],
        "refunds": [refund_out(reader, one, charge) for one in seen.refunds],
        "chargebacks": [
            {
                "id": public_id("cbk", one["chargeback_id"]),
                "state": one["state"],
                "amount": reader.amount(one["amount"], currency),
                "lost": reader.amount(one["lost"], currency),
                "at": moment(one["at"]),
                "settled_at": moment(one["settled_at"]),
            }
            for one in seen.chargebacks
        ],
        "ledger": [
            {"at": moment(one["at"]), "event": one["event"], "source": one["source_kind"], "lines": one["lines"]}
            for one in ledger
        ],
    }


def refund_out(reader: Reader, row: Row, charge: Row) -> dict[str, Any]:
    return {
        "id": public_id("rfd", row["refund_id"]),
        "charge": public_id("chg", row["charge_id"]),
        "payment": public_id("pay", charge["payment_id"]),
        "payee": reader.named(charge["payee"], reader.city.payees),
        "state": row["state"],
        "amount": reader.amount(row["amount"], charge["currency"]),
        "to": row["way"],
        **{name: row[name] for name in ("reason", "asked_by", "decided_by", "word", "reference")},
        **{name: moment(row[name]) for name in ("asked_at", "decided_at")},
        "changed_at": moment(row["state_at"]),
    }


_OF_A_CHARGEBACK = {"charged_back", "chargeback_won"}


def event_out(reader: Reader, row: Row, currency: str) -> dict[str, Any]:
    chargeback = row["noun"] == "chargeback" or row["event"] in _OF_A_CHARGEBACK
    return {
        "at": moment(row["at"]),
        "noun": row["noun"],
        "event": row["event"],
        "charge": public_id("chg", row["charge_id"]),
        "about": public_id("cbk" if chargeback else "rfd", row["about_id"]) if row["about_id"] else None,
        "state": row["to_state"],
        "amount": reader.amount(row["amount"], currency),
        "by": row["by"],
        "reason": row["reason"],
    }
