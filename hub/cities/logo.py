"""A town's logo, read once when the town is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.cities.loader import fault_in
from hub.cities.model import City

_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_LARGEST = 256 * 1024
_REMEDY = "Put an SVG or PNG file of at most 256 KB beside city.yaml and write its name."


@dataclass(frozen=True, slots=True)
class Logo:
    """`media_type` is image/svg+xml or image/png."""

    media_type: str
    content: bytes


def open_logo(city: City, file: Path) -> Logo | None:
    """The logo that `look.logo` names; `file` is the town's city.yaml. Raises ConfigurationError."""
    name = city.look.logo
    if name is None:
        return None
    logo, place = file.parent / name, ("look", "logo")
    media_type = _MEDIA_TYPES.get(logo.suffix.lower())
    if media_type is None or Path(name).name != name:
        raise fault_in(file, place, f"{name!r} is no SVG or PNG file beside city.yaml", _REMEDY)
    try:
        content = logo.read_bytes()
    except OSError as error:
        raise fault_in(file, place, f"{name!r} cannot be read: {error.strerror}", _REMEDY) from error
    if len(content) > _LARGEST:
        raise fault_in(file, place, f"{name!r} has more than 256 KB", _REMEDY)
    return Logo(media_type, content)
