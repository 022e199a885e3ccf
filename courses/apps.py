from django.apps import AppConfig

from courses.events import CourseChanged, CourseCompleted, SessionsSettled
from users.events import AccountClosing, CredentialsChanged, subscribe


class CoursesConfig(AppConfig):
    """Acts on what is announced: seats and queues are kept in line with courses and accounts, certificates issued,
    engagement scores refreshed."""

    name = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courses import accounts

        subscribe(CourseChanged, _course_changed)
        subscribe(CourseCompleted, _course_completed)
        subscribe(SessionsSettled, _sessions_settled)
        subscribe(CredentialsChanged, _credentials_changed)
        subscribe(AccountClosing, accounts.give_up_places)
        accounts.name_personal_data()


def _course_changed(event: CourseChanged) -> None:
    from courses import enrollment

    enrollment.course_changed(event.course_id)


def _course_completed(event: CourseCompleted) -> None:
    from courses import certificates

    certificates.issue(enrollment_id=event.enrollment_id)


def _sessions_settled(event: SessionsSettled) -> None:
    from courses import tasks

    tasks.refresh_engagement.defer(enrollment_ids=list(event.enrollment_ids))


def _credentials_changed(event: CredentialsChanged) -> None:
    from courses import enrollment
    from users.models import User

    if User.objects.filter(pk=event.user_id, is_active=False).exists():
        enrollment.account_disabled(event.user_id)
