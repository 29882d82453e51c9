"""The fixed secrets of the simulators."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml


@cache
def _secrets() -> dict[str, str]:
    text = resources.files("simulators").joinpath("secrets.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


def secret(name: str) -> str:
    """The value of a secret of simulators/secrets.yaml; raises KeyError for an unknown name."""
    return _secrets()[name]
