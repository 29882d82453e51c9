"""SQL of passwords. Every function runs within the caller's transaction, through the identity door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.storage.database import Connection

_ACCOUNT = """
    select a.account_id, a.subject_id, a.staff_id, a.username, a.hash, a.first, a.expires_at, a.first_used_by,
           a.issued_at, a.changed_at, s.name as person
    from password_accounts a left join subjects s on s.city_id = a.city_id and s.subject_id = a.subject_id"""

# Also the account that was issued to somebody who was merged into the subject.
BY_OWNER = f"""{_ACCOUNT}
    where a.city_id = $1 and (a.staff_id = $3 or coalesce(s.merged_into, s.subject_id) = (
        select coalesce(merged_into, subject_id) from subjects where city_id = $1 and subject_id = $2))
    order by a.issued_at desc limit 1"""  # noqa: S608 - the text is ours

INSERT_ACCOUNT = """
    insert into password_accounts
        (city_id, account_id, subject_id, staff_id, username, hash, first, expires_at, issued_at)
    values ($1, $2, $3, $4, $5, $6, true, $7, $8) on conflict do nothing"""

REISSUE = """
    update password_accounts
    set hash = $3, first = true, expires_at = $4, first_used_by = null, issued_at = $5
    where city_id = $1 and account_id = $2"""

CHANGE = """
    update password_accounts
    set hash = $3, first = false, expires_at = null, first_used_by = null, changed_at = $4
    where city_id = $1 and account_id = $2"""

RESEAL = "update password_accounts set hash = $3 where city_id = $1 and account_id = $2 and hash = $4"

# The first password belongs to the browser that used it first.
USE_FIRST = """
    update password_accounts set first_used_by = $3
    where city_id = $1 and account_id = $2 and first and (first_used_by is null or first_used_by = $3)"""

INSERT_ISSUE = """
    insert into password_issues (city_id, issue_id, account_id, reason, issued_by, document, number, issued_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)"""

REMEMBER_BROWSER = """
    insert into known_browsers (city_id, browser, account_id, used_at) values ($1, $2, $3, $4)
    on conflict (city_id, browser, account_id) do update set used_at = excluded.used_at"""

OPEN_STEP = """
    insert into password_steps (city_id, transaction_id, account_id, first, passed_at, expires_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (city_id, transaction_id) do update
    set account_id = excluded.account_id, first = excluded.first, factor = null, assurance = null,
        passed_at = excluded.passed_at, expires_at = excluded.expires_at"""

FIND_STEP = """
    select account_id, first, factor, assurance from password_steps
    where city_id = $1 and transaction_id = $2 and expires_at > $3"""

# Of the account whose factor it is: the same login may have gone on with another name meanwhile.
SHOW_FACTOR = """
    update password_steps set factor = $4, assurance = $5
    where city_id = $1 and transaction_id = $2 and account_id = $3"""

INSERT_TOTP = """
    insert into second_factors (city_id, factor_id, account_id, kind, name, assurance, secret, created_at)
    values ($1, $2, $3, 'totp', $4, $5, $6, $7)"""

INSERT_PASSKEY = """
    insert into second_factors (city_id, factor_id, account_id, kind, name, assurance, credential_id, public_key,
                                sign_count, created_at, confirmed_at)
    values ($1, $2, $3, 'passkey', $4, $5, $6, $7, $8, $9, $9) on conflict (city_id, credential_id) do nothing"""

FACTORS = """
    select factor_id, kind, name, assurance, secret, last_step, credential_id, public_key, sign_count, created_at,
           used_at
    from second_factors
    where city_id = $1 and account_id = $2 and (confirmed_at is not null) = $3 order by created_at, factor_id"""

# Each time step once: of two that show the same code at the same time one changes the row.
USE_TOTP = """
    update second_factors set last_step = $3, used_at = $4, confirmed_at = coalesce(confirmed_at, $4)
    where city_id = $1 and factor_id = $2 and (last_step is null or last_step < $3)"""

USE_PASSKEY = """
    update second_factors set sign_count = $3, used_at = $4
    where city_id = $1 and factor_id = $2 and (sign_count < $3 or (sign_count = 0 and $3 = 0))"""

INSERT_CHALLENGE = """
    insert into passkey_challenges (city_id, challenge, account_id, purpose, expires_at) values ($1, $2, $3, $4, $5)"""

TAKE_CHALLENGE = """
    delete from passkey_challenges
    where city_id = $1 and challenge = $2 and account_id = $3 and purpose = $4 returning expires_at"""

INSERT_CODE = """
    insert into recovery_codes (city_id, code_id, account_id, hash, assurance, created_at)
    values ($1, $2, $3, $4, $5, $6)"""

# A bucket nobody has counted in yet is made, so that the first two guesses at once wait for each other too.
_LOCK_THROTTLES = """
    with made as (
        insert into password_throttles (city_id, bucket, level, counted_at)
        select $1, bucket, 0, $3 from unnest($2::bytea[]) as b(bucket) order by bucket
        on conflict do nothing)
    select 1"""


@dataclass(frozen=True, slots=True)
class Throttle:
    """A row of password_throttles."""

    level: float
    counted_at: datetime
    blocked_until: datetime | None


async def lock_throttles(
    connection: Connection, city_id: int, buckets: Sequence[bytes], now: datetime
) -> dict[bytes, Throttle]:
    """The rows of `buckets` (made where absent), locked until the transaction ends."""
    await connection.execute(_LOCK_THROTTLES, city_id, list(buckets), now)
    rows = await connection.fetch(
        """select bucket, level, counted_at, blocked_until from password_throttles
           where city_id = $1 and bucket = any($2) order by bucket for update""",
        city_id,
        list(buckets),
    )
    return {row["bucket"]: Throttle(row["level"], row["counted_at"], row["blocked_until"]) for row in rows}


async def set_throttle(
    connection: Connection, city_id: int, bucket: bytes, level: float, now: datetime, until: datetime | None
) -> None:
    await connection.execute(
        """update password_throttles set level = $3, counted_at = $4, blocked_until = $5
           where city_id = $1 and bucket = $2""",
        city_id,
        bucket,
        level,
        now,
        until,
    )


async def by_username(connection: Connection, city_id: int, username: str) -> Any:
    return await connection.fetchrow(f"{_ACCOUNT} where a.city_id = $1 and a.username = $2", city_id, username)


async def by_id(connection: Connection, city_id: int, account_id: UUID) -> Any:
    return await connection.fetchrow(f"{_ACCOUNT} where a.city_id = $1 and a.account_id = $2", city_id, account_id)


async def by_owner(connection: Connection, city_id: int, subject_id: UUID | None, staff_id: UUID | None) -> Any:
    """The account of a subject or of a member of staff."""
    return await connection.fetchrow(
        BY_OWNER,
        city_id,
        subject_id,
        staff_id,
    )


async def standing_subject(connection: Connection, city_id: int, subject_id: UUID) -> Any:
    """Who stands for a subject: subject_id, kind, name; None where there is no such subject."""
    return await connection.fetchrow(
        """select t.subject_id, t.kind, t.name from subjects s
           join subjects t on t.city_id = s.city_id and t.subject_id = coalesce(s.merged_into, s.subject_id)
           where s.city_id = $1 and s.subject_id = $2""",
        city_id,
        subject_id,
    )


async def is_known_browser(connection: Connection, city_id: int, browser: bytes, account_id: UUID) -> bool:
    found = await connection.fetchval(
        "select true from known_browsers where city_id = $1 and browser = $2 and account_id = $3",
        city_id,
        browser,
        account_id,
    )
    return bool(found)


async def forget_browsers(connection: Connection, city_id: int, account_id: UUID) -> None:
    await connection.execute("delete from known_browsers where city_id = $1 and account_id = $2", city_id, account_id)


async def forget_steps(connection: Connection, city_id: int, account_id: UUID, *, but: UUID | None = None) -> None:
    """Logins under way with the account's password; `but` is the transaction of one that goes on."""
    await connection.execute(
        "delete from password_steps where city_id = $1 and account_id = $2 and transaction_id is distinct from $3",
        city_id,
        account_id,
        but,
    )


async def remove_factors(connection: Connection, city_id: int, account_id: UUID) -> None:
    """Second factors and recovery codes, all of them."""
    for table in ("second_factors", "recovery_codes"):
        await connection.execute(
            f"delete from {table} where city_id = $1 and account_id = $2",  # noqa: S608 - names are ours
            city_id,
            account_id,
        )


async def lock_account(connection: Connection, city_id: int, account_id: UUID) -> None:
    """Until the transaction ends."""
    await connection.fetch(
        "select from password_accounts where city_id = $1 and account_id = $2 for update", city_id, account_id
    )


async def remove_factor(connection: Connection, city_id: int, account_id: UUID, factor_id: UUID) -> bool:
    done = await connection.execute(
        "delete from second_factors where city_id = $1 and account_id = $2 and factor_id = $3",
        city_id,
        account_id,
        factor_id,
    )
    return done != "DELETE 0"


async def factors(connection: Connection, city_id: int, account_id: UUID, *, confirmed: bool = True) -> list[Any]:
    return list(await connection.fetch(FACTORS, city_id, account_id, confirmed))


async def remove_unconfirmed(connection: Connection, city_id: int, account_id: UUID) -> None:
    await connection.execute(
        "delete from second_factors where city_id = $1 and account_id = $2 and confirmed_at is null",
        city_id,
        account_id,
    )


async def codes(connection: Connection, city_id: int, account_id: UUID) -> list[Any]:
    """Recovery codes nobody has used, locked."""
    return list(
        await connection.fetch(
            """select code_id, hash, assurance from recovery_codes
               where city_id = $1 and account_id = $2 order by code_id for update""",
            city_id,
            account_id,
        )
    )


async def remove_code(connection: Connection, city_id: int, code_id: UUID) -> None:
    await connection.execute("delete from recovery_codes where city_id = $1 and code_id = $2", city_id, code_id)


async def remove_codes(connection: Connection, city_id: int, account_id: UUID) -> None:
    await connection.execute("delete from recovery_codes where city_id = $1 and account_id = $2", city_id, account_id)


async def end_step(connection: Connection, city_id: int, transaction_id: UUID) -> None:
    await connection.execute(
        "delete from password_steps where city_id = $1 and transaction_id = $2", city_id, transaction_id
    )
