"""`python -m lms.server`: Uvicorn with the one right set of options (docs/decisions/0004).

`worker` is what each worker process serves. It ends when its parent is gone, however that went.
"""

import argparse
import logging
import multiprocessing
import os
import signal
import sys
import threading
from typing import Any

import uvicorn
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

GRACEFUL_SECONDS = 10
WORKER_ANSWERS_WITHIN_SECONDS = 30  # the supervisor kills a worker that does not; a loaded machine is no reason


def options() -> dict[str, Any]:
    """What every server process runs with, in production and in the tests."""
    from lms.settings import LOGGING, TRUSTED_PROXIES

    return {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "lms.websocket:BoundedWebSocket",
        "ws_per_message_deflate": False,
        "ws_max_size": 16_384,
        "ws_ping_interval": None,  # the protocol's own silence rule decides
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(TRUSTED_PROXIES),
        "forwarded_allow_ips": TRUSTED_PROXIES,
        "log_config": LOGGING,
        "timeout_graceful_shutdown": GRACEFUL_SECONDS,
        "timeout_worker_healthcheck": WORKER_ANSWERS_WITHIN_SECONDS,
    }


def worker() -> Any:
    """The application of one worker process."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def leave_with_parent() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=leave_with_parent, daemon=True).start()
    from lms.asgi import application

    logger.info("A web process starts: %s", os.getpid())
    return application


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lms.server", description="Serve Studybeat.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    try:
        from lms.figures import forget_the_dead

        forget_the_dead()
        uvicorn.run("lms.server:worker", factory=True, **vars(arguments), **options())
    except ImproperlyConfigured as error:
        sys.exit(f"Studybeat: {error}")


if __name__ == "__main__":
    main()
