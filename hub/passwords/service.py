"""What can be done with passwords: hand one out, log in by it, change it, set it anew after a login by an eID.

    login = await passwords.check(city, username, password, address, browser)      raises LoginRefused, TooManyRequests
    issued = await passwords.issue_first_password(connection, keys, subject_id=…, by="stf_…")    the counter
    await passwords.change(city, account_id, password)                             within a login
    await passwords.set_by_eid(city, session, password)

A name that nobody has is answered with the same words after the same work as a wrong password.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.cities.model import City
from hub.kernel.assurance import Assurance
from hub.kernel.clock import Clock
from hub.kernel.errors import Forbidden, InvalidRequest, LoginRefused, NotFound
from hub.kernel.ids import new_uuid
from hub.passwords import letters, queries, rules, throttle
from hub.passwords.hashing import Hasher
from hub.passwords.model import (
    FIRST_PASSWORD_VALID,
    STEP_VALID,
    Account,
    Factor,
    FirstPassword,
    Issued,
    PasswordLogin,
    Step,
)
from hub.sessions.model import PASSWORD, Session
from hub.staff import service as staff
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

FRESH = timedelta(minutes=10)
"""How long after a login by an eID it may set a password."""

_USERNAME, _FIRST_PASSWORD = 8, 16
_LONGEST_USERNAME = 64


class PasswordService:
    """One per process: its hasher is the process's cap on argon2. `close` it."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, hasher: Hasher | None = None) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self.hasher = hasher or Hasher()

    def close(self) -> None:
        self.hasher.close()

    # ── The counter ──────────────────────────────────────────────────────────────────────────────

    async def first_password(self) -> FirstPassword:
        """16 signs of an alphabet of 31 (79 bits), in fours, and their hash. Raises NotReady."""
        drawn = letters.draw(_FIRST_PASSWORD)
        return FirstPassword(letters.grouped(drawn), await self.hasher.hash(drawn))

    async def issue_first_password(
        self,
        connection: Connection,
        keys: TownKeys,
        *,
        subject_id: UUID | None = None,
        staff_id: UUID | None = None,
        by: str,
        document: tuple[str, str] | None = None,
        first: FirstPassword | None = None,
    ) -> Issued:
        """A user name and a password valid 14 days, or a new password for the account there is.

        `by`: the clerk (`stf_…`) or the command. `document`: kind and number of what the clerk saw. `first` is drawn
        here where absent, which holds the transaction for as long as a hash takes. Known browsers and logins under way
        are forgotten; ending sessions is the caller's.
        """
        if (subject_id is None) == (staff_id is None):
            raise ValueError("a password is either a subject's or a member of staff's")
        city_id, now = keys.city_id, self._clock.now()
        first = first or await self.first_password()
        expires_at = now + FIRST_PASSWORD_VALID
        row = await queries.by_owner(connection, city_id, subject_id, staff_id)
        if row is None:
            account_id = new_uuid()
            username = await self._insert(connection, keys, account_id, (subject_id, staff_id), first, now)
        else:
            account_id, username = row["account_id"], row["username"]
            sealed = _seal(keys, account_id, first.hash)
            await connection.execute(queries.REISSUE, city_id, account_id, sealed, expires_at, now)
            await queries.forget_browsers(connection, city_id, account_id)
            await queries.forget_steps(connection, city_id, account_id)
        issue_id = new_uuid()
        kind, number = document or (None, None)
        await connection.execute(
            queries.INSERT_ISSUE,
            city_id,
            issue_id,
            account_id,
            "registered" if row is None else "recovered",
            by,
            kind,
            keys.encrypt("password_issues", "number", str(issue_id), number.encode()) if number else None,
            now,
        )
        return Issued(account_id, letters.grouped(username), first.text, expires_at)

    async def _insert(
        self,
        connection: Connection,
        keys: TownKeys,
        account_id: UUID,
        owner: tuple[UUID | None, UUID | None],
        first: FirstPassword,
        now: datetime,
    ) -> str:
        sealed = _seal(keys, account_id, first.hash)
        while True:
            username = letters.draw(_USERNAME)
            made = await connection.execute(
                queries.INSERT_ACCOUNT,
                keys.city_id,
                account_id,
                *owner,
                username,
                sealed,
                now + FIRST_PASSWORD_VALID,
                now,
            )
            if made != "INSERT 0 0":
                return username
            # Either the name is taken, or another process was first to give this person an account.
            if await queries.by_owner(connection, keys.city_id, *owner) is not None:
                raise InvalidRequest("This person was given a password a moment ago.")

    # ── Logging in ───────────────────────────────────────────────────────────────────────────────

    async def check(
        self,
        city: City,
        username: str,
        password: str,
        address: str,
        browser: str | None = None,
        *,
        staff_login: bool | None = None,
    ) -> PasswordLogin:
        """Whose user name and password these are.

        `address`: of the caller's network; `browser`: the cookie of a browser that is perhaps known; `staff_login`:
        whether the login is for the town's staff, or for citizens; nobody else comes in by it. Raises
        LoginRefused: `failed` for a wrong name or password alike, `expired` and `replayed` for the right password from
        the paper that is too old or was used in another browser; Forbidden where name and password are right and the
        login is for others; TooManyRequests; NotReady.
        """
        name = letters.canonical(username)[:_LONGEST_USERNAME]
        mark = _hash(browser) if browser else None
        async with self._database.identity(city.id) as connection:
            now = self._clock.now()
            keys = await self._vault.keys(connection, city.id)
            row = await queries.by_username(connection, city.id, name)
            known = (
                row is not None
                and mark is not None
                and await queries.is_known_browser(connection, city.id, mark, row["account_id"])
            )
            buckets = (
                throttle.of_known_browser(keys, mark or b"", row["account_id"])
                if known
                else throttle.of_guess(keys, name, address)
            )
            await throttle.count(connection, city.id, buckets, now)
        text = _typed(password, first=row is not None and row["first"])
        stored = _open(keys, row["account_id"], row["hash"]) if row is not None else None
        if not await self.hasher.verify(stored, text) or row is None:
            raise LoginRefused("The user name or the password is wrong.", reason="failed")
        # Before the password from the paper belongs to this browser, which is not told of it.
        if staff_login is not None and (row["staff_id"] is not None) is not staff_login:
            raise Forbidden("This login is for others.")
        if row["first"] and now >= row["expires_at"]:
            raise LoginRefused("The first password was not used in its 14 days.", reason="expired")
        renewed = await self.hasher.hash(text) if self.hasher.outdated(stored or "") else None
        kept = browser if known and browser else secrets.token_urlsafe(32)
        async with self._database.identity(city.id) as connection:
            keys = await self._vault.keys(connection, city.id)
            if row["staff_id"] is not None and not await staff.grants_of(connection, row["staff_id"]):
                raise LoginRefused("This member of staff has no role any more.", reason="failed")
            same = await queries.by_id(connection, city.id, row["account_id"])
            if same is None or any(same[one] != row[one] for one in ("issued_at", "changed_at")):
                raise LoginRefused("The password was replaced while it was compared.", reason="failed")
            await throttle.forgive(connection, city.id, buckets, now)
            await self._remember(connection, city.id, row, kept, now)
            if renewed:
                sealed = _seal(keys, row["account_id"], renewed)
                await connection.execute(queries.RESEAL, city.id, row["account_id"], sealed, row["hash"])
            factors = await queries.factors(connection, city.id, row["account_id"])
        return PasswordLogin(
            login_id=row["account_id"],
            subject_id=row["subject_id"],
            staff_id=row["staff_id"],
            must_change=row["first"],
            factors=tuple(dict.fromkeys(Factor(factor["kind"]) for factor in factors)),
            browser=kept,
        )

    async def _remember(self, connection: Connection, city_id: int, row: Any, browser: str, now: datetime) -> None:
        account_id, mark = row["account_id"], _hash(browser)
        if row["first"]:
            used = await connection.execute(queries.USE_FIRST, city_id, account_id, mark)
            if used == "UPDATE 0":
                raise LoginRefused("The first password was used already, in another browser.", reason="replayed")
        await connection.execute(queries.REMEMBER_BROWSER, city_id, mark, account_id, now)

    # ── Between the password and the end of a login ──────────────────────────────────────────────

    async def open_step(self, city_id: int, transaction_id: UUID, login: PasswordLogin) -> None:
        """Keep that the password of this login was right, for ten minutes."""
        now = self._clock.now()
        async with self._database.identity(city_id) as connection:
            await connection.execute(
                queries.OPEN_STEP, city_id, transaction_id, login.login_id, login.must_change, now, now + STEP_VALID
            )

    async def step(self, city_id: int, transaction_id: UUID) -> Step | None:
        """How far this login has come; None where no password was given, or too long ago."""
        async with self._database.identity(city_id) as connection:
            found = await connection.fetchrow(queries.FIND_STEP, city_id, transaction_id, self._clock.now())
            if found is None:
                return None
            row = await queries.by_id(connection, city_id, found["account_id"])
        assurance = Assurance(found["assurance"]) if found["assurance"] else Assurance.LOW
        return Step(_account(row), found["first"], found["factor"], assurance)

    async def factor_shown(
        self, city_id: int, transaction_id: UUID, account_id: UUID, method: str, assurance: Assurance
    ) -> None:
        """A second factor of this account followed; `method` is its `amr`, `assurance` what it was bound with.

        Raises LoginRefused (`expired`) where the login no longer goes on with this account.
        """
        async with self._database.identity(city_id) as connection:
            done = await connection.execute(queries.SHOW_FACTOR, city_id, transaction_id, account_id, method, assurance)
        if done == "UPDATE 0":
            raise LoginRefused("this login goes on with another account, or not at all", reason="expired")

    async def end_step(self, city_id: int, transaction_id: UUID) -> None:
        async with self._database.identity(city_id) as connection:
            await queries.end_step(connection, city_id, transaction_id)

    # ── Changing ─────────────────────────────────────────────────────────────────────────────────

    async def account_of(
        self, city_id: int, *, subject_id: UUID | None = None, staff_id: UUID | None = None
    ) -> Account | None:
        """The account with a password of somebody logged in, however she did."""
        async with self._database.identity(city_id) as connection:
            row = await queries.by_owner(connection, city_id, subject_id, staff_id)
        return _account(row) if row is not None else None

    @staticmethod
    def least(city: City, *, staff: bool) -> int:
        """Signs of a new password (hub.passwords.rules)."""
        always = staff or (city.passwords is not None and city.passwords.second_factor == "required")
        return rules.LEAST_WITH_SECOND_FACTOR if always else rules.LEAST_ALONE

    async def change(
        self,
        city: City,
        account_id: UUID,
        password: str,
        *,
        browser: str | None = None,
        transaction_id: UUID | None = None,
    ) -> None:
        """Set a new password; `browser` stays known and the login `transaction_id` goes on, all others are forgotten.
        Ending sessions is the caller's.

        Raises InvalidRequest with `field` `too_short`, `too_long`, `unreadable`, `too_common` or `unchanged`.
        """
        async with self._database.identity(city.id) as connection:
            keys = await self._vault.keys(connection, city.id)
            row = await queries.by_id(connection, city.id, account_id)
        if row is None:
            raise NotFound("There is no such account.")
        account = _account(row)
        names = [account.username, account.person or "", city.slug, *city.name.values()]
        text = rules.check(password, least=self.least(city, staff=account.staff_id is not None), known=names)
        old = _open(keys, account_id, row["hash"])
        if await self.hasher.verify(old, _typed(password, first=row["first"])):
            raise InvalidRequest("This is the password that is to be replaced.", field="unchanged")
        hashed = await self.hasher.hash(text)
        now = self._clock.now()
        async with self._database.identity(city.id) as connection:
            keys = await self._vault.keys(connection, city.id)
            sealed = _seal(keys, account_id, hashed)
            await connection.execute(queries.CHANGE, city.id, account_id, sealed, now)
            await queries.forget_browsers(connection, city.id, account_id)
            await queries.forget_steps(connection, city.id, account_id, but=transaction_id)
            if browser:
                await connection.execute(queries.REMEMBER_BROWSER, city.id, _hash(browser), account_id, now)

    async def confirm(self, city: City, account_id: UUID, password: str) -> None:
        """The password in use, asked again before it is replaced. Raises LoginRefused(`failed`), TooManyRequests."""
        async with self._database.identity(city.id) as connection:
            now = self._clock.now()
            keys = await self._vault.keys(connection, city.id)
            row = await queries.by_id(connection, city.id, account_id)
            buckets = throttle.of_factor(keys, account_id)
            await throttle.count(connection, city.id, buckets, now)
        stored = _open(keys, account_id, row["hash"]) if row is not None else None
        if not await self.hasher.verify(stored, _typed(password, first=row is not None and row["first"])):
            raise LoginRefused("The password is wrong.", reason="failed")
        async with self._database.identity(city.id) as connection:
            await throttle.forgive(connection, city.id, buckets, now)

    async def set_by_eid(self, city: City, session: Session, password: str, *, browser: str | None = None) -> Account:
        """Recovery without the counter: somebody an eID resolved to the owner of the account sets a new password.

        Raises Forbidden for a session by password or an eID login older than ten minutes, NotFound where the town has
        given her none, and as `change`.
        """
        if session.provider == PASSWORD or self._clock.now() - session.authenticated_at > FRESH:
            raise Forbidden("Log in by an eID first.")
        account = await self.account_of(city.id, subject_id=session.subject_id, staff_id=session.staff_id)
        if account is None:
            raise NotFound("The town has given this person no password.")
        await self.change(city, account.account_id, password, browser=browser)
        return account


def _account(row: Any) -> Account:
    return Account(
        account_id=row["account_id"],
        subject_id=row["subject_id"],
        staff_id=row["staff_id"],
        username=letters.grouped(row["username"]),
        must_change=row["first"],
        person=row["person"],
    )


def _typed(password: str, *, first: bool) -> str:
    """What was hashed, from what is typed. A password no rule would have let in is compared all the same."""
    if first:
        return letters.canonical(password)
    try:
        return rules.normalise(password)
    except InvalidRequest:
        return ""


def _seal(keys: TownKeys, account_id: UUID, hashed: str) -> bytes:
    return keys.encrypt("password_accounts", "hash", str(account_id), hashed.encode("ascii"))


def _open(keys: TownKeys, account_id: UUID, sealed: bytes) -> str:
    return keys.decrypt("password_accounts", "hash", str(account_id), sealed).decode("ascii")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
