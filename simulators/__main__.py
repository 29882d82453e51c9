"""`python -m simulators NAME [--port N]`: run one stand-in until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sys
from importlib import import_module

from simulators.kit.serve import serve
from simulators.kit.switches import CONTROL

NAMES = ("pregrada_financije", "pregrada_urudzbeni", "vzorov_ucetnictvi", "vzorov_registr")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--port", type=int, help="instead of the one in config/cities")
    arguments = parser.parse_args()
    module = import_module(f"simulators.{arguments.name}")
    port = module.PORT if arguments.port is None else arguments.port

    def announce(url: str) -> None:
        sys.stdout.write(f"{arguments.name} on {url} (switches: {CONTROL})\n")
        sys.stdout.flush()

    try:
        asyncio.run(serve(module.app(), port, announce))
    except OSError as error:
        sys.exit(f"port {port} cannot be used: {error.strerror}. Choose another with --port.")


if __name__ == "__main__":
    main()
