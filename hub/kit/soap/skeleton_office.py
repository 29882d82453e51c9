"""A skeleton's block for city.yaml: how the back office is called, reached and tried."""

from __future__ import annotations

from hub.kit.soap.description import Description, Port
from hub.kit.soap.documents import Documents
from hub.kit.soap.inspect import abstract_operation, message
from hub.kit.soap.shapes import Shapes
from hub.kit.soap.skeleton_text import scalar

# What services call an operation that only shows whether they are there.
_HARMLESS = (
    "ping", "echo", "verzija", "verze", "version", "versiune", "provjer", "overen", "test", "status", "health",
)  # fmt: skip


def configuration(
    description: Description,
    port: Port,
    documents: Documents,
    shapes: Shapes,
    *,
    name: str,
    wsdl: str,
    target: str,
    language: str,
) -> str:
    several = len({one.port_type for one in description.ports}) > 1
    lines = [
        "back_offices:",
        f"  {name}:",
        f"    name: {{ {language}: {name} }}    # CHECK: what citizens read",
        "    connector: soap",
        f"    mapping: {name}",
    ]
    if target == "obligation":
        lines.append("    payee: PAYEE    # CHECK: one of the town's payees")
    lines += [
        "    settings:",
        f"      wsdl: {scalar(wsdl)}",
        f"      endpoint: {scalar(_address(port))}    # CHECK: the address you were given; the WSDL names this one",
    ]
    if several:
        lines += [f"      service: {scalar(port.service)}"] if port.service else []
        lines.append(f"      port: {scalar(port.name)}")
    secret = name.replace("_", "-")
    lines += [
        "      auth: { kind: none }    # CHECK: or basic or wsse, which are written alike:",
        f"      # auth: {{ kind: wsse, username: USER, password: {{ secret: {secret} }}, digest: false }}",
        *_check(port, documents, shapes),
        "    feeds:",
        f"      {target}s:",
        f"        mapping: {target}.yaml",
        '        refresh: { daily: "03:30" }    # CHECK: besides, when a citizen asks for it',
        "        max_age: 2d    # CHECK: what is older is shown as stale",
    ]
    return "\n".join(lines) + "\n"


def _check(port: Port, documents: Documents, shapes: Shapes) -> list[str]:
    """An operation that needs nothing and is called like one that does nothing: what `munihub doctor` may call."""
    for bound in port.outlined.binding.operations:
        if bound.name not in port.operations() or not bound.name.lower().startswith(_HARMLESS):
            continue
        abstract = abstract_operation(bound, port, documents)
        question = message(bound, abstract, "input", documents, shapes)
        required = [one for part in question for one in (part.content or (() if part.base is None else (part,)))]
        answers = message(bound, abstract, "output", documents, shapes)
        if answers and not any(one.least for one in required):
            told = "CHECK: harmless, so that doctor can try the password"
            return [f"      check: {{ operation: {scalar(bound.name)} }}    # {told}"]
    return [
        "      # check: { operation: NAME, parameters: { … } }    # a harmless one: doctor tries the password with it"
    ]


def _address(port: Port) -> str:
    address = port.outlined.address or ""
    return address if address.startswith(("http://", "https://")) else "https://back-office.example/soap"
