"""Tables of codes: written where they are used, or kept in a file that several mappings share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from hub.kit.yaml_document import load
from hub.mapping.block import Block, Code

_REMEDY = "Write { code of the source: our value, … }, or { file: codes/name.yaml }."


def table_block(block: Block) -> Block:
    """The codes of a `table:`; of `{ file: codes/kinds.yaml }` those in that file.

    The file is looked for beside the mapping, then beside its folder, so that back offices can share it. Complaints
    about what is in it name it and its lines.
    """
    if not isinstance(block.value, dict) or not block.value:
        raise block.error("is not a table of codes", remedy=_REMEDY)
    name = block.value.get("file")
    if len(block.value) > 1 or not isinstance(name, str) or not name.endswith((".yaml", ".yml")):
        return block
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name:
        raise block.error(
            f"{name!r} leads out of the folder of mappings", at="file", remedy="Write it as codes/kinds.yaml."
        )
    folder = Path(block.document.path).parent
    found = next((place for place in (folder / relative, folder.parent / relative) if place.is_file()), None)
    if found is None:
        raise block.error(
            f"there is no {name}", at="file", remedy=f"Put it beside this mapping, or into {folder.parent}."
        )
    document = load(found)
    table = Block(document, (), document.data)
    if not isinstance(table.value, dict) or not table.value:
        raise table.error("is not a table of codes", remedy="Write a line for each code: K: fee.")
    return table


def turned_round(block: Block) -> Callable[[Any], Any]:
    """A table from codes to our values, read from its right side. Each of our values has one code, or it is refused.

    A code for nothing (null) and `'*'` say nothing about what to send and are passed over.
    """
    block = table_block(block)
    codes: dict[tuple[bool, Any], tuple[Code | int, str]] = {}
    for key, entry in block.items():
        value = entry.value
        if value is None or key == "*":
            continue
        if not isinstance(value, (str, int)):
            raise entry.error("is not one value", remedy="A table for sending holds texts, numbers or booleans.")
        entry.code(key)
        ours = (isinstance(value, bool), str(value))
        if ours in codes:
            raise entry.error(
                f"{value!r} has the code {codes[ours][0]!r} already: which of them is sent is not said",
                remedy="Keep one code for each of our values here.",
            )
        codes[ours] = (key, str(value))

    def write(value: Any) -> Any:
        if isinstance(value, (str, int)):
            found = codes.get((isinstance(value, bool), str(value)))
            if found is not None:
                return found[0]
        known = ", ".join(shown for _, shown in codes.values())
        raise ValueError(f"has no code in the table (known: {known})")

    return write
