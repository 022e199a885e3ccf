from django.apps import AppConfig

from courses.events import (
    CertificatesEnabled,
    CourseChanged,
    CourseCompleted,
    EnrollmentApproved,
    EnrollmentConfirmed,
    OutlineChanged,
    RequiredTimeReached,
    SessionsSettled,
)
from users.events import AccountClosing, CredentialsChanged, before_commit, subscribe


class CoursesConfig(AppConfig):
    """Acts on what is announced: seats, queues and progress are kept in line with courses, contents and accounts,
    certificates issued, engagement scores refreshed."""

    name = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courses import accounts, progress

        subscribe(CourseChanged, _course_changed)
        subscribe(OutlineChanged, _outline_changed)
        subscribe(CertificatesEnabled, _certificates_enabled)
        subscribe(RequiredTimeReached, progress.required_time_reached)
        subscribe(EnrollmentConfirmed, _place_given)
        subscribe(EnrollmentApproved, _place_given)
        subscribe(CourseCompleted, _course_completed)
        subscribe(SessionsSettled, _sessions_settled)
        subscribe(CredentialsChanged, _credentials_changed)
        subscribe(AccountClosing, accounts.give_up_places)
        accounts.name_personal_data()


def _course_changed(event: CourseChanged) -> None:
    from courses import enrollment
    from users.models import User

    actor = None if event.actor_id is None else User.objects.get(pk=event.actor_id)
    enrollment.course_changed(event.course_id, actor=actor)


def _course_completed(event: CourseCompleted) -> None:
    from courses import certificates

    certificates.issue(enrollment_ids=[event.enrollment_id])


def _certificates_enabled(event: CertificatesEnabled) -> None:
    from courses import tasks

    tasks.issue_certificates.defer(course_id=event.course_id)


def _sessions_settled(event: SessionsSettled) -> None:
    from courses import tasks

    tasks.refresh_engagement.defer(enrollment_ids=list(event.enrollment_ids))


def _credentials_changed(event: CredentialsChanged) -> None:
    from courses import enrollment
    from users.models import User

    if User.objects.filter(pk=event.user_id, is_active=False).exists():
        enrollment.account_disabled(event.user_id)


def _outline_changed(event: OutlineChanged) -> None:
    before_commit(_follow_outlines, event.course_id)


def _follow_outlines(course_ids: list[int]) -> None:
    """Enqueue the roll-up of these courses, once each; where nobody takes part there is nothing to do."""
    from courses import tasks
    from courses.models import CourseEnrollment

    enrollments = CourseEnrollment.objects.filter(course__in=course_ids).order_by()
    for course_id in enrollments.values_list("course", flat=True).distinct():
        tasks.follow_outline.configure(lock=f"follow_outline:{course_id}").defer(course_id=course_id)


def _place_given(event: EnrollmentConfirmed | EnrollmentApproved) -> None:
    before_commit(_follow_returned, event.enrollment_id)


def _follow_returned(enrollment_ids: list[int]) -> None:
    """Who comes back to contents that they learned with may have completed these by now, and the course."""
    from courses import tasks
    from courses.models import ContentProgress

    known = ContentProgress.objects.filter(enrollment__in=enrollment_ids).order_by("enrollment")
    if returned := list(known.values_list("enrollment", flat=True).distinct()):
        tasks.follow_enrollments.defer(enrollment_ids=returned)
