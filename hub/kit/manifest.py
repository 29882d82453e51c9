"""A plug-in declares itself in `manifest.yaml`, which is read before any of its code is imported.

id: rest                                        # equals the folder's name
kind: connector
name: REST
entry: connectors.rest.connector:RestConnector  # module and class
summary: Reads JSON or XML over HTTP.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.kernel.errors import ConfigurationError
from hub.kit import yaml_document


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: Literal["connector", "eid", "payment_gateway"]
    name: Annotated[str, Field(min_length=1)]
    entry: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+:[A-Za-z0-9_]+$")]
    summary: Annotated[str, Field(min_length=1)]

    def load(self) -> Any:
        """The class that `entry` names. Only here is the plug-in's code imported."""
        module, _, name = self.entry.partition(":")
        return getattr(import_module(module), name)


def scan(package_folder: Path, package: str | None = None) -> dict[str, Manifest]:
    """The manifests of all plug-ins in `package_folder`, such as `connectors/`, by id in alphabetical order.

    `package` is its dotted name where that is not the folder's own, such as `identity.providers`.

    Every sub-folder that is a Python package is a plug-in. Raises ConfigurationError for one without a
    manifest, with a wrong one, with an id that is not the folder's name, or with an entry outside it.
    """
    folders = sorted(path.parent for path in package_folder.glob("*/__init__.py"))
    return {folder.name: _read(folder, package or package_folder.name) for folder in folders}


def _read(folder: Path, package: str) -> Manifest:
    file = folder / "manifest.yaml"
    if not file.is_file():
        remedy = "Add it, with id, kind, name, entry and summary; every folder here is a plug-in."
        raise ConfigurationError("this plug-in has no manifest", file=str(file), remedy=remedy)
    document = yaml_document.load(file)
    try:
        manifest = Manifest.model_validate(document.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or None
        remedy = (
            "A manifest has id, kind (connector, eid, payment_gateway), name, entry (package.id.module:Class), summary."
        )
        line = document.line(first["loc"])
        raise ConfigurationError(first["msg"], file=str(file), line=line, key=key, remedy=remedy) from None
    if manifest.id != folder.name:
        remedy = f"Write id: {folder.name}, or rename the folder."
        problem = f"{manifest.id!r} is not the folder's name"
        raise ConfigurationError(problem, file=str(file), key="id", remedy=remedy)
    home = f"{package}.{folder.name}."
    if not manifest.entry.startswith(home):
        remedy = f"Write {home}module:Class."
        raise ConfigurationError(
            f"{manifest.entry} is outside the plug-in's folder", file=str(file), key="entry", remedy=remedy
        )
    return manifest
