"""An interface of a back office: operations, and what may stand in their requests and replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Part:
    """One element, attribute or property.

    `type`    a name both kinds of descriptions share: text, integer, number, boolean, date, datetime, bytes, parts
              (has parts of its own), any; else the description's own word.
    `least`, `most` how often within what it stands in; `most` None: without bound.
    `values`  the only ones it may have; empty: any.
    `form`    other rules of its value: pattern, lengths, bounds, each `name=value`, sorted.
    """

    type: str
    least: int = 1
    most: int | None = 1
    nillable: bool = False
    values: frozenset[str] = frozenset()
    form: tuple[str, ...] = ()


Parts = Mapping[str, Part]
"""By dotted path below the message, as mappings write it: `Stavke.Stavka.Iznos`, `Osoba.@id`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`request_element`, `reply_element`: of SOAP, what stands in the Body, `{namespace}name`; else empty."""

    request: Parts = field(default_factory=dict)
    reply: Parts = field(default_factory=dict)
    request_element: str = ""
    reply_element: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """`operations` by the name a mapping's source has for them (`operation:`, `request:`).

    `strict`: what is not in it is refused when a reply is read, as SOAP replies are checked against their schema.
    """

    operations: Mapping[str, Operation]
    strict: bool = False


class Described(Protocol):
    """A power that a connector may have beside hub.ports.back_office.Connector: its back office describes itself."""

    def description(self) -> str | None:
        """`wsdl` or `openapi`; None where there is none, or none was recorded to compare with."""

    async def recorded(self) -> Interface:
        """As it stands in the mapping folder. Raises ConfigurationError."""

    async def published(self) -> Interface:
        """As the back office describes it now. Raises ConfigurationError, RemoteError."""

    async def published_files(self) -> Mapping[str, bytes]:
        """The same as documents, by the name each has in the mapping folder, to be recorded. Raises as above."""
