"""No process of ours outlives the one that made it. Imports next to nothing: a child comes here first of all."""

import ctypes
import os
import signal
import sys


def die_with(parent: int) -> None:
    """Have the system send this process SIGTERM when its parent dies, whatever way; if it is dead already, die now.

    `parent` is the parent's process id as the parent itself knew it: asked for here, it could be another one's by now.
    Linux only; elsewhere nothing.
    """
    if sys.platform == "linux":
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler that was forked along would be lost with the exec
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
