"""The shape of `config/cities/<slug>/city.yaml`; its larger blocks stand in modules of their own."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from hub.blobs.model import DEFAULT_TYPES, MEGABYTE, Rules
from hub.cities.back_offices import SEVERAL_TAKE, BackOffice
from hub.cities.clients import Client
from hub.cities.faults import fault_at
from hub.cities.logins import TAKEN_BY_LOGIN, Eid, Passwords
from hub.cities.money import CardGateway, Payee, Refunds, Statements
from hub.cities.told import Alerts
from hub.cities.values import Currency, Host, Slug, Strict, TimeZone
from hub.kernel.text import LocalisedText


class Attachments(Strict):
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


class Look(Strict):
    """The town's look on the pages of the hub."""

    colour: str = Field(default="#0b4f8a", pattern=r"^#[0-9a-fA-F]{6}$", description="of buttons and links")
    logo: str | None = Field(default=None, description="an SVG or PNG file beside city.yaml")


class City(Strict):
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
                if kind not in SEVERAL_TAKE and (other := takers.setdefault(kind, name)) != name:
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
