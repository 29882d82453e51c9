"""A town while it is opened: what each of its parts is opened with, and how a mistake in one is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from hub.bootstrap.nouns import TARGETS
from hub.cities.loader import fault_in
from hub.cities.model import City
from hub.delivery.definition import Definition, compile_delivery
from hub.kernel.errors import ConfigurationError
from hub.kit.secrets import find_secret
from hub.kit.yaml_document import YamlPath
from hub.mapping.compile import compile_mapping
from hub.mapping.mapping import Mapping as RecordMapping
from hub.ports.back_office import Connector
from hub.settings import Settings


class Compiled:
    """What was made of files while towns are opened: those that share a file and a time zone share it, too.

    It lives no longer than the opening, so that nobody gets what an older version of a file said.
    """

    def __init__(self) -> None:
        self._mappings: dict[tuple[Path, ZoneInfo], RecordMapping] = {}
        self._deliveries: dict[tuple[Path, ZoneInfo, str], Definition] = {}

    def mapping(self, file: Path, timezone: ZoneInfo) -> RecordMapping:
        key = (file.resolve(), timezone)
        if key not in self._mappings:
            self._mappings[key] = compile_mapping(file, TARGETS, timezone=timezone)
        return self._mappings[key]

    def delivery(self, file: Path, kind: str, timezone: ZoneInfo, connector: Connector | None) -> Definition:
        """With a connector it is one town's: its operations go to that town's back office."""
        if connector is not None:
            return compile_delivery(file, kind, timezone=timezone, connector=connector)
        key = (file.resolve(), timezone, kind)
        if key not in self._deliveries:
            self._deliveries[key] = compile_delivery(file, kind, timezone=timezone, connector=None)
        return self._deliveries[key]


@dataclass(frozen=True)
class Opening:
    """A town that is being opened.

    `file`     its city.yaml
    `connect`  whether connectors are built, which is the worker's business
    """

    city: City
    file: Path
    settings: Settings
    compiled: Compiled
    connect: bool

    @property
    def secret(self) -> Callable[[str], SecretStr]:
        """Finds a secret by its name."""
        return partial(find_secret, folder=self.settings.secrets)

    def fault(self, place: YamlPath, problem: str, remedy: str | None) -> ConfigurationError:
        return fault_in(self.file, place, problem, remedy)

    @contextmanager
    def at(self, *place: str) -> Iterator[None]:
        """What is wrong inside and names no file is wrong at `place` of the town's, or at a key below it."""
        try:
            yield
        except ConfigurationError as error:
            if error.file:
                raise
            below = error.key.split(".") if error.key else ()
            raise self.fault((*place, *below), error.problem, error.remedy) from None
