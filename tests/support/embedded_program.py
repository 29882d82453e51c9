"""A program that uses the private server in VAR until its input ends: `… VAR [BINARIES]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hub.storage.embedded import EmbeddedPostgres
from hub.storage.embedded_roles import SUPERUSER
from hub.storage.provision import ROLES


def main() -> None:
    var, *binaries = (Path(argument) for argument in sys.argv[1:])
    with EmbeddedPostgres(var, *binaries) as server:
        urls = {role: server.url(role) for role in (SUPERUSER, *ROLES)}
        sys.stdout.write(json.dumps({"home": str(server.home), "urls": urls}) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    main()
