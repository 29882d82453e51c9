"""What a check of an interface finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a change does to what citizens see, worst first."""

    BREAKS = "breaks"  # records are refused or cannot be read at all
    LOSES = "loses"  # a part of what was shown is not shown any more
    NEW = "new"  # nothing of what is used; something came or went that no mapping reads


@dataclass(frozen=True, slots=True)
class Finding:
    """One change of an interface.

    `source`  where it was seen: `wsdl`, `openapi`, `records` (live replies), `reading` (in ordinary reads).
    `what`    hub.kit.interfaces.diff.What; of records also `unreadable`, `format`, `unknown_field`, `unknown_code`.
    `path`    dotted, as mappings write it, from the message; `operation` whose message that is.
    `keys`    mapping keys that read it, with their files: `obligation.yaml: fields.outstanding`.
    `feeds`   what these fill. `citizens`: what people see because of it. `affected`: how many subjects have records
              of those feeds.
    """

    severity: Severity
    source: str
    what: str
    operation: str
    path: str
    was: str
    now: str
    keys: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    citizens: str = ""
    affected: int = 0

    def says(self, back_office: str) -> str:
        """One sentence for whoever looks after the back office."""
        read_by = f"; read by {', '.join(self.keys)}" if self.keys else ""
        return f"{back_office}: {_SAID.get(self.what, self.what).format(**asdict(self))}{read_by}"


_SAID = {
    "operation_gone": "the operation {operation} is gone",
    "operation_new": "there is a new operation {operation}",
    "gone": "{path} is gone from {operation} (it was: {was})",
    "new": "{path} is new in {operation} ({now})",
    "renamed": "{path} of {operation} seems to be called {now} now",
    "type": "{path} of {operation} was {was} and is {now}",
    "occurrence": "{path} of {operation} occurred {was} and occurs {now}",
    "value_new": "{path} of {operation} may have values it had not: {now} (known were: {was})",
    "value_gone": "{path} of {operation} no longer has: {was} (left are: {now})",
    "element": "the message of {operation} was {was} and is {now}",
    "form": "the form of {path} in {operation} was {was} and is {now}",
    "format": "{path} of {operation} was written {was} and is written {now}",
    "refused": "{operation} refuses what we ask: {now}",
    "unreadable": "what {operation} answers cannot be read: {now}",
    "unknown_field": "{path} is in the records of {operation} and no mapping knows it",
    "unknown_code": "{path} of {operation} has the code {now}, which no table has",
    "lenient": "{path} of {operation} could not be read and was left out",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of a check: `wsdl`, `openapi`, or `records <feed>`. `ok` False: it could not be made."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole check of one back office."""

    back_office: str
    at: datetime
    compared: tuple[Compared, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def plain_finding(finding: Finding, back_office: str) -> dict[str, Any]:
    return {**asdict(finding), "severity": finding.severity.value, "says": finding.says(back_office)}


def finding_of(plain: Mapping[str, Any]) -> Finding:
    known = {name: plain[name] for name in Finding.__slots__}
    lists = {"keys": tuple(known["keys"]), "feeds": tuple(known["feeds"])}
    return Finding(**{**known, **lists, "severity": Severity(known["severity"])})
