"""Finds and reads the towns on a search path.

A folder on the path holds `cities/<slug>/city.yaml` and, beside it, `mappings/<back office>/`. An earlier
folder wins over a later one for the same slug, so that a host keeps its own towns beside ours. A town may
build on shared blocks: `extends: [../../shared/vera.yaml]` names files whose keys it inherits and may
override, key by key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.cities import faults
from hub.cities.model import City
from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlDocument, YamlPath, load

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
    documents = read_documents(file)
    data = _merged(documents)
    try:
        city = City.model_validate(data)
    except ValidationError as error:
        # Not its cause: pydantic would show what was written, which may be a secret at a wrong place.
        raise faults.explain(error, documents, data, City) from None
    if city.slug != file.parent.name:
        raise ConfigurationError(
            f"the slug {city.slug!r} is not the folder's name {file.parent.name!r}",
            file=str(file),
            line=documents[0].line(("slug",)),
            key="slug",
            remedy="Rename one of them.",
        )
    return city


def fault_in(file: Path, place: YamlPath, problem: str, remedy: str | None) -> ConfigurationError:
    """A fault at `place` of a town's file, or of the block where that was written."""
    written, line = faults.locate(read_documents(file), place)
    return ConfigurationError(problem, file=written, line=line, key=faults.dotted(place), remedy=remedy)


def home_of(file: Path, place: YamlPath) -> Path:
    """The folder of the document in which `place` of a town's file is written: files named there lie beside it."""
    written, _ = faults.locate(read_documents(file), place)
    return Path(written).parent


def clashes(towns: Mapping[str, City], files: Mapping[str, Path]) -> dict[str, ConfigurationError]:
    """Towns that share an id or a host: all of them, since nobody here knows whose it is."""
    owners: dict[tuple[str, int | str], list[str]] = defaultdict(list)
    for slug, city in towns.items():
        owners["id", city.id].append(slug)
        for host in dict.fromkeys(city.hosts):
            owners["hosts", host].append(slug)
    remedies = {
        "id": "An id is given once and for all: give the newer town one that nobody had.",
        "hosts": "Leave the host to the town it belongs to.",
    }
    found: dict[str, ConfigurationError] = {}
    for (key, value), slugs in owners.items():
        for slug in slugs if len(slugs) > 1 else ():
            others = " and ".join(other for other in slugs if other != slug)
            found[slug] = fault_in(files[slug], (key,), f"{value} is also that of {others}", remedies[key])
    return found


def read_documents(file: Path) -> list[YamlDocument]:
    """The town's own document first, then the blocks it extends, nearest first."""
    documents: list[YamlDocument] = []
    waiting = [file]
    while waiting:
        document = load(waiting.pop(0))
        if not isinstance(document.data, dict):
            raise ConfigurationError(
                "this is not a town: it has no keys",
                file=str(document.path),
                line=1,
                remedy="Write lines such as `slug: pregrada`; begin with a copy of another town's file.",
            )
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
        for number, block in enumerate(blocks):
            if not (named := (document.path.parent / block).resolve()).is_file():
                raise ConfigurationError(
                    f"there is no file {named}",
                    file=str(document.path),
                    line=document.line(("extends", number)),
                    key="extends",
                    remedy="Write its path as seen from this file's folder.",
                )
            waiting.append(named)
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
