"""Where a login may lead back to: an address of ours and nothing else (no open redirect)."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from hub.kernel.errors import InvalidRequest

# Printable ASCII without what browsers read as something else: `\` as `/`, and tabs and line ends as nothing at all
# (WHATWG URL, "basic URL parser").
_PLAIN = re.compile(r"/(?![/\\])[!-\[\]-~]*\Z")
_LONGEST = 4_096


def own_path(path: str) -> str:
    """`path` as it is: a path with its query below the town's address, such as `/oauth2/authorize?…`.

    Raises InvalidRequest for an address with a scheme or host, for one that climbs out of the town (`..`, also
    encoded), and for characters that no path has.
    """
    parts = urlsplit(path) if len(path) <= _LONGEST and _PLAIN.match(path) else None
    if (
        parts is None
        or parts.scheme
        or parts.netloc
        or parts.fragment
        or any(unquote(segment) in {".", ".."} or "\\" in unquote(segment) for segment in parts.path.split("/"))
        or "//" in unquote(parts.path)
    ):
        raise InvalidRequest("A login leads back to a path of this town and nowhere else.", field="continue_to")
    return path
