"""Which tables hold data of people: whose a row is, what of it she is given, and what an erasure does with it.

One row for every table of the hub. A test compares them with the catalogue, so that whoever adds a table decides here.
It stands above the nouns and speaks SQL about their tables, as migrations and retention do: what must not forget a
table cannot be left to each of them. Rows are in the order in which an erasure goes through them.

`$1` is the town, `$2` the subject ids of the person (everybody merged), `$3` the ids of her identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECRET = "it is a secret by which somebody could come in as her"  # noqa: S105 - a reason
KEYED = "it is a keyed hash: it tells nothing, and finds the row"
DIGEST = "it is a hash of the rest, by which a change is noticed"
EMPLOYEE = "employees are not named (see Who looked)"


@dataclass(frozen=True, slots=True)
class Spared:
    """Rows that stay for a while, changed by `set` (SQL) so that they are nobody's and `whose` finds them no more."""

    where: str
    set: str
    why: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The rows go, but for those that are spared."""

    spared: Spared | None = None


@dataclass(frozen=True, slots=True)
class Blank:
    """The rows stay, without what tells who it was. `set` is SQL; `why` says what the rest is kept for."""

    set: str
    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """The rows stay. `why` names the duty or right to keep them."""

    why: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A table with data of people.

    `whose`    SQL: the rows of the person
    `without`  columns she is not given, and why
    `given_as` columns given in another way than they are stored: an SQL expression
    `sealed`   encrypted columns she is given opened: the SQL of the row's id that the value is bound to
    """

    table: str
    whose: str
    erasure: Delete | Blank | Keep
    without: Mapping[str, str] = field(default_factory=dict)
    given_as: Mapping[str, str] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)


_HER = "t.subject_id = any ($2)"
_HER_IDENTIFIERS = "t.identifier_id = any ($3)"
_HER_ACCOUNT = "t.account_id in (select account_id from password_accounts where city_id = $1 and subject_id = any ($2))"
_HER_SESSION = "t.session_id in (select session_id from sessions where city_id = $1 and subject_id = any ($2))"
_HER_GRANT = "t.grant_id in (select grant_id from grants where city_id = $1 and subject_id = any ($2))"
_HER_PSEUDONYMS = "select pseudonym from access_pseudonyms where city_id = $1 and subject_id = any ($2)"

_OF_THE_REGISTER = Keep(
    "a copy of a back office's register, which the town keeps by law and which says the same again at the next read "
    "(GDPR art. 17(3)(b)); it is nobody's account any more. What the register itself may erase, its office decides"
)
_CLAIMS = "for the establishment, exercise or defence of legal claims (GDPR art. 17(3)(e))"
_BOOKS = Keep(
    "books of account and what they were written from, which the town keeps by law for as long as it says "
    "(GDPR art. 17(3)(b)); who paid is known to them by an id alone, to which nothing leads any more"
)
_HER_PAYMENTS = "select payment_id from payments where city_id = $1 and subject_id = any ($2)"
_HER_CHARGES = f"select charge_id from charges where city_id = $1 and payment_id in ({_HER_PAYMENTS})"  # noqa: S608
_OF_A_CHARGE = f"t.charge_id in ({_HER_CHARGES})"
_OF_AN_ATTEMPT = (
    f"t.attempt_id in (select attempt_id from gateway_attempts where city_id = $1 and payment_id in ({_HER_PAYMENTS}))"  # noqa: S608
)
_HER_DELIVERIES = "t.delivery_id in (select delivery_id from deliveries where city_id = $1 and subject_id = any ($2))"
_ON_ITS_WAY = (
    "what she asked of an office is carried out, and that it was is proven, "
    f"{_CLAIMS}; what was sent is dropped a month after it arrived, and nothing leads to her any more"
)


def _records(noun: str) -> str:
    """SQL: the ids of the records she has a part in."""
    return f"select record_id from parties where city_id = $1 and identifier_id = any ($3) and noun = '{noun}'"  # noqa: S608


