"""A loaded WSDL, ready for calls and checks."""

from __future__ import annotations

from dataclasses import dataclass

from hub.kit.soap.description import Description, Port
from hub.kit.soap.documents import Documents
from hub.kit.soap.schema import BodySchema


@dataclass(frozen=True, slots=True)
class Contract:
    """The port to call and the schema of its messages; no schema where messages are not to be checked."""

    port: Port
    schema: BodySchema | None


def load_contract(
    documents: Documents, *, service: str | None = None, port: str | None = None, check_schema: bool = True
) -> Contract:
    """Up to 2 s of processor time for the largest WSDLs: at start or in a thread, never in the event loop.

    Raises ConfigurationError.
    """
    description = Description(documents)
    chosen = description.port(service, port)
    return Contract(chosen, BodySchema(documents, description.wrappers()) if check_schema else None)
