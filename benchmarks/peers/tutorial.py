"""The usual way: a Channels consumer as tutorials have it, with one ORM update for each sample.

As quick as that can be: no sign-in, no channel layer, and a database connection that is kept. It bounds and checks
nothing, but an answer means committed here too.
"""

import os
from typing import Any

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
settings.CHANNEL_LAYERS = {}
settings.DATABASES["default"]["CONN_MAX_AGE"] = None
settings.DATABASES["default"]["OPTIONS"].pop("pool")

from django.core.asgi import get_asgi_application  # noqa: E402  (reads the settings)

django = get_asgi_application()

from channels.db import database_sync_to_async  # noqa: E402  (models need Django to be set up)
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from benchmarks.peers.echo import application as echo  # noqa: E402
from courses.models import LearningSession  # noqa: E402


class TutorialConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    async def receive_json(self, content: dict[str, Any]) -> None:
        for sample in content["samples"]:
            await self.record(content["session"], sample)
            await self.send_json({"type": "session.ack", "session": content["session"], "seq": sample["seq"]})

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def record(self, session: int, sample: dict[str, Any]) -> None:
        LearningSession.objects.filter(pk=session).update(
            acked_seq=sample["seq"],
            last_at_ms=sample["at"],
            state=sample["state"],
            interactions_count=sample["interactions"],
            last_heard_at=Now(),
        )


application = ProtocolTypeRouter({"http": django, "websocket": TutorialConsumer.as_asgi(), "lifespan": echo})
