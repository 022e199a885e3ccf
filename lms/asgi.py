"""The ASGI application: requests to Django, sockets at /ws/ to realtime, and the server's start and stop to the hub."""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
django = get_asgi_application()

from lms import figures  # noqa: E402
from lms.bodies import BoundedBodies  # noqa: E402
from lms.metrics import TimedRequests  # noqa: E402
from realtime import hub  # noqa: E402  (models need Django to be set up)
from realtime.consumer import Consumer  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

consumer = Consumer.as_asgi()

YOUNG_OBJECTS = 50_000
"""So many more containers made than freed, and Python looks for cycles (docs/decisions/0028)."""


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/ws/":
        await consumer(scope, receive, send)
    else:
        await send({"type": "websocket.close"})  # before the accept: the client sees HTTP 403


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Daphne has no lifespan: there the hub starts with the first connection."""
    await receive()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    await hub.start()
    figures.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await hub.stop()
    await asyncio.to_thread(figures.stop)
    await send({"type": "lifespan.shutdown.complete"})


application = ProtocolTypeRouter(
    {"http": TimedRequests(BoundedBodies(django)), "websocket": websocket, "lifespan": lifespan}
)
