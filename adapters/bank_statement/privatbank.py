"""PrivatBank "Автоклієнт" (Ukraine): what `/statements/transactions` answers, as JSON with fields AUT_*.

Source: the interface as yukal/privatbank-api-go (api_statements.go) and the bank's own description show it.

What is told
- A Statement for each own account and currency, in the order in which they appear: `{transactions: […]}`, a list of
  such pages, or the list of transactions alone. It has no balances, and nothing of another kind tells the same later,
  so that it is the statement. `id` is account, currency, days and a sum over the keys of its entries.
- An entry's key is REF and REFN together, the bank's own. Booked is what is real (FL_REAL `r`) and booked (PR_PR `r`);
  what is in progress is pending, what was reversed or rejected and what is not real is information.
- There is no payer's symbol. `text` is OSND, the purpose of payment, in which the hub's own reference stands;
  symbols of other countries are looked for in it as in any text. The other side has its EDRPOU or RNOKPP.
- UTF-8, else windows-1251, which some clients receive.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, BinaryIO

from stdnum import iban

from hub.kernel.money import Money, NotExact
from hub.kit.statement_sums import Sums
from hub.kit.statement_symbols import of_text, unique
from hub.ports.bank_statement import Broken, Entry, Item, Kind, Options, Party, Statement, Status, Transaction

LARGEST = 64 * 1024**2
_SIGNS = {"C": 1, "D": -1}
_STATES = {"r": Status.BOOKED, "p": Status.PENDING, "t": Status.INFORMATION, "n": Status.INFORMATION}
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", re.ASCII)


class PrivatBank:
    """The format `privatbank`."""

    id = "privatbank"

    def recognises(self, head: bytes, name: str) -> bool:
        return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and b'"AUT_MY_ACC"' in head

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:  # noqa: B008 frozen
        """Raises Broken with the line of what is no JSON, or the path of what breaks its form."""
        groups: dict[tuple[str, str], list[Entry]] = {}
        seen = Counter[str]()
        for path, fields in _transactions(_document(file, options.encoding)):
            account = _text(fields, "AUT_MY_ACC", path, needed=True)
            entry = _entry(fields, path, seen)
            groups.setdefault((account, entry.amount.currency), []).append(entry)
        for (account, currency), entries in groups.items():
            days = [entry.booked_on for entry in entries if entry.booked_on]
            keys = blake2b("\n".join(entry.key for entry in entries).encode(), digest_size=8).hexdigest()
            yield Statement(
                kind=Kind.STATEMENT,
                format="privatbank",
                id=f"{account}/{currency}/{min(days)}/{max(days)}/{keys}",
                account=account,
                scheme="iban" if iban.is_valid(account) else "other",
                currency=currency,
                since=min(days),
                until=max(days),
            )
            sums = Sums(currency)
            for entry in entries:
                sums.add(entry)
                yield entry
            yield sums.end(None, None)


FORMAT = PrivatBank()


def _document(file: BinaryIO, encoding: str | None) -> Any:
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Broken(f"is larger than {LARGEST // 1024**2} MiB")
    try:
        try:
            text = data.decode(encoding or "utf-8-sig")
        except UnicodeDecodeError:
            if encoding:
                raise
            text = data.decode("cp1251")
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise Broken(f"is not JSON: {error.msg}", line=error.lineno) from None
    except RecursionError:
        raise Broken("is nested too deep") from None
    except (UnicodeDecodeError, LookupError) as error:
        raise Broken(f"is not text in {encoding or 'windows-1251'}") from error


def _transactions(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    pages = document if isinstance(document, list) else [document]
    if pages and all(isinstance(page, dict) and "AUT_MY_ACC" in page for page in pages):
        pages = [{"transactions": pages}]
    for number, page in enumerate(pages):
        where = f"{number}." if isinstance(document, list) and len(pages) > 1 else ""
        if not isinstance(page, dict) or not isinstance(page.get("transactions"), list):
            raise Broken("has no list of transactions", path=f"{where}transactions")
        if page.get("status") not in (None, "SUCCESS"):
            raise Broken(f"tells an error of the bank: {str(page['status'])[:40]!r}", path=f"{where}status")
        for place, fields in enumerate(page["transactions"]):
            path = f"{where}transactions.{place}"
            if not isinstance(fields, dict):
                raise Broken("is no transaction with fields", path=path)
            yield path, fields


def _entry(fields: Mapping[str, Any], path: str, seen: Counter[str]) -> Entry:
    side, state = _text(fields, "TRANTYPE", path), _text(fields, "PR_PR", path)
    if side not in _SIGNS:
        raise Broken(f"has {side[:20]!r} where TRANTYPE is C or D", path=f"{path}.TRANTYPE")
    if state not in _STATES:
        raise Broken(f"has {state[:20]!r} where PR_PR is one of {', '.join(_STATES)}", path=f"{path}.PR_PR")
    real = _text(fields, "FL_REAL", path)
    if real not in ("r", "i"):
        raise Broken(f"has {real[:20]!r} where FL_REAL is r or i", path=f"{path}.FL_REAL")
    amount = _amount(fields, path)
    amount = Money(_SIGNS[side] * amount.minor, amount.currency)
    reference = _text(fields, "REF", path, needed=True) + _text(fields, "REFN", path)
    seen[reference] += 1
    text = _text(fields, "OSND", path)
    day = _day(_text(fields, "DAT_OD", path, needed=True), f"{path}.DAT_OD")
    return Entry(
        key=reference if seen[reference] == 1 else f"{reference}/{seen[reference]}",
        amount=amount,
        booked_on=day,
        valued_on=day,
        status=_STATES[state] if real == "r" else Status.INFORMATION,
        line=1,
        transactions=(
            Transaction(
                amount=amount,
                party=Party(
                    _text(fields, "AUT_CNTR_NAM", path),
                    _text(fields, "AUT_CNTR_ACC", path),
                    _text(fields, "AUT_CNTR_CRF", path),
                ),
                references=unique(of_text(text)),
                text=text,
                bank_reference=reference,
            ),
        ),
        code=_text(fields, "DOC_TYP", path),
        bank_reference=reference,
        text=_text(fields, "NUM_DOC", path),
    )


def _text(fields: Mapping[str, Any], name: str, path: str, *, needed: bool = False) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, (str, Decimal)):
        raise Broken(f"has no text where {name} is", path=f"{path}.{name}")
    text = "" if value is None else " ".join(str(value).split())
    if needed and not text:
        raise Broken(f"has no {name}", path=f"{path}.{name}")
    # JSON can name halves of characters, and NUL, which no database keeps.
    if _UNKEPT.search(text):
        raise Broken(f"has in {name} what is no character", path=f"{path}.{name}")
    return text


def _amount(fields: Mapping[str, Any], path: str) -> Money:
    text, currency = _text(fields, "SUM", path), _text(fields, "CCY", path)
    try:
        if not re.fullmatch(r"[0-9]{1,15}(?:\.[0-9]{1,2})?", text, re.ASCII):
            raise InvalidOperation
        return Money.from_decimal(Decimal(text), currency)
    except (InvalidOperation, NotExact) as error:
        raise Broken(f"has {text[:20]!r} {currency[:5]!r} where SUM and CCY are", path=f"{path}.SUM") from error


def _day(text: str, path: str) -> date:
    found = _DAY.fullmatch(text[:10])
    try:
        if found:
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise Broken(f"has {text[:20]!r} where a day is written DD.MM.YYYY", path=path)
