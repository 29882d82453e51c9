"""What every handler needs to know of a request: which town, who asks, in which language, from which page on.

Here, and for back offices in portal_api.push.door, is decided who may: `AsCitizen`, `AsStaff` and `AsBackOffice` look
the operation up in hub.authorisation by the route that was asked. A handler repeats neither scope nor role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from hub.access_log import service as access_log
from hub.access_log.model import Actor, ActorKind
from hub.authorisation import HEADER, OPERATIONS, Role, Rule
from hub.back_offices.model import Town
from hub.hub import Hub
from hub.kernel.errors import Forbidden, NotFound, NotReady, NotSureEnough, Unauthenticated
from hub.kernel.ids import parse_public_id, public_id
from hub.mandates import service as mandates
from hub.staff import service as staff
from hub.staff.model import Grant
from hub.tokens.service import AccessToken
from portal_api.envelope import BY_HOST
from portal_api.render import Reader


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen's request.

    `subject_id` is who it is about, `actor_id` the person who asks: another one where she acts by a mandate.
    `reader` says in which language it is answered.
    """

    hub: Hub
    town: Town
    subject_id: UUID
    actor_id: UUID
    token: AccessToken
    reader: Reader


@dataclass(frozen=True, slots=True)
class Staff:
    """A request of somebody who works for the town. `staff_id` is None for a development token.

    `grants` are the roles that let this request in. Where the operation is open to roles at one payee or department
    (`partly`), its handler asks `sees` of what it shows.
    """

    hub: Hub
    town: Town
    staff_id: UUID | None
    grants: tuple[Grant, ...]
    token: AccessToken
    reader: Reader

    @property
    def name(self) -> str:
        """As it is kept with what they do: `stf_…`."""
        return public_id("stf", self.staff_id) if self.staff_id else "development"

    @property
    def everywhere(self) -> bool:
        return any(grant.whole_town for grant in self.grants)

    def sees(self, back_office: str) -> bool:
        """Whether what came from this back office is theirs to look after."""
        office = self.town.back_offices.get(back_office)
        payee, department = (office.configuration.payee, office.configuration.department) if office else (None, None)
        return any(grant.covers(payee, department) for grant in self.grants)


# Dependencies are asynchronous though they wait for nothing: FastAPI runs plain functions in another thread, and each
# such detour costs about as much as rendering an account.


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


TownSlug = Annotated[str, Path(description="the town's slug", examples=["pregrada"])]


async def town_of(request: Request, city: TownSlug) -> Town:
    """The town in the path. Raises NotFound, and NotReady for one whose configuration is broken."""
    hub = hub_of(request)
    town = hub.towns.by_slug.get(city)
    if town is None:
        if city in hub.towns.broken:
            raise NotReady("This town's configuration is being corrected. Its operator can see why.")
        raise NotFound(f"There is no town {city[:60]!r} here.")
    if town.city.live and town.city.hosts and request.scope.get(BY_HOST) != city:
        raise NotFound(f"This town answers at {town.city.hosts[0]}.")
    hub.courtesy.came(town.city.id)
    return town


AtTown = Annotated[Town, Depends(town_of)]


def rule_of(request: Request) -> Rule:
    """The rule of the operation that was asked. Without one nobody gets in: the mistake is ours (500)."""
    operation = request.scope["route"].name
    if operation not in OPERATIONS:
        raise LookupError(f"The operation {operation!r} has no row in hub.authorisation.OPERATIONS.")
    return OPERATIONS[operation]


def given(request: Request, wanted: str = "Send an access token: `Authorization: Bearer …`.") -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(wanted)
    return token.strip()


async def allowed(request: Request, town: Town, rule: Rule) -> AccessToken:
    """The token, with the scope and the assurance the rule asks for."""
    token = await hub_of(request).tokens.check(given(request), town.city)
    if rule.scope not in token.scopes:
        raise Forbidden(f"The access token lacks the scope {rule.scope!r}.")
    if rule.assurance is not None and not token.assurance.satisfies(rule.assurance):
        detail = f"This needs a login of assurance {rule.assurance}; this one is {token.assurance}."
        raise NotSureEnough(detail, acr=rule.assurance.acr)
    return token


# They ask for the slug and not for the town: one dependency is solved per request instead of two.


async def _citizen(request: Request, city: TownSlug) -> Citizen:
    town = await town_of(request, city)
    rule = rule_of(request)
    token = await allowed(request, town, rule)
    if token.subject_id is None:
        raise Forbidden("The access token speaks for no citizen.")
    subject_id = token.subject_id
    if (wanted := request.headers.get(HEADER)) is not None:
        subject_id = await _represented(request, town, rule, token.subject_id, wanted)
    reader = Reader(town.city, request.headers.get("accept-language"))
    return Citizen(hub_of(request), town, subject_id, token.subject_id, token, reader)


async def _represented(request: Request, town: Town, rule: Rule, actor_id: UUID, wanted: str) -> UUID:
    """Whom the request is for. The refusal is the same whether or not there is such a subject."""
    if not rule.acting_for:
        raise Forbidden("This can only be done for oneself.")
    refusal = NotFound(f"There is nobody by this id for whom you may act ({HEADER}).")
    try:
        subject_id = parse_public_id("sub", wanted.strip())
    except NotFound:
        raise refusal from None
    if subject_id == actor_id:
        return actor_id
    hub = hub_of(request)
    async with hub.database.citizen(town.city.id, actor_id) as connection:
        now = hub.clock.now()
        mandate = await mandates.in_force(connection, actor_id, subject_id, now)
        if mandate is None:
            raise refusal
        # Said before it is read: a read that fails was tried.
        await access_log.record(
            connection,
            actor=Actor(ActorKind.SUBJECT, actor_id),
            subject_id=subject_id,
            what=request.scope["route"].name,
            why=f"{mandate.kind}, {public_id('man', mandate.mandate_id)}",
            at=now,
        )
    return subject_id


EVERYTHING = (Grant(Role.ADMINISTRATOR),)
"""What a development token stands for."""


async def _staff(request: Request, city: TownSlug) -> Staff:
    town = await town_of(request, city)
    rule = rule_of(request)
    token = await allowed(request, town, rule)
    hub = hub_of(request)
    grants: tuple[Grant, ...] = ()
    if token.staff_id is not None:
        # Asked at every request, which staff make few of: a role taken back opens nothing from that moment on.
        async with hub.database.identity(town.city.id) as connection:
            grants = await staff.grants_of(connection, token.staff_id)
    elif token.development and token.subject_id is None:
        grants = EVERYTHING
    held = tuple(one for one in grants if one.role in rule.roles and (rule.partly or one.whole_town))
    if not held:
        where = "" if rule.partly else " of the whole town"
        raise Forbidden(f"That needs the role {' or '.join(sorted(rule.roles))}{where}.")
    reader = Reader(town.city, request.headers.get("accept-language"))
    return Staff(hub, town, token.staff_id, held, token, reader)


AsCitizen = Annotated[Citizen, Depends(_citizen)]
AsStaff = Annotated[Staff, Depends(_staff)]
