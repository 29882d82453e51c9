"""Which tables hold data of people: whose a row is, what of it she is given, and what an erasure does with it.

Every table of the hub has a row here or in `others`. A test compares them with the catalogue, so that whoever adds a
table decides. It stands above the nouns and speaks SQL about their tables, as migrations and retention do: what must
not forget a table cannot be left to each of them. Rows are in the order in which an erasure goes through them.

`$1` is the town, `$2` the subject ids of the person (everybody merged), `$3` the ids of her identifiers.
"""

from __future__ import annotations

from hub.personal_data.model import Blank, Delete, Holding, Keep, Spared

SECRET = "it is a secret by which somebody could come in as her"  # noqa: S105 - a reason
KEYED = "it is a keyed hash: it tells nothing, and finds the row"
DIGEST = "it is a hash of the rest, by which a change is noticed"
EMPLOYEE = "employees are not named (see Who looked)"


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
