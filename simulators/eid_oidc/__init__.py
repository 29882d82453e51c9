"""Stand-ins for eIDs that speak OpenID Connect, each with an issuer of its own in one process.

`/generic`   any issuer, for citizens of Croatia: standard claims, eIDAS levels as `acr`, PKCE required
`/roeid/affwebservices/CASSO/oidc/<client>`   ROeID: an issuer per client; no levels
`/eid_rs`    eID of Serbia: claims only by userinfo, levels as `aal` and `ial`, whose scale is not published
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.applications import Starlette

from simulators.eids import CROATIA, ROMANIA, SERBIA, Holder
from simulators.kit.control import simulator
from simulators.kit.oidc import OpenIdProvider
from simulators.kit.oidc_clients import client_store
from simulators.kit.oidc_logout import LogoutDoor
from simulators.kit.oidc_model import LEVELS, Flavour, Login
from simulators.kit.oidc_switches import OidcSwitches
from simulators.kit.oidc_tokens import KeyRing
from simulators.kit.secrets import secret
from simulators.kit.switches import Switchboard

PORT = 8115

_SERBIAN = "http://schema.id.rs/claims/"
_ROEID = "/roeid/affwebservices/CASSO/oidc/{client}"
_ACR = tuple(f"http://eidas.europa.eu/LoA/{level}" for level in LEVELS)


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC), hub: str = "http://127.0.0.1:8000") -> Starlette:
    """The simulator; it knows the client `munihub` with the addresses of both towns at `hub`."""
    board = Switchboard(OidcSwitches)
    keys = KeyRing()
    logins: dict[str, Login] = {}
    towns = [f"{hub}/{town}" for town in ("pregrada", "vzorov")]
    munihub = {
        "client_id": "munihub",
        "client_secret": secret("eid-oidc"),
        "redirect_uris": [f"{town}/login/{flavour.name}/callback" for town in towns for flavour in FLAVOURS],
        "post_logout_redirect_uris": [f"{town}/login/{flavour.name}/logout" for town in towns for flavour in FLAVOURS],
        "backchannel_logout_uri": "",
    }
    clients = client_store([munihub], clock)
    door = LogoutDoor(clients=clients, logins=logins, keys=keys, board=board, clock=clock)
    routes = door.control()
    for flavour in FLAVOURS:
        provider = OpenIdProvider(flavour, board=board, keys=keys, clients=clients, logins=logins, clock=clock)
        routes += [*provider.routes(), door.route(flavour)]
    return simulator(routes=routes, board=board, stores={"clients": clients})


def _subject(scheme: str, holder: Holder) -> str:
    return str(uuid5(NAMESPACE_URL, f"{scheme}:{holder.full_name}:{holder.number}"))


def _email(key: str) -> str:
    return f"{key}@citizen.example"


def _generic(key: str, level: str) -> dict[str, Any]:
    holder = CROATIA[key]
    return {
        "sub": _subject("generic", holder),
        "name": holder.full_name,
        "given_name": holder.given,
        "family_name": holder.family,
        "birthdate": holder.born.isoformat(),
        "email": _email(key),
        "oib": holder.number,
        "acr": _ACR[LEVELS.index(level)],
        "amr": ["pwd"] if level == "low" else ["hwk", "pin"],
    }


def _romanian(key: str, _: str) -> dict[str, Any]:
    # `nume` is the family name, `prenume` the given one.
    holder = ROMANIA[key]
    return {
        "sub": _subject("roeid", holder),
        "cnp": holder.number,
        "nume": holder.family,
        "prenume": holder.given,
        "nume complet": holder.full_name,
        "email": _email(key),
        "preferred_username": _email(key),
        "telefon": "+40721000001",
        "localitate": "Brașov",
        "judet": "Brașov",
    }


def _serbian(key: str, level: str) -> dict[str, Any]:
    holder = SERBIA[key]
    claims = {
        "sub": _subject("eid_rs", holder),
        f"{_SERBIAN}givenname": holder.given,
        f"{_SERBIAN}familyname": holder.family,
        f"{_SERBIAN}mail": _email(key),
        f"{_SERBIAN}city": "Београд",
        f"{_SERBIAN}country": "RS",
        f"{_SERBIAN}aal": str(LEVELS.index(level) + 1),
        f"{_SERBIAN}ial": str(LEVELS.index(level) + 1),
    }
    return claims | ({f"{_SERBIAN}umcn": holder.number} if holder.number else {})


def _labels(holders: Mapping[str, Holder]) -> dict[str, str]:
    return {key: holder.label for key, holder in holders.items() if not holder.acts_for}


FLAVOURS = (
    Flavour(
        name="oidc",
        title="OpenID Connect (simulator)",
        language="en",
        root="/generic",
        authorize="/generic/authorize",
        token="/generic/token",  # noqa: S106 - a path
        userinfo="/generic/userinfo",
        jwks="/generic/jwks",
        end_session="/generic/logout",
        scopes=("openid", "profile", "email"),
        people=_labels(CROATIA),
        claims=_generic,
        identifying="oib",
        assurance=frozenset({"acr", "amr"}),
        in_id_token=frozenset({"oib"}),
        acr=_ACR,
        needs_pkce=True,
        logout_target="post_logout_redirect_uri",
    ),
    Flavour(
        name="roeid",
        title="ROeID (simulator)",
        language="ro",
        root=_ROEID,
        authorize=f"{_ROEID}/authorize",
        token=f"{_ROEID}/token",
        userinfo=f"{_ROEID}/userinfo",
        jwks=f"{_ROEID}/jwks",
        end_session="/roeid/logout",
        scopes=("openid", "profile", "{client}"),
        people=_labels(ROMANIA),
        claims=_romanian,
        identifying="cnp",
        assurance=frozenset(),
        in_id_token=frozenset({"cnp", "nume", "prenume", "nume complet", "email", "preferred_username"}),
        acr=(),
        needs_pkce=False,
        logout_target="target",
    ),
    Flavour(
        name="eid_rs",
        title="eID Srbija (simulator)",
        language="sr",
        root="/eid_rs",
        authorize="/eid_rs/oauth2/authorize",
        token="/eid_rs/oauth2/token",  # noqa: S106 - a path
        userinfo="/eid_rs/oauth2/userinfo",
        jwks="/eid_rs/oauth2/jwks",
        end_session="/eid_rs/oidc/logout",
        scopes=("openid",),
        people=_labels(SERBIA),
        claims=_serbian,
        identifying=f"{_SERBIAN}umcn",
        assurance=frozenset({f"{_SERBIAN}aal", f"{_SERBIAN}ial"}),
        in_id_token=frozenset(),
        acr=(),
        needs_pkce=False,
        logout_target="post_logout_redirect_uri",
    ),
)
