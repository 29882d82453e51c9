"""Reads a camt file: heads and entries as they come, each entry let go before the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from lxml import etree

from adapters.bank_statement.camt import head
from adapters.bank_statement.camt.entries import entry
from adapters.bank_statement.camt.stream import CONTAINERS, Stream, remove
from adapters.bank_statement.camt.tree import Node, money, names, tag, text, tree, under
from hub.kernel.money import NotExact
from hub.kit.statement_sums import Sums
from hub.ports.bank_statement import Broken, Item, Kind, Options, Statement, Told

_MESSAGES = {"BkToCstmrAcctRpt": "052", "BkToCstmrStmt": "053", "BkToCstmrDbtCdtNtfctn": "054"}
_KINDS = {"052": Kind.REPORT, "053": Kind.STATEMENT, "054": Kind.NOTIFICATION}
_VERSION = re.compile(r"camt\.(05[234])\.[0-9]{3}\.[0-9]{2}")
# ISO's namespaces end with the version, those of Austria (`ISO:camt.053.001.02:APC:STUZZA:payments:003`) do not; a
# message without any is known by its element.
_MEANT = re.compile(
    rb"""xmlns(?::[\w.-]+)?\s*=\s*["'][^"']*camt\.05[234]\.[0-9]{3}\.[0-9]{2}[^"']*["']"""
    rb"""|<(?:[\w.-]+:)?BkToCstmr(?:AcctRpt|Stmt|DbtCdtNtfctn)(?:V01)?[\s/>]"""
)
_MOST_BALANCES = 10_000
USUAL = Options()


