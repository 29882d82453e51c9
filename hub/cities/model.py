"""The shape of `config/cities/<slug>/city.yaml`."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from stdnum import iban
from stdnum.exceptions import ValidationError as StdnumError

from hub.blobs.model import DEFAULT_TYPES, MEGABYTE, Rules
from hub.cities.addresses import ORIGIN, unfit, unfit_key
from hub.cities.faults import fault_at
from hub.cities.push import Push
from hub.cities.told import Alerts, Webhook
from hub.kernel.assurance import Assurance
from hub.kernel.money import NotExact, minor_units
from hub.kernel.text import LocalisedText
from hub.kit import encodings
from hub.kit.durations import Duration
from hub.kit.secrets import SecretRef

_SLUG = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*\Z")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)


def _slug(text: str) -> str:
    if not _SLUG.match(text):
        raise ValueError("use lower-case letters, digits, '-' and '_', such as 'pregrada'")
    return text


def _timezone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, such as Europe
        raise ValueError(f"{value!r} is not a time zone; write one such as Europe/Zagreb") from error


def _currency(text: str) -> str:
    try:
        minor_units(text)
    except NotExact as error:
        raise ValueError(f"{text!r} is not a currency; write its ISO 4217 code, such as EUR") from error
    return text


def _account(text: str) -> str:
    try:
        return str(iban.validate(text))
    except StdnumError as error:
        if not re.match(r"\s*[A-Za-z]{2}\s*\d\s*\d", text):
            raise ValueError(f"{text!r} is not an IBAN, which begins with a country and two digits (HR12…)") from error
        raise ValueError(f"{text!r} is not an IBAN: a digit or letter is missing, mistyped or too many") from error


def _clock_time(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    raise ValueError('write a time of day with hours and minutes, such as "03:30"')


def _host(text: str) -> str:
    if len(text) > 253 or not _HOST.match(text):
        raise ValueError(f"{text!r} is not a host name; write one such as moja.pregrada.hr, without https:// and port")
    return text.lower()


Slug = Annotated[str, AfterValidator(_slug)]
Currency = Annotated[str, AfterValidator(_currency)]
Account = Annotated[str, AfterValidator(_account)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(_timezone)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Host = Annotated[str, AfterValidator(_host)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Payee(_Strict):
    """An organisation of the city with an account of its own: the town itself, a utility, a school."""

    name: LocalisedText
    account: Account = Field(description="IBAN; spaces are allowed")
    bic: str = ""
    street: str = ""
    place: str = Field(default="", description="postcode and place")
    purpose: str = Field(
        default="", pattern=r"^([A-Z]{4})?$", description="ISO 20022 purpose code of four capital letters, such as GOVT"
    )
    identifier: str = Field(
        default="", max_length=10, description="its national number, which Ukrainian payment codes need: EDRPOU"
    )
    payment_code: str = Field(
        default="", pattern=r"^([12][0-9]{2})?$", description="šifra plaćanja of Serbian payment codes, such as 253"
    )


class Refresh(_Strict):
    """When a feed is read without being asked: `{every: 15m}` or `{daily: "03:30"}` in the town's time zone."""

    every: Duration | None = None
    daily: ClockTime | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.every is None) == (self.daily is None):
            raise ValueError('write either every (15m, 2h) or daily ("03:30")')
        return self


class Feed(_Strict):
    """One kind of record read from a back office."""

    mapping: str | None = Field(default=None, description="file in the mapping folder; absent where only pushed")
    refresh: Refresh | None = Field(default=None, description="absent: read when asked for, or only pushed")
    max_age: Duration = Field(description="a duration such as 1h; what is older is shown as stale")


DeliveryKind = Literal["open_case", "answer_case", "problem_report", "contact_change", "post_payment"]
"""What citizens cause in a back office. A change of contact details goes to every back office that takes it, a payment
to the one that its obligation is from, the others to one."""
_SEVERAL_TAKE = frozenset({"contact_change", "post_payment"})


