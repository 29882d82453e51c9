"""`python -m simulators NAME [--port N] [--hub URL]`: run one stand-in until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sys
from importlib import import_module

from simulators.kit.serve import serve
from simulators.kit.switches import CONTROL

BACK_OFFICES = ("pregrada_financije", "pregrada_urudzbeni", "vzorov_ucetnictvi", "vzorov_registr", "vzorov_podatelna")
EIDS_OF_A_HUB = ("eid_nias", "eid_nia", "eid_id_gov_ua", "eid_oidc")
"""Those that know the addresses of the demonstration's towns from the start."""
GATEWAYS = ("gateway_sandbox", "gateway_csob", "gateway_monri", "gateway_netopia")
NAMES = (*BACK_OFFICES, *EIDS_OF_A_HUB, "eid_eidas", *GATEWAYS, "bank")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--port", type=int, help="instead of the one in config/cities")
    parser.add_argument("--hub", default="http://127.0.0.1:8000", help="where an eID finds the demonstration's towns")
    arguments = parser.parse_args()
    module = import_module(f"simulators.{arguments.name}")
    port = module.PORT if arguments.port is None else arguments.port
    app = module.app(hub=arguments.hub) if arguments.name in EIDS_OF_A_HUB else module.app()

    def announce(url: str) -> None:
        sys.stdout.write(f"{arguments.name} on {url} (switches: {CONTROL})\n")
        sys.stdout.flush()

    try:
        asyncio.run(serve(app, port, announce))
    except OSError as error:
        sys.exit(f"port {port} cannot be used: {error.strerror}. Choose another with --port.")


if __name__ == "__main__":
    main()
