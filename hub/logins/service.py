"""The way of a login. One instance per process; nothing is kept in it.

    relay = await logins.begin(city_id, continue_to=…, browser=…)      the browser goes to /login?t=<relay>
    onward = await logins.start(town, relay, browser, "nias")         … and from there to the eID
    arrival = await logins.answered(town, "nias", …)                  whoever brings the answer gets this, once
    arrived = await logins.arrive(town, arrival, browser)             and must be the browser that began
    done = await logins.complete(town, arrived.transaction, …)        the session

Two secrets guard it. The cookie says which browser began: an answer brought by another one logs nobody in (login CSRF).
The arrival token is made at the answer and given to the browser that brought it: whoever began a login and sent
somebody else through the eID with it has the cookie and never sees that token, so he does not come in as her.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from hub.back_offices.model import Town
from hub.kernel.assurance import Assurance
from hub.kernel.clock import Clock
from hub.kernel.errors import LoginRefused, NotFound
from hub.kernel.ids import public_id
from hub.logins import judging, resolution, transactions
from hub.logins.continuing import own_path
from hub.logins.counting import count, network
from hub.logins.logouts import eid_of
from hub.logins.model import Arrived, LoginTransaction, Onward, Resolved
from hub.logins.once import once
from hub.ports.eid import Answer, Identity, Wanted
from hub.sessions.model import Session
from hub.sessions.service import SessionService
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

_MOST_BEGUN = 100
_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Completed:
    """`token` is the session's new cookie; `replaced` a session of somebody else in the same browser, still to end."""

    session: Session
    token: str
    replaced: Session | None


