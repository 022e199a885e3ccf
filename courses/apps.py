from django.apps import AppConfig

from courses.events import CourseChanged
from users.events import AccountClosing, CredentialsChanged, subscribe


class CoursesConfig(AppConfig):
    """Keeps seats and queues in line with what happens to courses and accounts elsewhere."""

    name = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        subscribe(CourseChanged, _course_changed)
        subscribe(CredentialsChanged, _credentials_changed)
        subscribe(AccountClosing, _account_closing)


def _course_changed(event: CourseChanged) -> None:
    from courses import enrollment

    enrollment.course_changed(event.course_id)


def _credentials_changed(event: CredentialsChanged) -> None:
    from courses import enrollment
    from users.models import User

    if User.objects.filter(pk=event.user_id, is_active=False).exists():
        enrollment.account_disabled(event.user_id)


def _account_closing(event: AccountClosing) -> None:
    from courses import enrollment

    enrollment.leave_all(event.user_id)