HOLDINGS: tuple[Holding, ...] = (
    # ── Logins, sessions, what front ends were granted ──
    Holding("authorization_codes", _HER_GRANT, Delete(), {"code_hash": SECRET, "code_challenge": SECRET}),
    Holding("refresh_tokens", _HER_GRANT, Delete(), {"token_hash": SECRET, "parent": SECRET}),
    Holding("grants", _HER, Delete(), {"nonce": SECRET}),
    Holding("session_eids", _HER_SESSION, Delete(), {"name_index": KEYED, "key_id": KEYED, "handle": SECRET}),
    Holding("sessions", _HER, Delete(), {"token_hash": SECRET}),
    Holding("recovery_codes", _HER_ACCOUNT, Delete(), {"hash": SECRET}),
    Holding(
        "second_factors",
        _HER_ACCOUNT,
        Delete(),
        dict.fromkeys(("secret", "last_step", "credential_id", "public_key", "sign_count"), SECRET),
    ),
    Holding("known_browsers", _HER_ACCOUNT, Delete(), {"browser": SECRET}),
    Holding("passkey_challenges", _HER_ACCOUNT, Delete(), {"challenge": SECRET}),
    Holding("password_steps", _HER_ACCOUNT, Delete()),
    Holding("password_issues", _HER_ACCOUNT, Delete(), {"issued_by": EMPLOYEE}, sealed={"number": "t.issue_id::text"}),
    Holding("password_accounts", _HER, Delete(), {"hash": SECRET, "first_used_by": SECRET}),
    # Of her numbers only what nobody has claimed yet: what somebody else did is his.
    Holding(
        "claims",
        f"({_HER} or t.subject_id is null and {_HER_IDENTIFIERS})",
        Delete(),
        {"code": SECRET, "issued_by": EMPLOYEE},
    ),
    Holding("logins", _HER, Delete(), dict.fromkeys(("linked_for", "revoked_for"), EMPLOYEE)),
    # ── What she sent ──
    Holding(
        "blobs",
        f"({_HER} and t.kept_for is null)",
        Delete(
            Spared(
                "t.matter_id in (select record_id from deliveries where city_id = $1"
                " and state in ('waiting', 'sending', 'in_doubt', 'refused'))",
                "kept_for = matter_id, matter_id = null, position = null, name = 'file', claimed_type = null",
                "files of what is still on its way stay, without a name and nobody's, until it has arrived",
            )
        ),
        {"content": "it is given as a file: GET /v1/attachments/{id}"},
        given_as={"sha256": "encode(t.sha256, 'hex')"},
    ),
    Holding("submissions", _HER, Delete(), sealed={"text": "t.matter_id::text"}),
    Holding("requests", _HER, Delete(), sealed={"text": "t.matter_id::text", "place": "t.matter_id::text"}),
    Holding("contact_changes", _HER, Delete(), sealed={"changes": "t.matter_id::text"}),
    Holding("contact_details", _HER, Delete(), sealed={"value": "t.detail_id::text"}),
    Holding("matter_events", _HER, Delete()),
    Holding("matter_offices", _HER, Delete()),
    Holding("matters", _HER, Delete()),
    Holding("idempotency_keys", "(t.subject_id = any ($2) or t.actor_id = any ($2))", Delete(), {"digest": KEYED}),
    Holding(
        "delivery_values",
        _HER_DELIVERIES,
        Keep(_ON_ITS_WAY),
        sealed={"content": "t.delivery_id::text"},
    ),
    Holding("delivery_receipts", _HER_DELIVERIES, Keep(_ON_ITS_WAY)),
    Holding("deliveries_journal", _HER_DELIVERIES, Keep(_ON_ITS_WAY), {"by": EMPLOYEE}),
    Holding(
        "deliveries",
        _HER,
        Blank("subject_id = null", f"that and when something was handed over to an office, {_CLAIMS}"),
        {"order_key": KEYED},
    ),
    # ── What she paid ──
    Holding(
        "payments",
        "(t.subject_id = any ($2) or t.actor_id = any ($2))",
        _BOOKS,
        {"request_digest": KEYED, "request_key": "it is a technical name of one request"},
    ),
    Holding("charges", f"t.payment_id in ({_HER_PAYMENTS})", _BOOKS),
    Holding("charge_items", _OF_A_CHARGE, _BOOKS),
    Holding("captures", _OF_A_CHARGE, _BOOKS),
    Holding("allocations", _OF_A_CHARGE, _BOOKS, {"by": EMPLOYEE}),
    Holding("refunds", _OF_A_CHARGE, _BOOKS, dict.fromkeys(("asked_by", "decided_by"), EMPLOYEE)),
    Holding("chargebacks", _OF_A_CHARGE, _BOOKS),
    Holding("payment_events", _OF_A_CHARGE, _BOOKS, {"by": EMPLOYEE}),
    Holding("charge_balances", _OF_A_CHARGE, _BOOKS),
    Holding(
        "gateway_refunds", _OF_AN_ATTEMPT, _BOOKS, {"detail": "it is a technical text of the gateway for the operator"}
    ),
    Holding("gateway_journal", _OF_AN_ATTEMPT, _BOOKS, {"by": EMPLOYEE}),
    Holding(
        "gateway_messages",
        _OF_AN_ATTEMPT,
        Keep(
            f"what the gateway said of her money, {_CLAIMS}: a card holder may dispute a payment for 540 days; it goes "
            "after that"
        ),
        {"digest": DIGEST},
        sealed={"content": "t.message_id::text"},
    ),
    Holding(
        "gateway_attempts",
        f"t.payment_id in ({_HER_PAYMENTS})",
        Blank(
            "details = null, onward = case when settled_at is null then onward end",
            "books of account, as payments are; her card's masked number goes, where she goes to pay when that is over",
        ),
        sealed={"onward": "t.attempt_id::text", "details": "t.attempt_id::text"},
    ),
    Holding("webhook_changes", _HER, Delete()),
    Holding("webhook_messages", _HER, Delete()),
    # ── Who she is ──
    Holding(
        "mandates",
        "(t.holder_id = any ($2) or t.represented_id = any ($2))",
        Blank(
            "ended_at = coalesce(ended_at, $4), ended_by = coalesce(ended_by, 'erasure'),"
            " ended_for = coalesce(ended_for, 'erased')",
            f"who could act for whom stays provable, {_CLAIMS}; both are known to it by an id alone, and it is over",
        ),
        {"recorded_by": EMPLOYEE, "ended_by": EMPLOYEE},
    ),
    Holding("subject_merges", "(t.subject_id = any ($2) or t.into_id = any ($2))", Delete(), {"actor": EMPLOYEE}),
    # Of one that a clerk proved the source is the clerk.
    Holding("aliases", _HER, Delete(), given_as={"source": "case when t.proof <> 'clerk' then t.source end"}),
    Holding("feed_states", _HER_IDENTIFIERS, Delete()),
    # ── Her records ──
    Holding(
        "postings",
        f"t.obligation_id in ({_records('obligation')})",
        _BOOKS,
        dict.fromkeys(("allocation_id", "payment_id", "charge_id"), "somebody else may have paid it"),
    ),
    Holding("paid_here", f"t.obligation_id in ({_records('obligation')})", _BOOKS),
    Holding(
        "instalments",
        f"t.obligation_id in ({_records('obligation')})",
        _OF_THE_REGISTER,
    ),
    Holding("obligations", f"t.obligation_id in ({_records('obligation')})", _OF_THE_REGISTER, {"digest": DIGEST}),
    Holding("cases", f"t.case_id in ({_records('case')})", _OF_THE_REGISTER, {"digest": DIGEST}),
    Holding("parties", _HER_IDENTIFIERS, _OF_THE_REGISTER),
    Holding(
        "identifiers",
        _HER_IDENTIFIERS,
        Blank(
            "erased_at = $4",
            "those that records or a register of persons name stay, encrypted, with a mark: no back office is asked "
            "about them, and a register that names them does not bring the person back (GDPR art. 17(3)(b))",
        ),
        sealed={"value": "t.identifier_id::text"},
    ),
    # ── Who looked ──
    Holding(
        "access_log",
        f"(t.subject in ({_HER_PSEUDONYMS})"  # noqa: S608 - names of ours
        f" or t.actor_kind = 'subject' and t.actor in (select pseudonym::text from ({_HER_PSEUDONYMS}) p))",
        Keep(
            f"five years, {_CLAIMS} and to show how the data were guarded (art. 5(2)); by a pseudonym that is "
            "forgotten, so that nobody can tell any more whose data it was"
        ),
        {"subject": "it is her pseudonym, which must lead to nobody when she is erased"},
        # Employees are not named (see portal_api.citizen.access_log), recipients are.
        {"actor": "case when t.actor_kind = 'machine' then t.actor end"},
    ),
    Holding("access_pseudonyms", _HER, Delete(), {"pseudonym": "it must lead to nobody when she is erased"}),
    Holding(
        "erasure_requests",
        _HER,
        Blank(
            "words = null, reason = null",
            f"that and when it was asked and decided, {_CLAIMS}; who it was is taken out when it is done",
        ),
        {"report": "it is made when there is nobody any more to give it to", "decided_by": EMPLOYEE},
    ),
    Holding(
        "subjects",
        _HER,
        Blank(
            "name = null, back_office = null, version = null, merged_into = null",
            "an id without a name, to which nothing leads: what is kept refers to it",
        ),
    ),
)

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
