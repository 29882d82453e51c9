"""Which tables hold no data of people, or none that are found by anybody's name or number, and why."""

from __future__ import annotations

from collections.abc import Mapping

_SETTINGS = "settings of the town or the installation"
_KEPT_SEALED = (
    "raw messages of back offices, encrypted, and found by nobody's name or number; what they say about a person is in "
    "the records made of them, and they are dropped soon (see retention)"
)
_STAFF = "people on the town's staff, whose data the town gives and keeps as their employer"

_BOOKED = "what came in and became of it once more, by account of the town's books; it goes with its payment"
_OF_THE_BANK = (
    "statements of the town's own accounts, books of account that it keeps by law; who paid and what she wrote is "
    "encrypted and found by nobody's name. What of it is a payment of hers is given with the payment"
)

OTHERS: Mapping[str, str] = {
    "alembic_version": _SETTINGS,
    "retention": _SETTINGS,
    "cities": _SETTINGS,
    "city_keys": _SETTINGS,
    "signing_keys": _SETTINGS,
    "schedules": _SETTINGS,
    "delivery_offices": "which back offices take nothing at the moment, and since when",
    "jobs": "work to be done, which names rows and holds no data of people; gone when it is done",
    "identifier_indexes": "keyed hashes by which identifiers are found; they go with their identifiers",
    "obligation_references": "the references of obligations once more, by which these are found; they go with them",
    "ledger_entries": _BOOKED,
    "ledger_lines": _BOOKED,
    "statement_files": _OF_THE_BANK,
    "statement_file_chunks": _OF_THE_BANK,
    "statements": _OF_THE_BANK,
    "statement_entries": _OF_THE_BANK,
    "matches": "what an entry of a bank statement was booked for, and by whom; it names obligations and payments by id",
    "statement_decisions": "what one of the staff said of a bank's file or statement, and why; it names nobody else",
    "tombstones": "keys of records that a back office no longer has; nobody's name or number is with them",
    "drift": "names of fields that no mapping knows, and samples of their form",
    "eid_drift": "names of attributes that no eID provider of ours knows, and no values",
    "messages": _KEPT_SEALED,
    "message_keys": _KEPT_SEALED,
    "dead_letters": _KEPT_SEALED,
    "dead_letter_edits": _KEPT_SEALED,
    "push_files": _KEPT_SEALED,
    "push_file_chunks": _KEPT_SEALED,
    "push_drops": "names of files of back offices, which lie in a folder of the town",
    "replays": "who on the staff had messages interpreted again, and when",
    "replay_items": "ids of messages, and whether they were interpreted again",
    "push_refusals": "how often a door of back offices refused somebody, with a network address; gone after 90 days",
    "push_usage": "how much a back office has sent in a minute",
    "push_once": "ids of signed messages, and hashes; gone after a day",
    "alerts": "what the town's operators are told: names of back offices, fields and kinds, nobody's data",
    "alert_destinations": "how it goes with the addresses the town's operators are told at, from the configuration",
    "alert_tellings": "which alert was told to which of these addresses",
    "call_statistics": "how often and how long back offices were called",
    "webhook_clients": "how it goes with the servers of front ends",
    "gateway_comparisons": "up to when a card gateway's list was compared, and how long the list was",
    "gateway_differences": "numbers and amounts of orders that stand on one side only; they name nobody",
    "contract_checks": "what the last check of a back office's interface compared: names of operations and fields",
    "login_transactions": "logins under way, encrypted and nobody's yet; gone after a day",
    "authorization_requests": "requests of front ends while nobody has logged in yet; gone after an hour",
    "login_once": "hashes of what may be said once",
    "login_attempts": "keyed hashes and numbers of attempts; gone after a day",
    "logouts": "where a browser goes on after a logout, encrypted; gone after a day",
    "password_throttles": "keyed hashes and numbers of attempts; gone after a week",
    "staff": _STAFF,
    "staff_roles": _STAFF,
    "access_seals": "hashes over many rows; they name nobody",
}
"""Tables that are neither exported nor touched by an erasure, and why."""
