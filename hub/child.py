"""A process of ours that ends when this one does, also when this one is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def start_child(arguments: Sequence[str], **popen: Any) -> subprocess.Popen[bytes]:
    """`python <arguments>` under this process; `popen` are subprocess.Popen's own settings.

    On Linux the kernel sends it SIGTERM when the thread that called this dies (prctl(2), PR_SET_PDEATHSIG), so call
    it from the main thread. Elsewhere a killed parent leaves its children running.
    """
    parent = os.getpid()

    def end_with_parent() -> None:
        assert _prctl is not None
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it was asked for
            os._exit(1)

    before = None if _prctl is None else end_with_parent
    # Between fork and exec nothing may wait for another thread: what it calls takes no lock and imports nothing.
    return subprocess.Popen([sys.executable, *arguments], preexec_fn=before, **popen)  # noqa: PLW1509, S603
