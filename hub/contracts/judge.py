"""What a change of an interface does to the feeds that read it, and to whoever looks at what they fill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.back_offices.model import Feed
from hub.cities import back_offices as configured
from hub.contracts.model import Finding, Severity
from hub.contracts.uses import Use, Uses, uses_of
from hub.kit.interfaces.diff import Change, What

REASONS = {
    Severity.BREAKS: "{what} of {office} stay as they were last read, marked with their age",
    Severity.LOSES: "{fields} of {what} of {office} is missing where it came from there",
    Severity.NEW: "nothing changes in what is shown",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """A feed and what its mapping reads; or a `delivery` of a back office and what one of its steps sends and reads.

    `office` is what citizens call the back office; `affected`: how many subjects have records of the feed.
    """

    uses: Uses
    office: str
    of_feed: Feed | None = None
    delivery: str = ""
    affected: int = 0

    @property
    def feed(self) -> Feed:
        assert self.of_feed is not None
        return self.of_feed

    @property
    def fills(self) -> str:
        return self.of_feed.feed if self.of_feed else f"delivery {self.delivery}"

    def calls(self, operation: str) -> bool:
        """Whether this is its operation. Of REST, descriptions may name other placeholders, or a longer path."""
        if self.uses.operation == operation:
            return True
        (method, _, path), (other, _, longer) = (_plain(one).partition(" ") for one in (self.uses.operation, operation))
        return bool(path) and method == other and (longer.endswith(path) or path.endswith(longer))

    @classmethod
    def of(cls, feed: Feed, affected: int = 0) -> Reader:
        assert feed.mapping is not None
        return cls(uses_of(feed.mapping), office_name(feed.office, feed.back_office), feed, affected=affected)


def office_name(office: configured.BackOffice, name: str) -> str:
    return office.name.get("en") or next(iter(office.name.values()), name)


def _plain(operation: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", operation)


def judged(change: Change, source: str, readers: Sequence[Reader], *, strict: bool) -> Finding:
    """`strict`: what the recorded interface does not have is refused when a reply is read."""
    concerned = [one for one in readers if one.calls(change.operation)]
    used = [(one, use) for one in concerned for use in one.uses.of(change.path) if change.path]
    severity = max(
        (_severity(change, one, strict=strict) for one in concerned),
        key=lambda one: -list(Severity).index(one),
        default=Severity.NEW,
    )
    return finding(severity, source, change, concerned if severity is not Severity.NEW else [], used)


def finding(
    severity: Severity, source: str, change: Change, readers: Sequence[Reader], used: Sequence[tuple[Reader, Use]]
) -> Finding:
    """With the keys that read it, the feeds they fill and what people see."""
    return Finding(
        severity,
        source,
        change.what.value,
        change.operation,
        change.path,
        change.was,
        change.now,
        keys=tuple(dict.fromkeys(f"{one.uses.file}: {use.key}" for one, use in used)),
        feeds=tuple(dict.fromkeys(one.fills for one in readers)),
        citizens=citizens_see(severity, readers, [use for _, use in used]),
        affected=max((one.affected for one in readers), default=0),
    )


def citizens_see(severity: Severity, readers: Sequence[Reader], used: Sequence[Use]) -> str:
    """One sentence, or two where what they send is concerned too."""
    if not readers:
        return _sentence(REASONS[Severity.NEW])
    fields = " and ".join(dict.fromkeys(use.field or use.key for use in used)) or "what is new"
    nouns = " and ".join(dict.fromkeys(f"{one.feed.noun}s" for one in readers if one.of_feed))
    kinds = " and ".join(dict.fromkeys(one.delivery for one in readers if one.delivery))
    seen = [_sentence(REASONS[severity].format(what=nouns, office=readers[0].office, fields=fields))] if nouns else []
    told = [f"What they send ({kinds}) cannot be delivered to {readers[0].office}, and waits."] if kinds else []
    return " ".join([*seen, *told])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _severity(change: Change, reader: Reader, *, strict: bool) -> Severity:
    if change.what is What.OPERATION_GONE:
        return Severity.BREAKS
    return _of_request(change, reader) if change.side == "request" else _of_reply(change, reader, strict=strict)


def _of_request(change: Change, reader: Reader) -> Severity:
    """Of a request it matters what we send, and what we would have to."""
    if change.what is What.ELEMENT:
        return Severity.BREAKS
    sends = change.path in reader.uses.sent or any(path.startswith(f"{change.path}.") for path in reader.uses.sent)
    part = change.part
    assert part is not None
    if change.what in (What.GONE, What.RENAMED, What.TYPE):
        required = change.what is What.RENAMED and part.least > 0
        return Severity.BREAKS if sends or required else Severity.NEW
    if change.what in (What.NEW, What.OCCURRENCE):
        # What stands in something that we do not send at all is not asked of us.
        inside = change.path.rpartition(".")[0]
        asked = not inside or any(path.startswith(f"{inside}.") for path in reader.uses.sent)
        return Severity.BREAKS if part.least > 0 and not sends and asked else Severity.NEW
    if change.what is What.VALUE_GONE:
        if change.path not in reader.uses.sent:
            return Severity.NEW
        values = reader.uses.sent[change.path]
        return Severity.NEW if values is not None and values <= part.values else Severity.BREAKS
    return Severity.BREAKS if change.what is What.FORM and sends and change.tighter else Severity.NEW


def _of_reply(change: Change, reader: Reader, *, strict: bool) -> Severity:
    """Of a reply it matters what we read, and where replies are checked whether they still pass."""
    used = reader.uses.of(change.path)
    needed = any(use.required for use in used)
    part = change.part
    assert part is not None
    lost = Severity.BREAKS if needed else Severity.LOSES if used else Severity.NEW
    if change.what is What.ELEMENT:
        return Severity.BREAKS if strict else Severity.LOSES
    if change.what is What.NEW:
        # Refused as soon as one comes, which of an optional part is not certain.
        return Severity.NEW if not strict else Severity.BREAKS if part.least > 0 else Severity.LOSES
    if change.what is What.VALUE_NEW and not strict:
        unknown = [use for use in used if use.codes and not part.values <= use.codes]
        return Severity.BREAKS if any(use.required for use in unknown) else Severity.LOSES if unknown else Severity.NEW
    if change.what is What.VALUE_GONE:
        return Severity.NEW
    if change.what in (What.GONE, What.RENAMED) and strict:
        # The recorded schema misses a part it requires, and knows nothing of the new name.
        return Severity.BREAKS if part.least > 0 or change.what is What.RENAMED else lost
    if change.what in (What.OCCURRENCE, What.FORM) and not change.looser:
        return Severity.NEW
    return Severity.BREAKS if strict else lost


def changes_judged(
    changes: Iterator[Change], source: str, readers: Sequence[Reader], *, strict: bool
) -> Iterator[Finding]:
    for change in changes:
        yield judged(change, source, readers, strict=strict)
