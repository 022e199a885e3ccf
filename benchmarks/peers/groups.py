"""The usual way to push: a group for each user on channels_redis, and a consumer that passes on what is sent to it.

Nothing is kept, nothing is numbered, nobody signs in: who is away misses it.
"""

import os
from typing import Any

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
LAYER = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    # Its reads block for 5 s, which is also redis-py's own time limit for a read.
    "CONFIG": {"hosts": [{"address": settings.REDIS_URL, "socket_timeout": None}], "capacity": 10_000},
}
settings.CHANNEL_LAYERS = {"default": LAYER}

from django.core.asgi import get_asgi_application  # noqa: E402  (reads the settings)

django = get_asgi_application()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402

from benchmarks.peers.echo import application as echo  # noqa: E402


class GroupConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    async def receive_json(self, content: dict[str, Any]) -> None:
        await self.channel_layer.group_add(f"user.{content['token']}", self.channel_name)
        await self.send_json({"type": "welcome"})

    async def news(self, message: dict[str, Any]) -> None:
        await self.send_json({"type": "notification", "number": message["number"]})


application = ProtocolTypeRouter({"http": django, "websocket": GroupConsumer.as_asgi(), "lifespan": echo})
