"""All paths of a mapping as one tree, so that a record is read in a single pass.

Each path gets a slot: a place in the list that reading a record fills and fields are made from. Repeated
parts that fields make lists of have a layout of their own.
"""

from __future__ import annotations

from typing import Any

from hub.mapping.paths import Path, Step, join_paths, show_path

Raw = list[Any]
"""What one record holds, by slot: a value or None; a list of values where a slot takes many."""


class Node:
    """One element or key, and what is wanted of it."""

    __slots__ = ("attributes", "children", "copies", "inner", "many", "path", "slot", "subtree")

    def __init__(self, path: str) -> None:
        self.path = path  # From the record, as drift names it.
        self.slot: int | None = None  # Its own text or value.
        self.many: int | None = None  # All values where it is repeated.
        self.inner: tuple[int, Layout] | None = None  # Its occurrences, each read with a layout of its own.
        self.copies: int | None = None  # Its occurrences, each of which makes a record.
        self.attributes: dict[Step, int | None] = {}  # None: ignored.
        self.children: dict[Step, Node] = {}
        self.subtree = False  # Everything below may be there.

    @property
    def container(self) -> bool:
        return bool(self.children or self.attributes)

    @property
    def leaf(self) -> bool:
        """Nothing but its one value is wanted."""
        more = self.container or self.many is not None or self.inner is not None or self.copies is not None
        return self.slot is not None and not more


class Layout:
    def __init__(self, path: str = "") -> None:
        self.root = Node(path)
        self.paths: list[str] = []  # What the mapping wrote for each slot.
        self._inner: dict[Path, tuple[int, Layout]] = {}

    def slot(self, path: Path, text: str) -> int:
        """The slot of the one value at `path`."""
        if path and path[-1].attribute:
            attributes = self._node(path[:-1]).attributes
            known = attributes.get(path[-1])
            if known is None:
                known = attributes[path[-1]] = self._new(text)
            return known
        node = self._node(path)
        if node.slot is None:
            node.slot = self._new(text)
        return node.slot

    def many(self, path: Path, text: str) -> int:
        """The slot of the list of all values at `path`, in the order of the document."""
        if not path or path[-1].attribute:
            raise ValueError(f"{text!r} cannot be repeated")
        node = self._node(path)
        if node.many is None:
            node.many = self._new(text)
        return node.many

    def inner(self, path: Path, text: str) -> tuple[int, Layout]:
        """The slot of the list of elements at `path`, and the layout to read each with."""
        if not path or path[-1].attribute:
            raise ValueError(f"{text!r} cannot be repeated")
        node = self._node(path)
        if node.inner is None:
            node.inner = self._inner[path] = (self._new(text), Layout(node.path))
        return node.inner

    def copies(self, path: Path, text: str) -> list[Node]:
        """The nodes along `path`, each of whose occurrences makes a copy of the record read so far."""
        if not path or path[-1].attribute:
            raise ValueError(f"{text!r} cannot be repeated")
        nodes = [self._node(path[: length + 1]) for length in range(len(path))]
        for node in nodes:
            node.copies = self._new(text)
        return nodes

    def ignore(self, path: Path, *, subtree: bool) -> None:
        """Makes `path` known without reading it; call it after all others."""
        for repeated, (_, layout) in self._inner.items():
            if path[: len(repeated)] == repeated and (len(path) > len(repeated) or subtree):
                return layout.ignore(path[len(repeated) :], subtree=subtree)
        if path and path[-1].attribute:
            self._node(path[:-1]).attributes.setdefault(path[-1], None)
            return None
        node = self._node(path)
        node.subtree = node.subtree or subtree
        return None

    def finish(self) -> None:
        """Call it last. Raises ValueError where a path leads into a list that `each` reads."""
        for path in self._inner:
            if self._node(path).container:
                raise ValueError(f"a path leads into {show_path(path)!r}, which `each` repeats")
        _spread(self.root)
        for _, layout in self._inner.values():
            layout.finish()

    def _new(self, text: str) -> int:
        self.paths.append(text)
        return len(self.paths) - 1

    def _node(self, path: Path) -> Node:
        node = self.root
        for step in path:
            child = node.children.get(step)
            if child is None:
                other = next((known for known in node.children if known.name == step.name), None)
                if other is not None and (other.uri is None or step.uri is None):
                    raise ValueError(f"{show_path(path)!r} stands in this mapping with and without a namespace prefix")
                child = node.children[step] = Node(join_paths(node.path, show_path((step,))))
            node = child
        return node


def _spread(node: Node) -> None:
    """Below a subtree that may hold anything, everything may hold anything."""
    for child in node.children.values():
        child.subtree = child.subtree or node.subtree
        _spread(child)
    if node.inner and node.subtree:
        node.inner[1].root.subtree = True
