"""Takes personal data out of recorded messages: what is somebody's becomes invented, what is unclear becomes filler.

What each place of a message is, is known from the mapping (identifiers, amounts, dates, codes), else from how the value
is written, else from what the place is called. A place of which none of these tells enough is *unsure*: its values are
replaced by filler and it is listed, so that somebody can say that it may stay (`--keep PATH`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lxml import etree
from stdnum import iban

from hub.contracts.invented import Invented, longest_first
from hub.contracts.replies import form_of
from hub.contracts.uses import Use
from hub.kernel.errors import ConfigurationError
from hub.kit import identifiers, xml

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w/])\d[\d ./-]{6,}\d(?![\w/])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b")
_CODE = re.compile(r"[A-Z]{1,4}|[A-Z0-9_./-]*[_\d][A-Z0-9_./-]{0,12}|\d{1,5}")
_NAMES = re.compile(
    r"ime|prezime|naziv(?:obveznik|strank)|jmeno|jméno|prijmeni|příjmení|nume|prenume|name|surname|obveznik|"
    r"vlasnik|majitel|payer|platitelj|platce|plătitor|platitor|платник|osoba|contribuabil|прізвище|імʼя|имя|име|презиме|nazev|naziv|владелец|titular|referent|clerk",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(
    r"adres|ulic|street|address|mjesto|obec|mesto|mísť|posta|psc|zip|вулиц|адрес|улиц|strada|oras", re.IGNORECASE
)
_PHONES = re.compile(r"(?:^|_|(?<=[a-z]))(?:Tel|tel(?=\b|_|ef))|mob(?:itel|il)|[pP]hone|(?i:fax|gsm|telefon)")
_BIRTHS = re.compile(r"ro[dđ]jen|ro[dđ]en|narozen|birth|na[sș]ter|народж|рођ", re.IGNORECASE)
_PLAIN_CONVERTERS = frozenset({
    "decimal", "decimal_comma", "minor_units", "integer", "boolean", "date", "datetime", "year", "hr_reference",
    "cz_symbol", "iso11649",
})  # fmt: skip
_KEPT_KEYS = (
    "key", "version", "removed", "source.", "where", "fields.references", "fields.numbers", "fields.document_number",
)  # fmt: skip
_MOST_SHOWN = 3
_CODES_OF_FAULTS = frozenset({"faultcode", "Code.Value", "Code.Subcode.Value"})  # Of SOAP 1.1 and 1.2.
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Kind(StrEnum):
    IDENTIFIER = "identifier"
    NAME = "name"
    ADDRESS = "address"
    CONTACT = "contact"
    ACCOUNT = "account"
    BIRTH = "date of birth"
    INSIDE = "inside a text"
    UNSURE = "unsure"


@dataclass(slots=True)
class Redaction:
    """`replaced`: how many values at which path, by kind. `unsure`: paths whose values were replaced by filler.
    `texts`: of these a few as they were received, for the question whether they may stay; never written down.
    """

    replaced: dict[tuple[str, Kind], int] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def unsure(self) -> list[str]:
        return sorted(path for path, kind in self.replaced if kind is Kind.UNSURE)

    def note(self, path: str, kind: Kind) -> None:
        self.replaced[path, kind] = self.replaced.get((path, kind), 0) + 1


class Redactor:
    """One for a recording, so that its messages agree. `country` is the town's, `public` are values that may stay,
    such as the town's own accounts; `keep` are paths somebody has said may stay.
    """

    def __init__(
        self,
        country: str,
        uses: Sequence[Use],
        *,
        asked: Mapping[str, str],
        keep: Collection[str] = (),
        public: Collection[str] = (),
        seed: int | None = None,
    ) -> None:
        self.invented = Invented(seed)
        self.redaction = Redaction()
        self._schemes = [name for name in identifiers.NATIONAL if name.startswith(country.lower()) and name != "ro.cui"]
        self._uses: dict[str, list[Use]] = {}
        for use in uses:
            self._uses.setdefault(use.path, []).append(use)
        self._keep = _CODES_OF_FAULTS.union(keep)
        self._plain: set[str] = set()
        self._public = frozenset(re.sub(r"\s", "", one) for one in public)
        self.asked = {scheme: self.invented.identifier(scheme, value) for scheme, value in asked.items()}

    # ── Messages ──

    def message(self, content: bytes, media_type: str) -> bytes:
        """A body without personal data, in the same syntax and encoding.

        Raises ConfigurationError for one that is neither JSON, XML nor a form.
        """
        start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if not content.strip():
            return content
        if start in (b"{", b"["):
            document = json.loads(content, parse_float=_Number, parse_int=_Number)
            return (_written(self._again(self._json(document, ""), ""), 0) + "\n").encode()
        if start == b"<":
            return self._xml_message(content, media_type)
        if "form" in media_type:
            return self.line(content.decode("ascii", "replace")).encode()
        remedy = "Record it with --keep-personal-data, and take out by hand what is somebody's."
        raise ConfigurationError(f"a message of {media_type or 'no type'} cannot be redacted", remedy=remedy)

    def line(self, text: str) -> str:
        """An address or a header: what is known from elsewhere to be somebody's is replaced."""
        for original in longest_first(self.invented.values):
            if len(original) > 3:
                text = text.replace(original, self.invented.values[original])
        return text

    def _xml_message(self, content: bytes, media_type: str) -> bytes:
        charset = re.search(r"charset\s*=\s*\"?([\w.:-]+)", media_type, re.IGNORECASE)
        root = xml.parse(content, max_bytes=len(content) + 1, charset=charset[1] if charset else None)
        declared = re.match(rb"[\s\xef\xbb\xbf]*<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]+)", content)
        encoding = charset[1] if charset else declared[1].decode() if declared else "utf-8"
        top = _payload(root)
        for element in top.iter(etree.Element):
            path = _path_of(element, top)
            for name in element.attrib:
                if not str(name).startswith(_XSI):
                    local = f"@{etree.QName(name).localname}"
                    element.set(name, self.value(f"{path}.{local}" if path else local, element.get(name, "")))
            if element.text and element.text.strip() and not len(element):
                element.text = self.value(path, element.text)
        inside = set(top.iter(etree.Element))
        for element in root.iter(etree.Element):
            if element.text and element.text.strip() and not len(element):
                if element not in inside:
                    element.text = self.line(element.text)
                elif _path_of(element, top) not in self._plain:
                    element.text = self.invented.known_words(element.text)
        written = etree.tostring(root, encoding=encoding, xml_declaration=True)
        return written if isinstance(written, bytes) else written.encode()

    def _json(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {name: self._json(inner, f"{path}.{name}" if path else str(name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._json(inner, path) for inner in value]
        if isinstance(value, str):
            return type(value)(self.value(path, value))
        return value

    def _again(self, value: Any, path: str) -> Any:
        """Names that were met anywhere, wherever else they stand, but in codes and numbers the mapping reads."""
        if isinstance(value, dict):
            return {name: self._again(inner, f"{path}.{name}" if path else str(name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._again(inner, path) for inner in value]
        if not isinstance(value, str) or path in self._plain:
            return value
        return type(value)(self.invented.known_words(value))

    # ── Values ──

    def value(self, path: str, text: str) -> str:
        """What stands in place of `text` at that path of a message."""
        plain = text.strip()
        if not plain or re.sub(r"\s", "", plain) in self._public:
            return text
        known = self._of_mapping(path, plain)
        if known == (None, plain):
            self._plain.add(path)
        stays = (None, plain) if path in self._keep else None
        kind, made = known or self._of_value(plain) or stays or self._of_name(path, plain)
        if kind is None:
            made = self._inside(plain)
            kind = Kind.INSIDE if made != plain else None
        if kind is not None:
            self.redaction.note(path, kind)
            texts = self.redaction.texts.setdefault(path, []) if kind is Kind.UNSURE else [plain]
            if plain not in texts and len(texts) < _MOST_SHOWN:
                texts.append(plain)
        return text.replace(plain, made)

    def _of_mapping(self, path: str, text: str) -> tuple[Kind | None, str] | None:
        for use in self._uses.get(path, ()):
            if use.scheme and use.key == "parties":
                return Kind.IDENTIFIER, self.invented.identifier(use.scheme, text)
            if use.field == "name":
                return Kind.NAME, self.invented.name(text)
            if use.converter in _PLAIN_CONVERTERS or text in use.codes or use.key.startswith(_KEPT_KEYS):
                return None, text
        return None

    def _of_value(self, text: str) -> tuple[Kind | None, str] | None:
        for scheme in self._schemes:
            if self._is(scheme, text):
                return Kind.IDENTIFIER, self.invented.identifier(scheme, text)
        if _EMAIL.fullmatch(text):
            return Kind.CONTACT, self.invented.email(text)
        if iban.is_valid(text):
            return Kind.ACCOUNT, self.invented.iban(text)
        return None

    def _of_name(self, path: str, text: str) -> tuple[Kind | None, str]:
        name = path.rpartition(".")[2]
        form = form_of(text)
        if form not in ("words", "a whole number"):
            birth = _BIRTHS.search(name) and "date" in form
            return (Kind.BIRTH, self.invented.scrambled(text)) if birth else (None, text)
        if _ADDRESSES.search(name):
            return Kind.ADDRESS, self.invented.address(text)
        if _PHONES.search(name):
            return Kind.CONTACT, self.invented.scrambled(text)
        if _CODE.fullmatch(text):
            return None, text
        if _NAMES.search(name):
            return Kind.NAME, self.invented.name(text)
        return Kind.UNSURE, self.invented.scrambled(text)

    def _is(self, scheme: str, text: str) -> bool:
        if len(re.sub(r"\D", "", text)) < 8 or not re.fullmatch(r"[\w /-]+", text):
            return False
        try:
            identifiers.normalise(scheme, text)
        except ValueError:
            return False
        return True

    def _inside(self, text: str) -> str:
        """A text that stays, without the numbers, accounts and addresses in it."""
        text = _EMAIL.sub(lambda found: self.invented.email(found[0]), text)
        text = _IBAN.sub(
            lambda found: (
                self.invented.iban(found[0])
                if iban.is_valid(found[0]) and re.sub(r"\s", "", found[0]) not in self._public
                else found[0]
            ),
            text,
        )

        def number(found: re.Match[str]) -> str:
            scheme = next((one for one in self._schemes if self._is(one, found[0])), None)
            return found[0] if scheme is None else self.invented.identifier(scheme, found[0])

        text = _NUMBER.sub(number, text)
        for original in longest_first(self.invented.values):
            if len(original) > 5 and original in text:
                text = text.replace(original, self.invented.values[original])
        return text


class _Number(str):
    """A number of JSON as it was written."""

    __slots__ = ()


def _written(value: Any, depth: int) -> str:
    """JSON that can be read and compared line by line, numbers as they were."""
    pad = " " * (depth + 1)
    if isinstance(value, dict) and value:
        lines = [
            f"{pad}{json.dumps(str(name), ensure_ascii=False)}: {_written(part, depth + 1)}"
            for name, part in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{' ' * depth}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(pad + _written(part, depth + 1) for part in value) + f"\n{' ' * depth}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _payload(root: etree._Element) -> etree._Element:
    """The child of an envelope's Body, whose paths mappings write; else the root."""
    body = root.find("{*}Body") if etree.QName(root).localname == "Envelope" else None
    child = next(body.iterchildren(etree.Element), None) if body is not None else None
    return root if child is None else child


def _path_of(element: etree._Element, top: etree._Element) -> str:
    steps: list[str] = []
    current: etree._Element | None = element
    while current is not None and current is not top:
        steps.append(etree.QName(current).localname)
        current = current.getparent()
    return ".".join(reversed(steps))
