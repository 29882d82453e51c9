"""Somebody of whom every table has something, as it is after some years at a town."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from hub.access_log.model import Actor, ActorKind
from hub.access_log.service import record
from hub.delivery.content import seal
from hub.kernel.ids import new_uuid
from hub.personal_data.holdings import HOLDINGS
from hub.subjects import service as subjects
from hub.subjects.model import SubjectKind
from tests.integration.portal_api.test_account import read
from tests.support.hub import Api
from tests.support.records import case, obligation

CITY = 1


@dataclass(frozen=True)
class Life:
    """`subject_id` stands for `merged` too. `sealed` are texts the town keeps encrypted, `secrets` what nobody is given."""

    subject_id: UUID
    merged: UUID
    oib: str
    name: str
    sealed: tuple[str, ...]
    secrets: tuple[str, ...]


async def live(hub: Api, oib: str, name: str, other: UUID | None = None) -> Life:
    """A life in Pregrada. `other` is the one whose guardian this person is."""
    subject_id = await hub.subject("pregrada", name, hr_oib=oib)
    amount = obligation(key=f"o-{oib}", oib=oib, title={"hr": f"Naknada {name}"})
    await read(hub, "obligations", oib, amount)
    await read(hub, "cases", oib, case(key=f"c-{oib}", oib=oib, title={"hr": f"Zahtjev {name}"}))
    now = hub.clock.now()
    later = now + timedelta(days=1)
    secret = f"secret-of-{oib}".encode()
    async with hub.worker.database.town(CITY) as c:
        keys = await hub.worker.vault.keys(c, CITY)
        merged = await subjects.create(c, CITY, SubjectKind.PERSON, f"{name} (2)")
        await subjects.merge(c, CITY, merged, subject_id, reason="the same", actor="clerk", now=now)
        pairs = [("login.nias", f"nias-{oib}"), ("financije.partner", f"partner-{oib}")]
        known = await subjects.identify(c, keys, pairs)
        (nias, partner) = (known[one] for one in pairs)
        login, session, account, grant = new_uuid(), new_uuid(), new_uuid(), new_uuid()
        (oib_id,) = (await subjects.recognise(c, keys, [("hr.oib", oib)])).values()
        await c.execute(
            """insert into logins (city_id, login_id, provider, identifier_id, staff, subject_id, linked_by,
                                   created_at, used_at)
               values (1, $1, 'nias', $2, false, $3, 'identifier', $4, $4)""",
            login, nias, subject_id, now,
        )  # fmt: skip
        await c.execute(
            """insert into sessions (city_id, session_id, token_hash, subject_id, login_id, provider, assurance, methods,
                                     authenticated_at, created_at, seen_at, expires_at)
               values (1, $1, $2, $3, $4, 'nias', 'high', '{sc}', $5, $5, $5, $6)""",
            session, secret, subject_id, login, now, later,
        )  # fmt: skip
        await c.execute(
            """insert into session_eids (city_id, session_id, provider, key_id, name_index, handle)
               values (1, $1, 'nias', 1, $2, $2)""",
            session, secret,
        )  # fmt: skip
        await c.execute(
            """insert into grants (city_id, grant_id, client, session_id, subject_id, scopes, nonce, assurance, methods,
                                   authenticated_at, created_at, expires_at)
               values (1, $1, 'portal', $2, $3, '{account}', $4, 'high', '{sc}', $5, $5, $6)""",
            grant, session, subject_id, secret.decode(), now, later,
        )  # fmt: skip
        await c.execute(
            """insert into authorization_codes (city_id, code_hash, grant_id, redirect_uri, code_challenge, expires_at)
               values (1, $1, $2, 'https://portal.test/cb', $3, $4)""",
            secret, grant, secret.decode(), later,
        )  # fmt: skip
        await c.execute(
            """insert into refresh_tokens (city_id, token_hash, grant_id, issued_at, expires_at)
               values (1, $1, $2, $3, $4)""",
            secret, grant, now, later,
        )  # fmt: skip
        await c.execute(
            """insert into password_accounts (city_id, account_id, subject_id, username, hash, first, issued_at)
               values (1, $1, $2, $3, $4, false, $5)""",
            account, subject_id, f"user{oib}", secret, now,
        )  # fmt: skip
        issue = new_uuid()
        await c.execute(
            """insert into password_issues (city_id, issue_id, account_id, reason, issued_by, document, number, issued_at)
               values (1, $1, $2, 'registered', 'stf_1', 'passport', $3, $4)""",
            issue, account, keys.encrypt("password_issues", "number", str(issue), f"passport-{oib}".encode()), now,
        )  # fmt: skip
        await c.execute(
            """insert into second_factors (city_id, factor_id, account_id, kind, name, assurance, secret, created_at)
               values (1, $1, $2, 'totp', 'my telephone', 'low', $3, $4)""",
            new_uuid(), account, secret, now,
        )  # fmt: skip
        await c.execute(
            """insert into recovery_codes (city_id, code_id, account_id, hash, assurance, created_at)
               values (1, $1, $2, $3, 'low', $4)""",
            new_uuid(), account, secret, now,
        )  # fmt: skip
        await c.execute(
            """insert into passkey_challenges (city_id, challenge, account_id, purpose, expires_at)
               values (1, $1, $2, 'login', $3)""",
            secret, account, later,
        )  # fmt: skip
        await c.execute(
            """insert into password_steps (city_id, transaction_id, account_id, first, passed_at, expires_at)
               values (1, $1, $2, false, $3, $4)""",
            new_uuid(), account, now, later,
        )  # fmt: skip
        await c.execute("insert into known_browsers values (1, $1, $2, $3)", secret, account, now)
        await c.execute(
            """insert into claims (city_id, claim_id, identifier_id, code, issued_by, issued_at, expires_at, claimed_at,
                                   subject_id)
               values (1, $1, $2, $3, 'stf_1', $4, $5, $4, $6)""",
            new_uuid(), partner, secret, now, later, subject_id,
        )  # fmt: skip
        await c.execute(
            """insert into instalments (city_id, obligation_id, number, due_on, currency, amount)
               select 1, record_id, 1, '2026-12-15', 'EUR', 5000 from parties
               where city_id = 1 and identifier_id = $1 and noun = 'obligation'""",
            oib_id,
        )
        await _sent(c, keys, subject_id, oib, now)
        await _paid(c, subject_id, oib, now)
        await _by_card(c, keys, subject_id, oib, now)
        await _posted(c, oib, now)
        if other is not None:
            await c.execute(
                """insert into mandates (city_id, mandate_id, holder_id, represented_id, kind, proof, source, recorded_at,
                                         recorded_by, valid_from)
                   values (1, $1, $2, $3, 'guardianship', 'clerk', 'KLASA 1', $4, 'stf_1', $4)""",
                new_uuid(), subject_id, other, now,
            )  # fmt: skip
        await record(
            c,
            actor=Actor(ActorKind.STAFF, "stf_clerk", "clerk"),
            subject_id=subject_id,
            what="read_account",
            why="KLASA 1",
            at=now,
        )
        await c.execute(
            """insert into erasure_requests (city_id, request_id, subject_id, words, asked_at, due_on, state, decided_at,
                                             decided_by, reason)
               values (1, $1, $2, $3, $4, '2026-12-21', 'refused', $4, 'stf_1', 'You owe us.')""",
            new_uuid(), subject_id, f"words of {name}", now,
        )  # fmt: skip
    return Life(subject_id, merged, oib, name, (oib, f"nias-{oib}", f"passport-{oib}"), (secret.decode(), secret.hex()))


async def _sent(c, keys, subject_id: UUID, oib: str, now) -> None:
    """Something of each kind that a citizen sends, with a file."""
    matter, event, detail, blob = new_uuid(), new_uuid(), new_uuid(), new_uuid()
    await c.execute(
        """insert into matters (city_id, matter_id, noun, kind, subject_id, number, title, language, state, status,
                                opened_at, state_at)
           values (1, $1, 'submission', 'open_case', $2, $3, 'a case', 'hr', 'waiting', 'waiting_for_office', $4, $4)""",
        matter, subject_id, f"N-{oib}", now,
    )  # fmt: skip
    await c.execute(
        """insert into webhook_changes (city_id, type, noun, at, record_id, subject_id, state)
           values (1, 'submission.state_changed', 'submission', $3, $1, $2, 'waiting')""",
        matter, subject_id, now,
    )  # fmt: skip
    await c.execute(
        """insert into webhook_messages (city_id, message_id, client, type, noun, subject_id, body, at)
           values (1, $1, 'portal', 'submission.state_changed', 'submission', $2, '{}', $3)""",
        matter, subject_id, now,
    )  # fmt: skip
    await c.execute(
        """insert into matter_offices (city_id, matter_id, back_office, subject_id, delivery_id, state, since)
           values (1, $1, 'urudzbeni', $2, $1, 'waiting', $3)""",
        matter, subject_id, now,
    )  # fmt: skip
    await c.execute(
        """insert into matter_events (city_id, event_id, matter_id, subject_id, at, who, event, to_state)
           values (1, $1, $2, $3, $4, 'citizen', 'sent', 'waiting')""",
        event, matter, subject_id, now,
    )  # fmt: skip
    written = {"submissions": ("text",), "requests": ("text", "place"), "contact_changes": ("changes",)}
    for table, columns in written.items():
        sealed = [keys.encrypt(table, column, str(matter), f"{column}-{oib}".encode()) for column in columns]
        values = ", ".join(f"${number}" for number in range(3, 3 + len(columns)))
        await c.execute(
            f"insert into {table} (city_id, matter_id, subject_id, {', '.join(columns)}) values (1, $1, $2, {values})",
            matter, subject_id, *sealed,
        )  # fmt: skip
    await c.execute(
        "insert into contact_details values (1, $1, $2, 'email', $3, $4)",
        detail, subject_id, keys.encrypt("contact_details", "value", str(detail), f"{oib}@example.hr".encode()), now,
    )  # fmt: skip
    await c.execute(
        """insert into blobs (city_id, blob_id, subject_id, name, media_type, viewable, size, sha256, content, created_at)
           values (1, $1, $2, 'a.pdf', 'application/pdf', true, 1, '', $3, $4)""",
        blob, subject_id, keys.encrypt("blobs", "content", str(blob), b"x"), now,
    )  # fmt: skip
    await c.execute(
        "insert into idempotency_keys values (1, $1, 'open_case', $2, $1, '', $3, $4)", subject_id, oib, matter, now
    )
    await c.execute(
        """insert into deliveries (city_id, delivery_id, back_office, kind, noun, record_id, subject_id, order_key,
                                   behind, next_at, deadline_at, created_at)
           values (1, $1, 'urudzbeni', 'open_case', 'submission', $1, $2, $3, false, $4, $4, $4)""",
        matter, subject_id, f"line of {matter}", now,
    )  # fmt: skip
    await c.execute(
        "insert into delivery_values (city_id, delivery_id, content) values (1, $1, $2)",
        matter, seal(keys, matter, {"applicant": {"oib": oib}}),
    )  # fmt: skip
    await c.execute(
        """insert into delivery_receipts (city_id, delivery_id, step, receipts, source, at)
           values (1, $1, 'case', '{"number": "7"}', 'reply', $2)""",
        matter, now,
    )  # fmt: skip
    await c.execute(
        """insert into deliveries_journal (city_id, delivery_id, at, event, state, by)
           values (1, $1, $2, 'queued', 'waiting', 'worker')""",
        matter, now,
    )  # fmt: skip


async def _posted(c, oib: str, now) -> None:
    """A payment of her obligation that the office has taken."""
    posting = new_uuid()
    await c.execute(
        """insert into postings (city_id, posting_id, allocation_id, taken_back, payment_id, charge_id, obligation_id,
                                 currency, amount, method, paid_at, back_office, state, created_at, state_at)
           select 1, $1, $1, false, $1, $1, obligation_id, 'EUR', 100, 'card', $3, back_office, 'not_told', $3, $3
           from obligations where city_id = 1 and source_key = $2""",
        posting, f"o-{oib}", now,
    )  # fmt: skip
    await c.execute(
        """insert into paid_here (city_id, posting_id, obligation_id, currency, amount, back_office, telling,
                                  created_at, uncounted)
           select 1, posting_id, obligation_id, 'EUR', 100, back_office, 'nobody', $2, 100
           from postings where city_id = 1 and posting_id = $1""",
        posting, now,
    )  # fmt: skip


async def _by_card(c, keys, subject_id: UUID, oib: str, now) -> None:
    """A payment that she has tried at a card gateway, some of which was given back."""
    payment, charge, attempt, message = new_uuid(), new_uuid(), new_uuid(), new_uuid()
    await c.execute(
        """insert into payments (city_id, payment_id, subject_id, actor_id, currency, method, language, state,
                                 created_at, changed_at)
           values (1, $1, $2, $2, 'EUR', 'card', 'hr', 'open', $3, $3)""",
        payment, subject_id, now,
    )  # fmt: skip
    await c.execute(
        """insert into charges (city_id, charge_id, payment_id, payee, currency, amount, title, state, state_at)
           values (1, $1, $2, 'grad', 'EUR', 100, 'a fee', 'open', $3)""",
        charge, payment, now,
    )  # fmt: skip
    sealed = [
        keys.encrypt("gateway_attempts", name, str(attempt), f'{{"{name}": "{oib}"}}'.encode())
        for name in ("onward", "details")
    ]
    await c.execute(
        """insert into gateway_attempts (city_id, attempt_id, charge_id, payment_id, gateway, payee, number, minor,
                                         currency, state, onward, details, ask_at, created_at, expires_at, changed_at)
           values (1, $1, $2, $3, 'kartica', 'grad', $4, 100, 'EUR', 'open', $5, $6, $7, $7, $7, $7)""",
        attempt, charge, payment, str(10**9 + attempt.int % 10**9), *sealed, now,
    )  # fmt: skip
    await c.execute(
        """insert into gateway_journal (city_id, attempt_id, at, event, state, by)
           values (1, $1, $2, 'created', 'created', 'payer')""",
        attempt, now,
    )  # fmt: skip
    await c.execute(
        """insert into gateway_messages (city_id, message_id, gateway, kind, received_at, content, digest, verdict,
                                         attempt_id, judged_at)
           values (1, $1, 'kartica', 'return', $2, $3, '', 'asked', $4, $2)""",
        message, now, keys.encrypt("gateway_messages", "content", str(message), b"{}"), attempt,
    )  # fmt: skip
    await c.execute(
        """insert into gateway_refunds (city_id, refund_id, attempt_id, minor, already, state, created_at)
           values (1, $1, $2, 5, 0, 'waiting', $3)""",
        new_uuid(), attempt, now,
    )  # fmt: skip


async def _paid(c, subject_id: UUID, oib: str, now) -> None:
    """A payment that came, was given to something, and was given back and taken back in part."""
    payment, charge, entry, allocation = new_uuid(), new_uuid(), new_uuid(), new_uuid()
    await c.execute(
        """insert into payments (city_id, payment_id, subject_id, actor_id, currency, method, language, request_key,
                                 request_digest, state, created_at, changed_at)
           values (1, $1, $2, $2, 'EUR', 'card', 'hr', $3, '', 'paid', $4, $4)""",
        payment, subject_id, f"request of {oib}", now,
    )  # fmt: skip
    await c.execute(
        """insert into charges (city_id, charge_id, payment_id, payee, currency, amount, title, state, state_at)
           values (1, $1, $2, 'grad', 'EUR', 9, 'a fee', 'paid', $3)""",
        charge, payment, now,
    )  # fmt: skip
    await c.execute("insert into charge_items values (1, $1, 1, $1, null, null, null, 9)", charge)
    await c.execute(
        "insert into ledger_entries values (1, $1, $2, 'EUR', 'captured', 'capture', $1, $3)", entry, charge, now
    )
    await c.execute(
        """insert into ledger_lines (city_id, entry_id, account, charge_id, currency, amount)
           select 1, $1, account, $2, 'EUR', amount from (values
               ('captured', -9), ('allocated', 6), ('refunded', 2), ('charged_back', 1), ('gateway', 6), ('payer', -6)
           ) as line (account, amount)""",
        entry, charge,
    )  # fmt: skip
    await c.execute("insert into captures values (1, $1, $2, 'attempt', $1, 9, $3, $3)", entry, charge, now)
    await c.execute(
        "insert into allocations values (1, $1, $2, $1, null, 6, null, $3, 'stf_1')", allocation, charge, now
    )
    await c.execute(
        """insert into refunds (city_id, refund_id, charge_id, amount, way, state, state_at, reason, asked_by, asked_at)
           values (1, $1, $1, 2, 'gateway', 'done', $2, 'overpaid', 'stf_1', $2)""",
        charge, now,
    )  # fmt: skip
    await c.execute("insert into chargebacks values (1, $1, $1, 1, 0, 'taken', $2, null, 'attempt', $1)", charge, now)
    await c.execute(
        """insert into payment_events (city_id, event_id, payment_id, charge_id, noun, event, to_state, at, by)
           values (1, $1, $2, $3, 'charge', 'created', 'open', $4, 'payer')""",
        entry, payment, charge, now,
    )  # fmt: skip


async def rows_of(hub: Api, life: Life) -> dict[str, int]:
    """How many rows every table has of somebody, counted by what HOLDINGS says of whose they are."""
    from hub.personal_data import person

    async with hub.worker.database.town(CITY) as c:
        whose = await person.find(c, CITY, life.subject_id)
        return {
            one.table: await c.fetchval(
                f"select count(*) from {one.table} t where t.city_id = $1 and {one.whose}"
                " and $2::uuid[] is not null and $3::uuid[] is not null",
                CITY,
                [life.subject_id, life.merged],
                whose.identifiers,
            )
            for one in HOLDINGS
        }
