"""A process of the hub, as `python -m hub.cli …` is one; a bug is planted in it where CHAOS_PLANT names one.

python -m tests.chaos.process worker
"""

from __future__ import annotations

import os

from hub.cli import main
from tests.chaos.plants import PLANTS

if __name__ == "__main__":
    if planted := os.environ.get("CHAOS_PLANT"):
        PLANTS[planted].plant()
    main()
