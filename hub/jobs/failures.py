"""What is kept of an error: enough to find the cause, nothing a citizen would mind."""

from __future__ import annotations

import traceback
from pathlib import Path

from hub.kernel.errors import HubError

_LONGEST = 500


def describe(error: BaseException) -> str:
    """`code: operator's text`, at most 500 characters.

    The text of a HubError holds no personal data (hub.kernel.errors); any other error may quote the values it
    stumbled over, so only its type and place are told.
    """
    if isinstance(error, HubError):
        text = f"{error.code}: {error}"
    else:
        places = places_of(error)
        text = f"unexpected: {type(error).__name__}" + (f" at {places[-1]}" if places else "")
    # What PostgreSQL cannot keep as text must not keep a job from ending.
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST]


def places_of(error: BaseException) -> list[str]:
    """`file.py:12 function`, outermost first, of the frames that are not a library's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in ours or frames]
