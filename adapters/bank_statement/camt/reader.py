"""Reads a camt file: heads and entries as they come, each entry let go before the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from adapters.bank_statement.camt import head
from adapters.bank_statement.camt.entries import entry
from adapters.bank_statement.camt.stream import CONTAINERS, Stream, remove
from adapters.bank_statement.camt.tree import Node, names, text, tree, under
from hub.kit.statement_sums import Sums
from hub.ports.bank_statement import Broken, Item, Kind, Options, Statement, Told

_KINDS = {"052": Kind.REPORT, "053": Kind.STATEMENT, "054": Kind.NOTIFICATION}
_VERSION = re.compile(r"camt\.(05[234])\.[0-9]{3}\.[0-9]{2}")
_NAMESPACE = re.compile(rb"""xmlns(?::[\w.-]+)?\s*=\s*["'][^"']*camt\.05[234]\.[0-9]{3}\.[0-9]{2}["']""")
_MOST_BALANCES = 10_000
USUAL = Options()


class Camt:
    """The format `camt`."""

    id = "camt"

    def recognises(self, head: bytes, name: str) -> bool:
        """By the namespace, in whatever encoding and envelope."""
        return _NAMESPACE.search(head.replace(b"\0", b"")) is not None

    def read(self, file: BinaryIO, options: Options = USUAL) -> Iterator[Item]:
        """Raises Broken."""
        stream = Stream(file, options.encoding)
        current: _Statement | None = None
        group: Node | None = None
        for element in stream:
            try:
                of = _container(element)
                if current is None:
                    current = _Statement(of, group)
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


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _Statement:
    """One `Stmt`, `Rpt` or `Ntfctn` while its entries pass."""

    def __init__(self, element: etree._Element, group: Node | None) -> None:
        namespace = etree.QName(element).namespace or ""
        version = _VERSION.search(namespace)
        self.element = element
        if not version:
            raise Broken("a statement stands in no namespace of camt.052, camt.053 or camt.054")
        self._version, self._kind = version[0], _KINDS[version[1]]
        self._names = names(namespace)
        self._entry_tag = f"{{{namespace}}}Ntry"
        self.group = self._group(element) if group is None else group
        self._node: Node = {}
        self._balances: list[head.Said] = []
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
        yield self._sums.end(
            head.opening(self._balances, currency),
            closing,
            head.told(under(self._node, "TxsSummry"), currency) if "TxsSummry" in self._node else Told(),
            differences=head.breaks(self._balances, currency),
            compare_balances=comparable,
        )

    def late(self, element: etree._Element) -> None:
        """Balances and totals that a bank writes after its entries, or between them."""
        if self._statement is None or element.tag == self._entry_tag:
            return
        if element.tag == self._balance_tag:
            if len(self._balances) >= _MOST_BALANCES:
                raise Broken(f"a statement has more than {_MOST_BALANCES} balances")
            self._balances.append(head.balance(tree(element, self._names), self._sums.currency))
        elif element.tag == f"{self._entry_tag[:-4]}TxsSummry":
            self._node.setdefault("TxsSummry", tree(element, self._names))

    @property
    def _balance_tag(self) -> str:
        return f"{self._entry_tag[:-4]}Bal"

    def _begin(self, before: list[etree._Element], first: Node) -> Statement:
        """What stands before the first entry. Currency: the account's, else a balance's, else the first entry's."""
        self._node = tree(before, self._names)
        nodes = [tree(one, self._names) for one in before if one.tag == self._balance_tag]
        if len(nodes) > _MOST_BALANCES:
            raise Broken(f"a statement has more than {_MOST_BALANCES} balances")
        amounts = [one.get("Amt") for one in (*nodes, first)]
        currency = text(self._node, "Acct", "Ccy") or next(
            (one[1] for one in amounts if isinstance(one, tuple) and one[1]), ""
        )
        self._balances = [head.balance(one, currency) for one in nodes]
        self._statement = head.statement(self._node, self.group, self._kind, self._version, self._balances, currency)
        if not currency:
            raise Broken("a statement names no currency: not of its account, its balances or its first entry")
        self._sums = Sums(currency)
        for one in before:
            remove(one)
        return self._statement

    def _group(self, element: etree._Element) -> Node:
        for sibling in element.itersiblings(preceding=True):
            if sibling.tag == f"{self._entry_tag[:-4]}GrpHdr":
                return tree(sibling, self._names)
        return {}


def _let_go(element: etree._Element, statement: _Statement) -> None:
    """Frees the entry and all before it; not itself from its parent, since the parser may still add to it."""
    element.clear()
    while (previous := element.getprevious()) is not None:
        statement.late(previous)
        remove(previous)
