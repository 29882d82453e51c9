"""Finds and reads the towns on a search path.

A folder on the path holds `cities/<slug>/city.yaml` and, beside it, `mappings/<back office>/`. An earlier
folder wins over a later one for the same slug, so that a host keeps its own towns beside ours. A town may
build on shared blocks: `extends: [../../shared/vera.yaml]` names files whose keys it inherits and may
override, key by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.cities.model import City
from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlDocument, load

_MOST_BLOCKS = 20


def town_files(path: Iterable[Path]) -> dict[str, Path]:
    """`city.yaml` of every town by its folder's name."""
    files: dict[str, Path] = {}
    for folder in path:
        if not (folder / "cities").is_dir():
            raise ConfigurationError(
                f"{folder} has no folder 'cities'",
                key="MUNIHUB_CONFIG_PATH",
                remedy="Name folders that hold cities/<slug>/city.yaml.",
            )
        for file in sorted(folder.glob("cities/*/city.yaml")):
            files.setdefault(file.parent.name, file)
    return files


def load_city(file: Path) -> City:
    """One town from its file."""
    documents = _with_blocks(file)
    try:
        city = City.model_validate(_merged(documents))
    except ValidationError as error:
        raise _explain(error, documents) from error
    if city.slug != file.parent.name:
        raise ConfigurationError(
            f"the slug {city.slug!r} is not the folder's name {file.parent.name!r}",
            file=str(file),
            line=documents[0].line(("slug",)),
            key="slug",
            remedy="Rename one of them.",
        )
    return city


def _with_blocks(file: Path) -> list[YamlDocument]:
    """The town's own document first, then the blocks it extends, nearest first."""
    documents: list[YamlDocument] = []
    waiting = [file]
    while waiting:
        document = load(waiting.pop(0))
        if not isinstance(document.data, dict):
            raise ConfigurationError("a town is a mapping of keys to values", file=str(document.path), line=1)
        documents.append(document)
        if len(documents) > _MOST_BLOCKS:
            raise ConfigurationError(
                "the blocks extend each other without end",
                file=str(file),
                key="extends",
                remedy="Break the circle.",
            )
        blocks = document.data.get("extends") or []
        if not isinstance(blocks, list) or not all(isinstance(block, str) for block in blocks):
            raise ConfigurationError(
                "extends is a list of files",
                file=str(document.path),
                line=document.line(("extends",)),
                key="extends",
                remedy="Write extends: [../../shared/block.yaml].",
            )
        waiting += [(document.path.parent / block).resolve() for block in blocks]
    return documents


def _merged(documents: list[YamlDocument]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for document in reversed(documents):
        merged = _over(merged, {key: value for key, value in document.data.items() if key != "extends"})
    return merged


def _over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        result[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _explain(error: ValidationError, documents: list[YamlDocument]) -> ConfigurationError:
    """The first fault, at the line where its key stands; the others are counted."""
    faults = error.errors(include_url=False)
    fault = faults[0]
    where = tuple(part for part in fault["loc"] if not (isinstance(part, str) and part.startswith(("function-", "["))))
    # A missing key has no line of its own: the nearest enclosing key that was written has.
    for length in range(len(where), -1, -1):
        for document in documents:
            if (line := document.line(where[:length])) is not None:
                return _configuration_error(fault, where, document, line, len(faults) - 1)
    return _configuration_error(fault, where, documents[0], 1, len(faults) - 1)


def _configuration_error(
    fault: Any, where: tuple[int | str, ...], document: YamlDocument, line: int, others: int
) -> ConfigurationError:
    message = str(fault["msg"]).removeprefix("Value error, ")
    remedy = {
        "missing": "Add it.",
        "extra_forbidden": "Remove it, or correct its spelling.",
    }.get(fault["type"])
    if fault["type"] == "missing":
        message = "this key is needed"
    elif fault["type"] == "extra_forbidden":
        message = "there is no such key here"
    if others:
        remedy = (
            f"{remedy or ''} Then there {'is one more fault' if others == 1 else f'are {others} more faults'}.".strip()
        )
    return ConfigurationError(
        message,
        file=str(document.path),
        line=line,
        key=".".join(str(part) for part in where) or None,
        remedy=remedy,
    )
