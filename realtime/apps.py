from functools import partial

from django.apps import AppConfig
from django.db import transaction

from courses.events import LearningChanged, ProgressChanged, SessionsChanged, WaitlistMoved
from realtime import hints
from users.events import AccountClosing, CredentialsChanged, subscribe


class RealtimeConfig(AppConfig):
    """Turns what the domain announces into notifications, and into hints for every process once it is committed."""

    name = "realtime"

    def ready(self) -> None:
        from realtime import notifications  # models need Django to be set up

        for event in notifications.KINDS:
            subscribe(event, notifications.tell)
        subscribe(WaitlistMoved, _hint_queue)
        subscribe(ProgressChanged, _hint_progress)
        subscribe(SessionsChanged, _hint_sessions)
        subscribe(LearningChanged, _hint_learning)
        subscribe(CredentialsChanged, _hint_users)
        subscribe(AccountClosing, notifications.forget)
        from realtime.models import Digest, Notification, NotificationCursor
        from users.personal_data import PersonalData, register

        register(
            PersonalData(name="notifications", model=Notification, owner="user", at_close="gone"),
            notifications.AskedData(
                name="asked", model=Notification, owner="data__enrollment", hidden=("user", "number", "mailed_at")
            ),
            PersonalData(name="notifications_seen", model=NotificationCursor, owner="user"),
            PersonalData(name="weekly_summary", model=Digest, owner="user", at_close="gone"),
        )


def _hint_queue(event: WaitlistMoved) -> None:
    transaction.on_commit(partial(hints.send, queues=[event.course_id]))


def _hint_progress(event: ProgressChanged) -> None:
    transaction.on_commit(partial(hints.send, progress=[event.student_id], enrollments=[event.enrollment_id]))


def _hint_sessions(event: SessionsChanged) -> None:
    transaction.on_commit(partial(hints.send, sessions=event.session_ids))


def _hint_learning(event: LearningChanged) -> None:
    transaction.on_commit(partial(hints.send, enrollments=event.enrollment_ids))


def _hint_users(event: CredentialsChanged) -> None:
    transaction.on_commit(partial(hints.send, users=[event.user_id]))
