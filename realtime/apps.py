from functools import partial

from django.apps import AppConfig
from django.db import transaction

from courses.events import SessionsChanged
from realtime import hints
from users.events import CredentialsChanged, subscribe


class RealtimeConfig(AppConfig):
    """Turns what the domain announces into hints for every process, once it is committed."""

    name = "realtime"

    def ready(self) -> None:
        subscribe(SessionsChanged, _hint_sessions)
        subscribe(CredentialsChanged, _hint_users)
        from realtime.models import Notification, NotificationCursor
        from users.personal_data import PersonalData, register

        register(
            PersonalData(name="notifications", model=Notification, owner="user", at_close="gone"),
            PersonalData(name="notifications_seen", model=NotificationCursor, owner="user"),
        )


def _hint_sessions(event: SessionsChanged) -> None:
    transaction.on_commit(partial(hints.send, sessions=event.session_ids))


def _hint_users(event: CredentialsChanged) -> None:
    transaction.on_commit(partial(hints.send, users=[event.user_id]))
