"""Who may do what: one table of the operations of every door, and the only place where that is decided.

An operation is the name of its handler, which is also its `operationId` in the OpenAPI. portal_api.requests looks the
rule up by the route that was asked and refuses what it does not allow; the OpenAPI takes its security from here;
`make authorisation` prints it into docs/authorisation.md. A test fails for a route without a row.

How the levels of assurance were chosen (Regulation (EU) 910/2014, art. 8, and what a mistake would cost):

low          reading. A password handed over at the counter suffices: whoever stands there without an eID must not be
             shut out of her own account, and what she reads she also finds in her letter box. Asking the back offices
             again (`refresh`) tells nobody more than reading does.
substantial  taking everything away at once or erasing it, which cannot be undone by looking again; what an office
             acts upon (a case, an answer, where letters go); and everything staff do, since they see other people.
             A password alone is never enough for these, one with a second factor is.
high         asked by no operation yet: it is what the law asks for a signature, and nothing is signed here.

A machine proves itself by a secret or a client certificate; nobody is logged in, so no level is asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.kernel.assurance import Assurance


class Audience(StrEnum):
    """Whose token an operation takes."""

    CITIZEN = "citizen"  # a person, for herself or for whom she may act
    STAFF = "staff"  # somebody who works for the town
    MACHINE = "machine"  # a back office or another program, for itself
    ANYONE = "anyone"  # needs no token: the row says why


class Role(StrEnum):
    """What somebody on the town's staff is there for: in the whole town, at one payee or in one department."""

    ADMINISTRATOR = "administrator"  # everything, staff and configuration among it
    CLERK = "clerk"  # the counter: registers people, hands over passwords, records mandates
    AUDITOR = "auditor"  # who looked at what; changes nothing
    CASHIER = "cashier"  # money: payments, refunds, statements; of one payee or of all
    SUPPORT = "support"  # messages of back offices that could not be processed; opening one is recorded


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may.

    `scope`      what the access token must carry
    `assurance`  the least by which the person behind the token must be known; None where there is no person
    `roles`      of staff: one of these is needed besides the scope
    `partly`     a role at one payee or department suffices, for what belongs to these; the handler narrows its answer
    `acting_for` whether a citizen may do it for somebody else by a mandate
    `why`        the reason, where it is no plain consequence of the above; always there for `anyone`
    """

    audience: Audience
    scope: str = ""
    assurance: Assurance | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    partly: bool = False
    acting_for: bool = False
    why: str = ""


def _anyone(why: str) -> Rule:
    return Rule(Audience.ANYONE, why=why)


def _citizen(scope: str, assurance: Assurance = Assurance.LOW, *, acting_for: bool = False, why: str = "") -> Rule:
    return Rule(Audience.CITIZEN, scope, assurance, acting_for=acting_for, why=why)


def _staff(scope: str, *roles: Role, partly: bool = False, why: str = "") -> Rule:
    every = frozenset({Role.ADMINISTRATOR, *roles})
    return Rule(Audience.STAFF, scope, Assurance.SUBSTANTIAL, every, partly=partly, why=why)


_READ = _citizen("account", acting_for=True)
_SEND = _citizen("send", acting_for=True, why="a problem is worth knowing of whoever tells; a file alone does nothing")
_SEND_IN_HER_NAME = _citizen(
    "send", Assurance.SUBSTANTIAL, acting_for=True, why="an office acts upon it, as upon a signed letter"
)
_PAY = _citizen("pay", acting_for=True, why="nobody is harmed by who pays; what is owed is shown to nobody by it")
_MONEY = _staff("money", Role.CASHIER, partly=True)
_MESSAGES = _staff("messages", Role.SUPPORT, partly=True)
_WHOLE = _staff("messages", Role.SUPPORT, why="front ends are the whole town's, so the role must be for all of it")
_COUNTER = _staff("people", Role.CLERK, why="people belong to the whole town, so the role must be for all of it")
_MANDATES = _staff("mandates", Role.CLERK, why="people belong to the whole town, so the role must be for all of it")
_STEP = _anyone("a step of a login, bound to the browser that began it; a form is refused without its own token")
_BY_EID = _anyone(
    "an eID's message, believed for its signature or for what only the eID could know, not for its bearer"
)
_BY_GATEWAY = _anyone(
    "a card gateway's message, believed for its signature, not for its bearer; else the gateway is asked"
)
_BY_LINK = _anyone("whoever has the payment's address, with 128 random bits, sees amount and state, and may pay")
_OWN = _anyone("only of the session, or of the login under way, of the browser's own cookie; else one logs in first")
_LOOK = _anyone("looks the same to everybody")

_PUSH = Rule(Audience.MACHINE, "push", why="or the push secret, a signature or a client certificate of the back office")

OPERATIONS: Mapping[str, Rule] = {
    # ── A citizen's account ──
    "read_account": _READ,
    "list_obligations": _READ,
    "read_obligation": _READ,
    "read_transfer": _READ,
    "read_transfer_code": _READ,
    "read_transfer_slip": _READ,
    "read_transfer_file": _READ,
    "list_cases": _READ,
    "read_case": _READ,
    "refresh": _citizen("refresh", acting_for=True),
    "list_access_log": _READ,
    "export_personal_data": _citizen("account", Assurance.SUBSTANTIAL, acting_for=True),
    "list_own_erasures": _citizen("account", why="asked for oneself: a representative asks at the counter"),
    "request_erasure": _citizen(
        "account", Assurance.SUBSTANTIAL, why="asked for oneself: a representative asks at the counter"
    ),
    "list_mandates": _citizen("account", why="a mandate is not handed on: one sees only one's own"),
    # ── What a citizen sends ──
    "upload_attachment": _SEND,
    "read_attachment": _READ,
    "open_submission": _SEND_IN_HER_NAME,
    "answer_case": _SEND_IN_HER_NAME,
    "list_submissions": _READ,
    "read_submission": _READ,
    "report_problem": _SEND,
    "list_requests": _READ,
    "list_problem_categories": _READ,
    "read_request": _READ,
    "read_contact_details": _READ,
    "change_contact_details": _citizen(
        "contact",
        Assurance.SUBSTANTIAL,
        acting_for=True,
        why="whoever changes where letters go takes them over",
    ),
    # ── Payments ──
    "begin_attempt": _PAY,
    "create_payment": _PAY,
    "cancel_payment": _PAY,
    "list_payments": _READ,
    "read_payment": _READ,
    # ── Back offices and other programs ──
    "push_events": _PUSH,
    "push_soap": _PUSH,
    "push_file": _PUSH,
    "read_pushed_file": _PUSH,
    # ── Staff ──
    "list_dead_letters": _MESSAGES,
    "read_dead_letter_body": _MESSAGES,
    "read_dead_letter": _MESSAGES,
    "correct_dead_letter": _MESSAGES,
    "discard_dead_letters": _MESSAGES,
    "replay_dead_letters": _MESSAGES,
    "read_replay": _MESSAGES,
    "list_affected_subjects": _MESSAGES,
    "list_refused_attempts": _MESSAGES,
    "list_pushed_files": _MESSAGES,
    "list_dropped_files": _MESSAGES,
    "list_drift": _MESSAGES,
    "read_interface_drift": _MESSAGES,
    "list_deliveries": _MESSAGES,
    "read_delivery": _MESSAGES,
    "read_delivery_values": _MESSAGES,
    "delivery_happened": _MESSAGES,
    "delivery_did_not_happen": _MESSAGES,
    "retry_delivery": _MESSAGES,
    "edit_delivery": _MESSAGES,
    "discard_delivery": _MESSAGES,
    "list_all_payments": _MONEY,
    "read_any_payment": _MONEY,
    "take_at_counter": _MONEY,
    "pay_at_counter": _MONEY,
    "take_counter_money_back": _MONEY,
    "allocate_money": _MONEY,
    "list_attempts": _MONEY,
    "read_attempt": _MONEY,
    "ask_attempt": _MONEY,
    "attempt_brought_nothing": _MONEY,
    "list_gateway_messages": _MONEY,
    "read_gateway_message": _MONEY,
    "list_gateway_differences": _MONEY,
    "settle_gateway_difference": _MONEY,
    "take_allocation_back": _MONEY,
    "ask_refund": _MONEY,
    "list_refunds": _MONEY,
    "decide_refund": _MONEY,
    "settle_refund": _MONEY,
    "upload_statement": _MONEY,
    "list_statement_files": _MONEY,
    "read_statement_file": _MONEY,
    "reread_statement_file": _MONEY,
    "list_statements": _MONEY,
    "read_statement": _MONEY,
    "list_statement_differences": _MONEY,
    "accept_statement": _MONEY,
    "dismiss_statement": _MONEY,
    "look_at_statement": _MONEY,
    "look_at_statement_file": _MONEY,
    "list_statement_entries": _MONEY,
    "read_statement_entry": _MONEY,
    "confirm_statement_entry": _MONEY,
    "reassign_statement_entry": _MONEY,
    "undo_statement_entry": _MONEY,
    "take_statement_entry_back": _MONEY,
    "confirm_payout": _MONEY,
    "set_statement_entry_aside": _MONEY,
    "reopen_statement_entry": _MONEY,
    "book_chargeback": _MONEY,
    "win_chargeback": _MONEY,
    "list_webhooks": _WHOLE,
    "replay_webhooks": _WHOLE,
    "list_alerts": _MESSAGES,
    "acknowledge_alert": _MESSAGES,
    "register_person": _COUNTER,
    "recover_password": _COUNTER,
    "add_mandate": _MANDATES,
    "end_mandate": _MANDATES,
    "list_erasures": _COUNTER,
    "read_erasure": _COUNTER,
    "decide_erasure": _COUNTER,
    "audit_access_log": _staff("audit", Role.AUDITOR),
    # ── Without a token ──
    "read_soap_contract": _anyone("a contract is public; a vendor's tools read it before anybody has a secret"),
    "openapi": _anyone("the description of the API is public"),
    "alive": _anyone("a load balancer asks whether the process answers; it learns nothing else"),
    "ready": _anyone("a load balancer asks whether citizens can be answered; it learns the names of the towns"),
    "metrics": _anyone(
        "to configured addresses, or with a token of the operator's own: figures of all towns, nobody's"
    ),
    # The OpenID provider: its doors are there for whoever has no token yet, and prove the front end themselves.
    "openid_configuration": _anyone("a front end's library reads where the provider's doors are"),
    "authorization_server": _anyone("as openid_configuration"),
    "signing_keys": _anyone("public keys are public"),
    "authorize": _anyone("somebody who wants to log in; the front end is known by its address"),
    "authorize_by_post": _anyone("as authorize"),
    "token": _anyone("a front end proves itself by its secret, and what it shows by PKCE or by possession"),
    "userinfo": _anyone("takes the front end's own access token with the scope openid, and tells whose it is"),
    "revoke_token": _anyone("a front end proves itself by its secret and gives back what is its own"),
    "introspect_token": _anyone("a front end proves itself by its secret and asks about what is its own"),
    "end_session": _anyone("ends the session of this browser, or of the id_token that is shown"),
    "end_session_by_post": _anyone("as end_session"),
    # ── Payments: gateways, and browsers that come back from one ──
    "return_from_gateway": _BY_GATEWAY,
    "return_from_gateway_by_post": _BY_GATEWAY,
    "hear_gateway": _BY_GATEWAY,
    "show_payment": _BY_LINK,
    "try_payment": _BY_LINK,
    # ── Login pages: of a browser, which has a cookie and no token ──
    "choose_login": _STEP,
    "start_login": _STEP,
    "arrive": _STEP,
    "ask_password": _STEP,
    "take_password": _STEP,
    "ask_new_password": _STEP,
    "take_new_password": _STEP,
    "ask_passkey": _STEP,
    "take_passkey": _STEP,
    "ask_code": _STEP,
    "take_code": _STEP,
    "accept_assertion": _BY_EID,
    "accept_code": _BY_EID,
    "accept_posted_code": _BY_EID,
    "hear_logout": _BY_EID,
    "hear_posted_logout": _BY_EID,
    "hear_logout_by_soap": _BY_EID,
    "show_session": _OWN,
    "confirm_logout": _OWN,
    "log_out": _OWN,
    "ask_claim": _OWN,
    "take_claim": _OWN,
    "ask_change": _OWN,
    "take_change": _OWN,
    "begin_passkey": _OWN,
    "finish_passkey": _OWN,
    "begin_enrolment": _OWN,
    "finish_enrolment": _OWN,
    "offer_second_factor": _OWN,
    "go_on_without": _OWN,
    "go_on_with_codes": _OWN,
    "show_security": _OWN,
    "remove_factor": _OWN,
    "style": _LOOK,
    "look": _LOOK,
    "onward_script": _LOOK,
    "passkey_script": _LOOK,
    "logo": _LOOK,
    "icon": _LOOK,
    "show_ended": _LOOK,
    "show_claimed": _LOOK,
    "show_metadata": _anyone("what an eID's operator reads about us: addresses and public keys"),
}

HEADER = "Munihub-Acting-For"
"""Names, in a citizen's request, whom it is for: `sub_…`, where she has a mandate of that subject in force."""


def scopes_of(audience: Audience, roles: Iterable[Role] | None = None) -> tuple[str, ...]:
    """Every scope that opens something to `audience`; with `roles`, to staff who have one of them."""
    held = None if roles is None else frozenset(roles)
    return tuple(
        dict.fromkeys(
            rule.scope
            for rule in OPERATIONS.values()
            if rule.audience is audience and rule.scope and (held is None or held & rule.roles)
        )
    )


CITIZEN_SCOPES = scopes_of(Audience.CITIZEN)
STAFF_SCOPES = scopes_of(Audience.STAFF)