class BackOffice(_Strict):
    """One configured system of the city. `settings` are the connector's own and checked by it."""

    name: LocalisedText
    connector: str | None = Field(default=None, description="folder in connectors/; absent where it only pushes")
    mapping: str = Field(description="folder in mappings/")
    payee: str | None = None
    department: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    feeds: dict[Slug, Feed]
    push: Push | None = None
    deliveries: dict[DeliveryKind, str] = Field(
        default_factory=dict, description="what is written into it → file in the mapping folder that says how"
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        for name, feed in self.feeds.items():
            if feed.mapping is None and feed.refresh is not None:
                raise fault_at(
                    "there is a refresh but no mapping to read by", "feeds", name, "refresh", remedy="Add mapping."
                )
            if feed.mapping is not None and self.connector is None:
                raise fault_at(
                    f"this key is needed, since the feed {name} is read by a mapping",
                    "connector",
                    remedy="Add it, or remove the feed's mapping if it is only pushed.",
                )
        return self

    @model_validator(mode="after")
    def _can_be_written_to(self) -> Self:
        if self.deliveries and self.connector is None:
            raise fault_at(
                "this key is needed, since deliveries are made by it",
                "connector",
                remedy="Add it, or remove deliveries.",
            )
        return self

    @model_validator(mode="after")
    def _known_feeds(self) -> Self:
        for key, feed in self.push.feeds() if self.push else ():
            if feed not in self.feeds:
                raise fault_at(
                    f"there is no feed {feed!r} here",
                    *("push", *key),
                    remedy=f"Use one of: {', '.join(self.feeds)}.",
                )
        return self


class Eid(_Strict):
    """One eID citizens log in with. `settings` are the provider's own and checked by it."""

    provider: str = Field(description="folder in identity/providers/, such as nias")
    name: LocalisedText = Field(description="as the citizen knows it, such as NIAS")
    settings: dict[str, Any] = Field(default_factory=dict)


class CardGateway(_Strict):
    """A payee's contract with one card gateway. `settings` are the gateway's own and checked by it."""

    gateway: str = Field(description="folder in adapters/payment_gateway/, such as monri")
    name: LocalisedText = Field(description="as the citizen knows it, such as Kartica")
    payee: str = Field(description="whose money it takes, a key of payees")
    logins: list[str] = Field(
        default_factory=list, description="only for who logged in by one of these eIDs, or password; absent: everybody"
    )
    payouts: list[str] = Field(
        default_factory=list,
        description="how its payouts look on the bank's statement: the account they come from, or words of their text",
    )
    settings: dict[str, Any] = Field(default_factory=dict)


class Passwords(_Strict):
    """Logins the town itself gives, at the counter."""

    second_factor: Literal["none", "offered", "required"] = Field(
        default="offered", description="of citizens; staff always need one"
    )


class Client(_Strict):
    """A program registered with the town's OpenID provider: a portal front end, a console, a machine."""

    name: LocalisedText
    kind: Literal["public", "confidential", "machine"] = Field(
        description="public: runs at the citizen's; confidential: keeps a secret; machine: speaks for itself"
    )
    secret: SecretRef | None = Field(default=None, description="of a confidential client or a machine")
    keys: list[dict[str, Any]] = Field(
        default_factory=list, description="public keys (JWK) of one that signs its requests instead of keeping a secret"
    )
    redirect_uris: list[str] = Field(default_factory=list, description="compared letter by letter")
    post_logout_redirect_uris: list[str] = Field(default_factory=list)
    frontchannel_logout_uri: str | None = None
    backchannel_logout_uri: str | None = None
    origins: list[str] = Field(default_factory=list, description="web origins of a public client, for CORS")
    scopes: list[str] = Field(min_length=1, description="what it may ask for, such as account")
    back_office: str | None = Field(default=None, description="the one a machine pushes for; absent: for none")
    staff: bool = Field(default=False, description="for staff and administrators instead of citizens")
    assurance: Assurance = Field(default=Assurance.LOW, description="the least a login for it needs")
    webhook: Webhook | None = Field(default=None, description="what its server is told, and where")

    @model_validator(mode="after")
    def _proves_itself(self) -> Self:
        if self.kind == "public" and (self.secret or self.keys):
            place = "secret" if self.secret else "keys"
            raise fault_at("a secret is never in a public client's hands", place, remedy="Change kind, or this key.")
        if self.kind != "public" and (self.secret is None) != bool(self.keys):
            problem = f"a secret is needed for a {self.kind} client"
            if self.secret:
                problem = "there is a secret, and keys to do without it"
            raise fault_at(problem, "secret", remedy="Write secret, or keys: with the client's public ones.")
        for number, one in enumerate(self.keys):
            if wrong := unfit_key(one):
                raise fault_at(wrong, "keys", str(number), remedy="Write its public part (RFC 7517), as JSON.")
        return self

    @model_validator(mode="after")
    def _is_found(self) -> Self:
        if (self.kind == "machine") == bool(self.redirect_uris):
            problem = "has no browser to redirect" if self.redirect_uris else "nobody comes back to"
            raise fault_at(
                f"this is a client that {problem}",
                "redirect_uris",
                remedy="A machine has none; any other client has one at least.",
            )
        for key in ("redirect_uris", "post_logout_redirect_uris"):
            for number, uri in enumerate(getattr(self, key)):
                if wrong := unfit(uri, own_scheme=self.kind == "public"):
                    raise fault_at(wrong, key, str(number), remedy="Write it as the front end sends it.")
        for key in ("frontchannel_logout_uri", "backchannel_logout_uri"):
            if (uri := getattr(self, key)) and (wrong := unfit(uri, own_scheme=False)):
                raise fault_at(wrong, key, remedy="Write an https:// address of the front end.")
        for number, origin in enumerate(self.origins):
            if not ORIGIN.match(origin):
                remedy = "Write scheme, host and port only, such as https://portal.example."
                raise fault_at(f"{origin[:80]!r} is not a web origin", "origins", str(number), remedy=remedy)
        return self


class Attachments(_Strict):
    """What files citizens may send. A type is always judged by the content."""

    types: list[str] = Field(default=sorted(DEFAULT_TYPES), min_length=1, description="media types that are taken")
    largest: int = Field(default=Rules().largest, gt=0, le=25 * MEGABYTE, description="bytes of one file")
    quota: int = Field(default=Rules().quota, gt=0, description="bytes of all files of one person that are kept")

    @model_validator(mode="after")
    def _recognised(self) -> Self:
        for number, media_type in enumerate(self.types):
            if media_type not in DEFAULT_TYPES:
                remedy = f"Use some of: {', '.join(sorted(DEFAULT_TYPES))}."
                problem = f"{media_type[:100]!r} is no type the hub recognises"
                raise fault_at(problem, "types", str(number), remedy=remedy)
        return self

    @property
    def rules(self) -> Rules:
        return Rules(frozenset(self.types), self.largest, self.quota)


class Look(_Strict):
    """The town's look on the pages of the hub."""

    colour: str = Field(default="#0b4f8a", pattern=r"^#[0-9a-fA-F]{6}$", description="of buttons and links")
    logo: str | None = Field(default=None, description="an SVG or PNG file beside city.yaml")


TAKEN_BY_LOGIN = frozenset(
    {
        *("arrive", "claim", "ended", "icon", "logo", "passkey", "password", "recovery-codes"),
        *("second-factor", "security", "session", "totp"),
    }
)
"""Addresses below /login that are no eID's; `password` is also what a session by password calls its provider."""


class Statements(_Strict):
    """What the town's bank does its own way in its statements (hub.ports.bank_statement.Options)."""

    encoding: Annotated[str, AfterValidator(encodings.check)] | None = Field(
        default=None, description="of files that do not say it, such as windows-1250"
    )
    reversal_codes: Literal["45", "34"] | None = Field(
        default=None, description="of ABO/GPC: 45 as KB and Fio write reversals, 34 as Česká spořitelna"
    )
    account_form: Literal["plain", "internal"] | None = Field(
        default=None, description="of ABO/GPC: how the town's own account is written"
    )


class Refunds(_Strict):
    """How money is given back."""

    approval: Literal["one", "two_people"] = Field(
        default="one", description="two_people: somebody else than who asked for a refund approves it"
    )


class City(_Strict):
    """A town. `id` never changes, whatever becomes of the slug: it is on every row."""

    id: int = Field(gt=0, lt=2**31, description="a number that no other town ever had")
    slug: Slug
    name: LocalisedText
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 code of two capital letters, such as HR")
    currency: Currency
    timezone: TimeZone
    languages: list[str] = Field(min_length=1, description="the first is the town's own")
    hosts: list[Host] = Field(default_factory=list)
    live: bool = False
    bank_transfer: list[str] = Field(default_factory=list, description="schemes in the order offered")
    payees: dict[Slug, Payee] = Field(min_length=1)
    departments: dict[Slug, LocalisedText] = Field(default_factory=dict)
    back_offices: dict[Slug, BackOffice]
    eids: dict[Slug, Eid] = Field(default_factory=dict)
    gateways: dict[Slug, CardGateway] = Field(
        default_factory=dict, description="where cards are taken; of a payee the first that fits who pays"
    )
    passwords: Passwords | None = Field(default=None, description="absent: the town gives none")
    clients: dict[Slug, Client] = Field(default_factory=dict)
    look: Look = Look()
    attachments: Attachments = Attachments()
    alerts: Alerts | None = Field(default=None, description="whom the hub tells; absent: nobody, it is in the lists")
    refunds: Refunds = Refunds()
    statements: Statements = Statements()
    problems: dict[Slug, LocalisedText] = Field(
        default_factory=dict, description="categories under which a citizen reports a problem, such as lighting"
    )

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        for name, office in self.back_offices.items():
            for key, named, known in (
                ("payee", office.payee, self.payees),
                ("department", office.department, self.departments),
            ):
                if named is not None and named not in known:
                    raise fault_at(
                        f"there is no {key} {named!r}",
                        *("back_offices", name, key),
                        remedy=f"Use one of: {', '.join(known) or 'none'}; or add it under {key}s.",
                    )
        return self

    @model_validator(mode="after")
    def _one_back_office_takes_each_kind(self) -> Self:
        takers: dict[str, str] = {}
        for name, office in self.back_offices.items():
            for kind in office.deliveries:
                if kind not in _SEVERAL_TAKE and (other := takers.setdefault(kind, name)) != name:
                    raise fault_at(
                        f"{other} takes {kind} already",
                        *("back_offices", name, "deliveries", kind),
                        remedy="One back office takes it: remove the other.",
                    )
        return self

    @model_validator(mode="after")
    def _eids_have_addresses_of_their_own(self) -> Self:
        for name in self.eids:
            if name in TAKEN_BY_LOGIN:
                remedy = "Call it as the eID is called, such as nias."
                raise fault_at(f"/login/{name} is another page of the hub", "eids", name, remedy=remedy)
        return self

    @model_validator(mode="after")
    def _gateways_are_somebodys(self) -> Self:
        for name, block in self.gateways.items():
            if block.payee not in self.payees:
                remedy = f"Use one of: {', '.join(self.payees)}; or add it under payees."
                raise fault_at(f"there is no payee {block.payee!r}", "gateways", name, "payee", remedy=remedy)
            for number, login in enumerate(block.logins):
                if login not in self.eids and login != "password":
                    remedy = f"Use one of: {', '.join((*self.eids, 'password'))}."
                    raise fault_at(
                        f"nobody logs in by {login!r}", "gateways", name, "logins", str(number), remedy=remedy
                    )
        return self

    @model_validator(mode="after")
    def _machines_of_back_offices(self) -> Self:
        for name, client in self.clients.items():
            if client.back_office is None:
                continue
            place = ("clients", name, "back_office")
            if client.kind != "machine":
                raise fault_at("only a machine pushes for a back office", *place, remedy="Write kind: machine.")
            if client.back_office not in self.back_offices:
                raise fault_at(
                    f"there is no back office {client.back_office!r}",
                    *place,
                    remedy=f"Use one of: {', '.join(self.back_offices)}.",
                )
            if "push" not in client.scopes:
                raise fault_at("it may not ask for the scope push", "clients", name, "scopes", remedy="Add push.")
        return self

    @model_validator(mode="after")
    def _whoever_pushes_proves_itself(self) -> Self:
        machines = {client.back_office for client in self.clients.values()}
        for name, office in self.back_offices.items():
            push = office.push
            if push and not (push.secret or push.signatures or push.certificates or push.folder or name in machines):
                raise fault_at(
                    "nothing says how it proves itself",
                    *("back_offices", name, "push", "secret"),
                    remedy="Write secret, signatures, certificates or folder, or bind a machine to it under clients.",
                )
        return self

    @property
    def language(self) -> str:
        return self.languages[0]
