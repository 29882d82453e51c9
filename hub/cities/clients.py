"""The `clients:` block of a town: the programs that its OpenID provider knows."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from hub.authorisation import Audience, scopes_of
from hub.cities.addresses import ORIGIN, unfit, unfit_key
from hub.cities.faults import fault_at
from hub.cities.told import Webhook
from hub.cities.values import Strict
from hub.kernel.assurance import Assurance
from hub.kernel.text import LocalisedText
from hub.kit.secrets import SecretRef


class Client(Strict):
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
    def _asks_for_what_there_is(self) -> Self:
        machine = self.kind == "machine"
        allowed = scopes_of(Audience.MACHINE if machine else Audience.STAFF if self.staff else Audience.CITIZEN)
        for number, scope in enumerate(self.scopes):
            if scope not in allowed:
                remedy = f"Use some of: {', '.join(allowed)}." + (
                    "" if machine else " It has openid and profile anyway."
                )
                raise fault_at(f"the scope {scope[:80]!r} opens nothing to it", "scopes", str(number), remedy=remedy)
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
