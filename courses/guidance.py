"""A course with somebody there: who may watch it, learners who ask for help, and a word to a learner.

Owns `LearningSession.needs_help`. A call for help is one session's: it is up until the learner clears it, or until that
session has ended. What is shown of it all to who watches is the roster's (`realtime/roster.py`).
"""

from django.db import transaction

from courses import sessions
from courses.catalogue import visible_courses
from courses.errors import NotEnrolled, NotFound, NotYours, RateLimited, SessionClosed
from courses.events import HelpRequested, LearningChanged, Nudged
from courses.models import Course, CourseEnrollment, LearningSession
from users.events import announce
from users.models import User
from users.throttling import count

CALLS_A_MINUTE = 6
NUDGES_A_MINUTE = 6
"""Of one learner in one course, and to one: whoever sends them."""


def watchable_course(*, slug: str, user_id: int) -> Course:
    """The course that this user asks to watch. Raises NotFound, and NotYours for all but its owner and staff."""
    user = User.objects.get(pk=user_id)
    course = visible_courses(user).filter(slug=slug).first()
    if course is None:
        raise NotFound(f"course: there is no course {slug}.")
    _check_may_watch(course, user)
    return course


def raise_help(*, user_id: int, session_id: int, text: str) -> None:
    """Show that the learner asks for help in this session of theirs, and tell the course's owner.

    While help is asked for already, nobody is told again. Locks the enrolment. Announces `HelpRequested` and
    `LearningChanged`. Raises NotFound, SessionClosed, and RateLimited beyond CALLS_A_MINUTE.
    """
    with transaction.atomic():
        found = LearningSession.objects.filter(pk=session_id, user=user_id).first()
        if found is None:
            raise NotFound(f"session: you have no session {session_id}.")
        enrollment = CourseEnrollment.objects.select_for_update(no_key=True).get(pk=found.enrollment_id)
        row = sessions.find(user_id=user_id, session_id=session_id)
        assert row is not None, "only a cascade from what is locked deletes it"
        if not row.is_writable:
            raise SessionClosed(**row.counted())
        if not row.is_live:
            raise NotFound(f"session: your session {session_id} is not live.")
        asking = LearningSession.objects.live().filter(enrollment=enrollment, needs_help=True)
        is_new = not asking.exists()
        if LearningSession.objects.filter(pk=session_id, needs_help=False).update(needs_help=True):
            announce(LearningChanged((enrollment.pk,)))
        if is_new:
            _check_rate(f"help {enrollment.pk}", CALLS_A_MINUTE, "You have asked for help several times just now.")
            announce(HelpRequested(enrollment.course_id, user_id, enrollment.pk, text))


def clear_help(*, user_id: int, session_id: int) -> None:
    """The learner asks for help no more. One conditional update. Announces `LearningChanged`. Raises NotFound."""
    with transaction.atomic():
        mine = LearningSession.objects.filter(pk=session_id, user=user_id)
        if mine.filter(needs_help=True).update(needs_help=False):
            announce(LearningChanged((mine.values_list("enrollment", flat=True).get(),)))
        elif not mine.exists():
            raise NotFound(f"session: you have no session {session_id}.")


def nudge(*, user_id: int, enrollment_id: int, text: str) -> None:
    """Say something to a learner of a course that this user may watch.

    Locks the enrolment. Announces `Nudged`. Raises NotFound, NotYours, NotEnrolled, and RateLimited when the learner
    got NUDGES_A_MINUTE.
    """
    with transaction.atomic():
        enrollment = CourseEnrollment.objects.select_for_update(no_key=True).filter(pk=enrollment_id).first()
        if enrollment is None:
            raise NotFound(f"enrollment: there is no enrolment {enrollment_id}.")
        course = enrollment.course
        _check_may_watch(course, User.objects.get(pk=user_id))
        if course.is_anonymous:
            raise NotYours("This course is watched anonymously: nobody in it can be spoken to by name.")
        if enrollment.status not in CourseEnrollment.WITH_ACCESS:
            raise NotEnrolled("This learner has no access to the course at the moment.")
        _check_rate(f"nudges {enrollment.pk}", NUDGES_A_MINUTE, "This learner was told several things just now.")
        announce(Nudged(course.pk, enrollment.student_id, enrollment.pk, text))


def _check_may_watch(course: Course, user: User) -> None:
    if course.owner_id != user.pk and not user.is_staff:
        raise NotYours("Only the owner of the course and staff may watch it.")


def _check_rate(key: str, most: int, message: str) -> None:
    """Count one more. Raises RateLimited, and then it does not count, for the transaction is undone."""
    number, seconds = count(key)
    if number > most:
        raise RateLimited(message, retry_after_ms=max(1, int(seconds * 1000)))