class LoginService:
    def __init__(self, database: Database, vault: Vault, sessions: SessionService, clock: Clock) -> None:
        self._database, self._vault, self._sessions, self._clock = database, vault, sessions, clock

    # ── Towards the eID ──

    async def begin(
        self,
        city_id: int,
        *,
        continue_to: str,
        assurance: Assurance,
        client_name: Mapping[str, str] | None,
        staff: bool,
        force: bool,
        language: str | None,
        browser: str,
        address: str | None = None,
    ) -> str:
        """Begin a login in the browser whose cookie is `browser`; returns the relay value of `/login?t=`.

        `continue_to` is a path with its query below the town's address (`/oauth2/authorize?…`, without the town's
        slug); `language` one tag or several, best first, as `ui_locales` has them. With the caller's `address` a
        hundred logins in ten minutes may be begun from there. Raises InvalidRequest and TooManyRequests.
        """
        path = own_path(continue_to)
        relay, now = transactions.token(), self._clock.now()
        async with self._database.identity(city_id) as connection:
            if address is not None:
                keys = await self._vault.keys(connection, city_id)
                await count(connection, keys, "begin", network(address), now, most=_MOST_BEGUN, window=_WINDOW)
            await transactions.insert(
                connection,
                city_id,
                relay=relay,
                browser=browser,
                continue_to=path,
                assurance=assurance,
                client_name=client_name,
                staff=staff,
                force=force,
                language=language[:200] if language and language.isprintable() else None,
                now=now,
            )
        return relay

    async def find(self, city_id: int, relay: str, browser: str | None = None) -> LoginTransaction:
        """A login under way; with `browser`, only for the one that began it.

        Raises LoginRefused: `expired`, `other_browser`.
        """
        async with self._database.identity(city_id) as connection:
            row = await transactions.by_relay(connection, city_id, relay, self._clock.now())
        if browser is not None:
            judging.same_browser(row["browser_hash"], browser)
        return transactions.opened(row)

    async def speak(self, city_id: int, transaction_id: UUID, language: str) -> None:
        """The person chose a language for the rest of this login."""
        async with self._database.identity(city_id) as connection:
            await connection.execute(
                "update login_transactions set language = $3 where city_id = $1 and transaction_id = $2",
                city_id,
                transaction_id,
                language,
            )

    async def start(self, town: Town, relay: str, browser: str, name: str, *, language: str, address: str) -> Onward:
        """Ask an eID. Raises LoginRefused, NotFound for an eID the town has not, RemoteError, TooManyRequests."""
        eid, now = eid_of(town, name), self._clock.now()
        transaction = await self.find(town.city.id, relay, browser)
        async with self._database.identity(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
            await count(connection, keys, "start", network(address), now, most=_MOST_BEGUN, window=_WINDOW)
        wanted = Wanted(
            relay=relay, assurance=transaction.assurance, language=language, now=now, force=transaction.force
        )
        sent = await eid.begin(wanted)
        async with self._database.identity(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
            await transactions.ask(connection, keys, transaction.transaction_id, name, sent.state)
        return Onward(sent.url, sent.form)

    # ── Back from it ──

    async def answered(
        self,
        town: Town,
        name: str,
        *,
        endpoint: str,
        method: str,
        url: str,
        query: Mapping[str, str],
        form: Mapping[str, str],
    ) -> str:
        """Judge what a browser brought from an eID; returns the arrival token for this browser.

        No cookie is looked at: a cross-site POST brings none. Raises LoginRefused and RemoteError.
        """
        eid, now, city_id = eid_of(town, name), self._clock.now(), town.city.id
        relay = judging.relay_in(query, form)
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            transaction = await transactions.take_state(connection, keys, relay, name, now)
        answer = Answer(endpoint, "POST" if method == "POST" else "GET", url, query, form)
        judged = await eid.finish(answer, transaction.state or {}, now)
        # The block's name is ours; what the engine calls itself is the same for two blocks of one provider.
        identity = replace(judged, provider=name)
        judging.enough(identity, transaction)
        arrival = transactions.token()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            for id_, until in identity.once:
                if not await once(connection, city_id, f"eid:{name}", id_, until):
                    raise LoginRefused("a message of this answer was accepted before", reason="replayed")
            await transactions.keep_identity(connection, keys, transaction.transaction_id, identity, arrival)
            await judging.note_unknown(connection, town, identity, now)
        return arrival

    async def arrive(self, town: Town, arrival: str, browser: str | None) -> Arrived:
        """The browser that began is back. Raises LoginRefused: `expired`, `other_browser`, `conflict`, `not_staff`."""
        now, city_id = self._clock.now(), town.city.id
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            row = await transactions.take_identity(connection, keys, arrival, now)
        # The identity is gone from the row by now, whoever asked: it is not given to a second one.
        judging.same_browser(row["browser_hash"], browser or "")
        identity, transaction = transactions.identity_in(keys, row), transactions.opened(row)
        staff_id = None
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            if transaction.staff:
                staff_id, login_id = await resolution.resolve_staff(connection, keys, identity, now)
                resolved = Resolved(None, login_id, created=False)
            else:
                resolved = await self.resolve(connection, keys, town, identity, now)
        if resolved.login_id is None:
            raise LoginRefused(resolved.conflict or "nobody can be named", reason="conflict")
        if transaction.staff and staff_id is None:
            login = public_id("lgn", resolved.login_id)
            raise LoginRefused(f"the login {login} is not linked to any staff", reason="not_staff")
        return Arrived(
            transaction=transaction,
            subject_id=resolved.subject_id,
            staff_id=staff_id,
            login_id=resolved.login_id,
            provider=identity.provider,
            assurance=identity.assurance,
            methods=identity.methods,
            authenticated_at=identity.authenticated_at,
            logout=identity.logout,
            represents=identity.represents,
        )

    async def resolve(
        self, connection: Connection, keys: TownKeys, town: Town, identity: Identity, now: datetime
    ) -> Resolved:
        """Who this is; see hub.logins.resolution. A conflict is logged, since a clerk must decide it."""
        resolved = await resolution.resolve(connection, keys, identity, now)
        if resolved.conflict is not None:
            log.warning("login_conflict", city=town.city.slug, eid=identity.provider, because=resolved.conflict)
        return resolved

    async def complete(
        self,
        town: Town,
        transaction: LoginTransaction,
        *,
        cookie_token: str | None,
        subject_id: UUID | None,
        staff_id: UUID | None,
        login_id: UUID | None,
        provider: str,
        assurance: Assurance,
        methods: tuple[str, ...],
        authenticated_at: datetime,
        logout: Mapping[str, str],
    ) -> Completed:
        """End the login in a session; `cookie_token` is of the browser's session until now, if it has one.

        Where that is the same person's it goes on with what this login proved, with a new token. Raises LoginRefused:
        `expired` where the login was finished before, `too_little_assurance`, `failed` for staff in a citizen's login
        or the other way round.
        """
        if not assurance.satisfies(transaction.assurance):
            raise LoginRefused(f"{assurance} where {transaction.assurance} is needed", reason="too_little_assurance")
        if transaction.staff is not (staff_id is not None) or (subject_id is None) is (staff_id is None):
            raise LoginRefused("this login is for others", reason="failed")
        city_id = town.city.id
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            await transactions.finish(connection, city_id, transaction.transaction_id, self._clock.now())
            if subject_id is not None:
                subject_id = await resolution.standing(connection, city_id, subject_id)
            present = await self._sessions.find_in(connection, city_id, cookie_token) if cookie_token else None
            if present is not None and await self._is(connection, present, subject_id, staff_id):
                token = await self._sessions.step_up(
                    connection,
                    present.session_id,
                    assurance=assurance,
                    methods=methods,
                    authenticated_at=authenticated_at,
                    keys=keys,
                    provider=provider,
                    login_id=login_id,
                    logout=logout,
                )
                renewed = replace(
                    present,
                    login_id=login_id or present.login_id,
                    provider=provider,
                    assurance=assurance,
                    methods=methods,
                    authenticated_at=authenticated_at,
                )
                return Completed(renewed, token, None)
            session, token = await self._sessions.open(
                connection,
                keys,
                subject_id=subject_id,
                staff_id=staff_id,
                login_id=login_id,
                provider=provider,
                assurance=assurance,
                methods=methods,
                authenticated_at=authenticated_at,
                logout=logout,
            )
        return Completed(session, token, present)

    async def metadata(self, town: Town, name: str) -> tuple[str, bytes]:
        """What the eID's operator reads about us, with its media type. Raises NotFound."""
        found = await eid_of(town, name).metadata(self._clock.now())
        if found is None:
            raise NotFound("This eID has no metadata of ours.")
        return found

    # ── Within ──

    @staticmethod
    async def _is(connection: Connection, session: Session, subject_id: UUID | None, staff_id: UUID | None) -> bool:
        if session.subject_id is None or subject_id is None:
            return session.staff_id is not None and session.staff_id == staff_id
        return await resolution.standing(connection, session.city_id, session.subject_id) == subject_id