class Camt:
    """The format `camt`."""

    id = "camt"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the namespace or the message, in whatever encoding and envelope."""
        return _MEANT.search(head.replace(b"\0", b"")) is not None

    def read(self, file: BinaryIO, options: Options = USUAL) -> Iterator[Item]:
        """Raises Broken."""
        stream = Stream(file, options.encoding)
        current: _Statement | None = None
        group: Node | None = None
        for element in stream:
            try:
                of = _container(element)
                if current is None:
                    current = _Statement(of, group, stream.line)
                    group = current.group
                elif current.element is not of:
                    raise Broken("a statement stands inside a statement")
                if element is not of:
                    yield from current.entry(element, stream.line(element))
                    _let_go(element, current)
                    continue
                yield from current.end()
                current = None
                element.clear()
                while (previous := element.getprevious()) is not None:
                    remove(previous)
            except Broken as error:
                if error.line is None:
                    error.line = stream.line(element)
                raise
        if group is None:
            raise Broken("holds no statement of camt.052, camt.053 or camt.054", line=1)


def _container(element: etree._Element) -> etree._Element:
    """The statement of an entry, or the statement itself. Raises Broken where one stands in the wrong place."""
    parent = element.getparent()
    inside = parent is not None and _local(parent) in CONTAINERS
    if _local(element) == "Ntry":
        if parent is None or not inside:
            raise Broken("an entry stands outside a statement")
        return parent
    if inside:
        raise Broken("a statement stands inside a statement")
    return element


def _message(element: etree._Element, namespace: str) -> tuple[str, Kind]:
    """Of a statement: version and kind, by its namespace, else by the message it stands in. Raises Broken."""
    if version := _VERSION.search(namespace):
        return version[0], _KINDS[version[1]]
    parent = element.getparent()
    number = None if parent is None else _MESSAGES.get(_local(parent).removesuffix("V01"))
    if not number:
        raise Broken("a statement stands in no message and in no namespace of camt.052, camt.053 or camt.054")
    return f"camt.{number}", _KINDS[number]


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _Statement:
    """One `Stmt`, `Rpt` or `Ntfctn` while its entries pass."""

    def __init__(self, element: etree._Element, group: Node | None, line: Callable[[etree._Element], int]) -> None:
        namespace = etree.QName(element).namespace or ""
        self.element, self._line = element, line
        self._version, self._kind = _message(element, namespace)
        self._names = names(namespace)
        self._entry_tag, self._balance_tag, self._summary_tag, self._group_tag = (
            tag(namespace, name) for name in ("Ntry", "Bal", "TxsSummry", "GrpHdr")
        )
        self.group = self._group(element) if group is None else group
        self._node: Node = {}
        self._balances: list[head.Said] = []
        self._differences: list[str] = []
        self._statement: Statement | None = None
        self._sums = Sums("")
        self._number = 0

    def entry(self, element: etree._Element, line: int) -> Iterator[Item]:
        if element.tag != self._entry_tag:
            raise Broken("an entry stands in another namespace than its statement")
        node = tree(element, self._names)
        if self._statement is None:
            yield self._begin(list(element.itersiblings(preceding=True))[::-1], node)
        assert self._statement is not None
        self._number += 1
        made = entry(node, self._statement, number=self._number, line=line)
        self._sums.add(made)
        yield made

    def end(self) -> Iterator[Item]:
        if self._statement is None:
            yield self._begin(list(self.element), {})
        else:
            for child in self.element:
                self.late(child)
        currency = self._sums.currency
        closing, comparable = head.closing(self._balances, currency)
        end = self._sums.end(
            head.opening(self._balances, currency),
            closing,
            head.told(under(self._node, "TxsSummry"), currency) if "TxsSummry" in self._node else Told(),
            differences=[*self._differences, *head.breaks(self._balances, currency)],
            compare_balances=comparable,
        )
        if end.agrees is False and head.page_of(self._node, self.group)[1]:
            # What is missing may stand on the other pages: nothing to raise an alarm about.
            end = replace(end, agrees=None, differences=tuple(f"On this page alone: {one}" for one in end.differences))
        yield end

    def late(self, element: etree._Element) -> None:
        """Balances and totals that a bank writes after its entries, or between them."""
        if self._statement is None or element.tag == self._entry_tag:
            return
        if element.tag == self._balance_tag:
            self._balance(element, self._sums.currency)
        elif element.tag == self._summary_tag:
            self._node.setdefault("TxsSummry", tree(element, self._names))

    def _balance(self, element: etree._Element, currency: str) -> None:
        """One that is compared. Nothing is booked by it: where its amount is not exact, as sums of floating numbers
        are, that is told. Raises Broken.
        """
        if len(self._balances) + len(self._differences) >= _MOST_BALANCES:
            raise Broken(f"a statement has more than {_MOST_BALANCES} balances")
        try:
            node = tree(element, self._names)
            if head.code_of(node) in head.USED:
                self._balances.append(head.balance(node, currency))
        except Broken as error:
            if not isinstance(error.__cause__, NotExact):
                error.line = self._line(element)
                raise
            self._differences.append(f"The balance {head.code_of(node)} is not compared: {error.problem}.")

    def _begin(self, before: list[etree._Element], first: Node) -> Statement:
        """What stands before the first entry. Currency: the account's, else a balance's, else the first entry's."""
        self._node = tree(before, self._names)
        balances = [one for one in before if one.tag == self._balance_tag]
        amounts = (one.get("Amt") for one in (*(tree(one, self._names) for one in balances), first))
        currency = text(self._node, "Acct", "Ccy") or next(
            (one[1] for one in amounts if isinstance(one, tuple) and one[1]), ""
        )
        if currency:
            money("0", currency)
        for one in balances:
            self._balance(one, currency)
        self._statement = head.statement(self._node, self.group, self._kind, self._version, self._balances, currency)
        if not currency:
            raise Broken("a statement names no currency: not of its account, its balances or its first entry")
        self._sums = Sums(currency)
        for one in before:
            remove(one)
        return self._statement

    def _group(self, element: etree._Element) -> Node:
        for sibling in element.itersiblings(preceding=True):
            if sibling.tag == self._group_tag:
                return tree(sibling, self._names)
        return {}


def _let_go(element: etree._Element, statement: _Statement) -> None:
    """Frees the entry and all before it; not itself from its parent, since the parser may still add to it."""
    element.clear()
    while (previous := element.getprevious()) is not None:
        statement.late(previous)
        remove(previous)
