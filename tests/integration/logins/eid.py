"""A stand-in for an eID: its answer is the identity itself, in JSON, with what was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, TypeAdapter

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused, RemoteUnavailable
from hub.ports.back_office import CheckStep
from hub.ports.eid import Answer, Identity, LogoutAsked, LogoutDone, Sent, Wanted

ADDRESS = "http://eid.test/sso"
IDENTITY = TypeAdapter(Identity)


def identity(**values: Any) -> Identity:
    """Ana, as the eID says it now."""
    return Identity(
        **{
            "provider": "engine",
            "subject": "pseudonym-of-ana",
            "assurance": Assurance.SUBSTANTIAL,
            "kind": "person",
            "authenticated_at": datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
            "given_name": "Ana",
            "family_name": "Šćrbačić",
        }
        | values
    )


class TrialEid:
    """`by_post` sends the browser with a form, as SAML's HTTP-POST does. `asked` is what it was asked last."""

    class Settings(BaseModel):
        pass

    def __init__(self, *, by_post: bool = False, down: bool = False, sso: str = ADDRESS) -> None:
        self.by_post, self.down, self.sso = by_post, down, sso
        self.asked: Wanted | None = None
        self.told_by_us: list[Mapping[str, str]] = []
        self._number = 0

    async def begin(self, wanted: Wanted) -> Sent:
        if self.down:
            raise RemoteUnavailable("it does not answer")
        self.asked = wanted
        self._number += 1
        state = {"request": f"request-{self._number}"}
        fields = {"RelayState": wanted.relay, "SAMLRequest": state["request"]}
        if self.by_post:
            return Sent(self.sso, fields, state)
        return Sent(f"{self.sso}?{urlencode(fields)}", None, state)

    async def finish(self, answer: Answer, state: Mapping[str, Any], now: datetime) -> Identity:
        said = json.loads((answer.form or answer.query)["SAMLResponse"])
        if said["to"] != state["request"]:
            raise LoginRefused("it answers another request", reason="unsolicited")
        if "refused" in said:
            raise LoginRefused("as the test wants it", reason=said["refused"])
        return IDENTITY.validate_python(said["identity"])

    async def logout(self, logout: Mapping[str, str], relay: str, now: datetime) -> Sent | None:
        self.told_by_us.append(logout)
        fields = {"RelayState": relay, "SAMLRequest": "logout"}
        address = self.sso.replace("/sso", "/slo")
        return Sent(address, fields) if self.by_post else Sent(f"{address}?{urlencode(fields)}")

    async def told(self, answer: Answer, now: datetime) -> LogoutAsked | LogoutDone:
        if answer.endpoint == "slo-soap":
            said = json.loads(answer.body)
        else:
            said = json.loads((answer.form or answer.query)["SAMLRequest"])
        if said.get("forged"):
            raise LoginRefused("its signature is wrong", reason="bad_signature")
        if "done" in said:
            return LogoutDone(answer.query.get("RelayState"), said["done"])

        def reply(done: bool) -> Sent | bytes:  # noqa: FBT001 - as the port has it
            if answer.endpoint == "slo-soap":
                return f"<done>{done}</done>".encode()
            return Sent(f"http://eid.test/slo?done={done}")

        until = now + timedelta(minutes=5)
        return LogoutAsked(said["name_id"], said.get("session_index"), ((said["id"], until),), reply)

    async def metadata(self, now: datetime) -> tuple[str, bytes] | None:
        return "application/samlmetadata+xml", b"<EntityDescriptor/>"

    async def check(self) -> list[CheckStep]:
        return []

    async def close(self) -> None:
        return None

    def answer(self, identity: Identity | None = None, **more: Any) -> dict[str, str]:
        """The fields its answer to the last question has."""
        assert self.asked is not None
        said: dict[str, Any] = {"to": f"request-{self._number}"} | more
        if identity is not None:
            said["identity"] = IDENTITY.dump_python(identity, mode="json")
        return {"RelayState": self.asked.relay, "SAMLResponse": json.dumps(said)}
