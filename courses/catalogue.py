"""What somebody may see of the courses, and the queries that read it, as many for one row as for a hundred.

A published course is there for everybody, an archived one for those who are in it, a draft for nobody; its owner
and staff always see it. Its contents are for those with access, the owner and staff. Nothing here writes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, Exists, FloatField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Now

from courses.errors import NotEnrolled, NotFound, NotYours
from courses.models import (
    CompletionMethod,
    Content,
    ContentItem,
    ContentProgress,
    Course,
    CourseEnrollment,
    CourseWaitlist,
    ItemProgress,
    Module,
    ModuleProgress,
)
from courses.models.catalogue import CourseQuerySet
from courses.rollup import percentage
from users.models import User

Caller = User | AnonymousUser

IN_COURSE = (*CourseEnrollment.WITH_ACCESS, CourseEnrollment.Status.PAUSED)
"""The states of an enrolment in which an archived course stays in sight."""


@dataclass(frozen=True, slots=True)
class WaitlistPlace:
    """One's place in the queue: 0 while an offer stands, else 1 for the next in turn; None for who is not in it."""

    position: int | None
    offer_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outline:
    """A course as who studies it sees it. `enrollment` is None for the owner and for staff.

    The modules carry `percent` and their contents, these `completed` and their items, in order, prefetched.
    """

    course: Course
    enrollment: CourseEnrollment | None
    modules: list[Module]


def visible_courses(user: Caller) -> CourseQuerySet:
    """The courses that this caller may know of."""
    courses = Course.objects.all()
    if user.is_staff:
        return courses
    visible = Q(status=Course.Status.PUBLISHED)
    if user.is_authenticated:
        mine = CourseEnrollment.objects.filter(course=OuterRef("pk"), student=user, status__in=IN_COURSE)
        visible |= Q(owner=user) | Q(Exists(mine), status=Course.Status.ARCHIVED)
    return courses.filter(visible)


def listed_courses(user: Caller) -> CourseQuerySet:
    """`visible_courses` with all that a list or a page shows of each.

    Each carries the caller's `position` in its queue and `offer_expires_at`, as in `waitlist_place`; None without one.
    """
    courses = visible_courses(user).select_related("subject", "owner").with_enrollment_count().with_admission(user)
    sooner = CourseWaitlist.objects.waiting().filter(_sooner(OuterRef), course=OuterRef("course")).order_by()
    count = Subquery(sooner.values("course").annotate(number=Count("pk")).values("number"))
    turn = Case(When(notified_of_opening=True, then=Value(0)), default=Coalesce(count, Value(0)) + 1)
    own = CourseWaitlist.objects.filter(course=OuterRef("pk"), student=user.pk or 0)
    standing = own.filter(Q(notified_of_opening=False) | Q(offer_expires_at__gt=Now()))
    return courses.annotate(
        position=Subquery(standing.values(turn=turn)), offer_expires_at=Subquery(standing.values("offer_expires_at"))
    )


def _sooner(of: Callable[[str], Any]) -> Q:
    """Whose turn is before that of the entry whose fields `of` gives."""
    return (
        Q(priority__lt=of("priority"))
        | Q(priority=of("priority"), joined_waitlist__lt=of("joined_waitlist"))
        | Q(priority=of("priority"), joined_waitlist=of("joined_waitlist"), pk__lt=of("pk"))
    )


def own_enrollment(*, course: Course, user: Caller) -> CourseEnrollment | None:
    """The caller's enrolment in this course, in whatever state."""
    if not user.is_authenticated:
        return None
    enrollments = CourseEnrollment.objects.select_related("course", "student")
    return enrollments.filter(course=course, student=user).first()


def waitlist_place(*, course: Course, user: Caller) -> WaitlistPlace | None:
    """The caller's place in the queue for this course; None for who is not in it, or let an offer lapse."""
    if not user.is_authenticated:
        return None
    queue = CourseWaitlist.objects.filter(course=course)
    offer = queue.offered().filter(student=user).first()
    if offer is not None:
        return WaitlistPlace(position=0, offer_expires_at=offer.offer_expires_at)
    entry = queue.waiting().filter(student=user).first()
    if entry is None:
        return None
    sooner = _sooner(partial(getattr, entry))
    return WaitlistPlace(position=queue.waiting().filter(sooner).count() + 1, offer_expires_at=None)


def owned_course(*, slug: str, user: User) -> Course:
    """The course for its owner or staff. Raises NotFound for anybody else, whether or not they see it."""
    course = Course.objects.filter(slug=slug).first()
    if course is None or (course.owner_id != user.pk and not user.is_staff):
        raise NotFound
    return course


def movable_enrollment(*, enrollment_id: int, user: User, by_learner: bool) -> CourseEnrollment:
    """An enrolment for the course's owner or staff, or where `by_learner` for the learner too.

    Raises NotFound for somebody else's, NotYours for one's own that only the owner may move.
    """
    found = CourseEnrollment.objects.select_related("course", "student").filter(pk=enrollment_id).first()
    if found is None:
        raise NotFound
    if found.course.owner_id == user.pk or user.is_staff:
        return found
    if found.student_id != user.pk:
        raise NotFound
    if not by_learner:
        raise NotYours
    return found


def student_progress(user: User) -> QuerySet[CourseEnrollment]:
    """The courses this user learns in or completed, with `total_modules` and `completed_modules` of each.

    Both are counted beside the query: two joined counts would multiply.
    """
    modules = Module.objects.filter(course=OuterRef("course")).order_by().values("course")
    progress = ModuleProgress.objects.filter(enrollment=OuterRef("pk"), completed_at__isnull=False)
    completed = progress.order_by().values("enrollment")
    return (
        CourseEnrollment.objects.filter(student=user, status__in=CourseEnrollment.WITH_ACCESS)
        .select_related("course", "course__subject")
        .annotate(
            total_modules=Coalesce(Subquery(modules.values(number=Count("pk"))), 0),
            completed_modules=Coalesce(Subquery(completed.values(number=Count("pk"))), 0),
        )
    )


def studyable_items(user: User) -> QuerySet[ContentItem]:
    """The items whose files this user may read: of the courses they study, own, or look after as staff."""
    items = ContentItem.objects.all()
    if user.is_staff:
        return items
    enrollments = CourseEnrollment.objects.filter(
        course=OuterRef("content__module__course"), student=user, status__in=CourseEnrollment.WITH_ACCESS
    )
    studied = Q(content__archived_at=None) & ~Q(content__module__course__status=Course.Status.DRAFT)
    return items.filter(Q(content__module__course__owner=user) | Q(Exists(enrollments), studied))


def outline(*, course: Course, user: User) -> Outline:
    """The course's modules, contents and items. Raises NotEnrolled for who may not study it."""
    enrollment = own_enrollment(course=course, user=user)
    has_access = enrollment is not None and enrollment.status in CourseEnrollment.WITH_ACCESS
    if not (has_access or user.is_staff or course.owner_id == user.pk):
        raise NotEnrolled
    # Without an enrolment, `enrollment=None` matches no progress: nothing is completed.
    in_module = ModuleProgress.objects.filter(enrollment=enrollment, module=OuterRef("pk"))
    completed = ContentProgress.objects.filter(enrollment=enrollment, content=OuterRef("pk"), is_completed=True)
    items = ContentItem.objects.select_related("content_type").prefetch_related("item").order_by("order")
    contents = Content.objects.in_outline().annotate(completed=Exists(completed)).order_by("order")
    modules = (
        Module.objects.filter(course=course)
        .annotate(percent=Coalesce(Cast(Subquery(in_module.values("percentage")), FloatField()), Value(0.0)))
        .order_by("order")
        .prefetch_related(Prefetch("contents", contents.prefetch_related(Prefetch("items", items))))
    )
    return Outline(course=course, enrollment=enrollment, modules=list(modules))


def enrollment_modules(enrollment: CourseEnrollment) -> list[Module]:
    """The modules of this enrolment's course and their contents, in order, each with how far the learner has come.

    Modules carry `percent`, `completed_contents`, `total_contents` and `completed_at`; contents `method`, `completed`,
    `completed_at`, `percent`, `time_spent`, `engaged_time`, `view_count` and `last_viewed`.
    """
    in_content = ContentProgress.objects.filter(enrollment=enrollment)
    consumed = ItemProgress.objects.filter(enrollment=enrollment, consumed_at__isnull=False)
    contents = (
        Content.objects.in_outline()
        .order_by("order")
        .annotate(
            item_count=Count("items"),
            consumed_count=Count("items", filter=Exists(consumed.filter(item=OuterRef("items__pk")))),
        )
        .prefetch_related(Prefetch("progress_records", in_content, to_attr="own"))
    )
    in_module = ModuleProgress.objects.filter(enrollment=enrollment)
    modules: list[Any] = list(
        Module.objects.filter(course=enrollment.course_id)
        .order_by("order")
        .prefetch_related(Prefetch("progress_records", in_module, to_attr="own"), Prefetch("contents", contents))
    )
    for module in modules:
        shown: list[Any] = list(module.contents.all())
        module_progress = module.own[0] if module.own else ModuleProgress(total_contents=len(shown))
        module.percent = module_progress.percentage
        module.completed_contents = module_progress.completed_contents
        module.total_contents = module_progress.total_contents
        module.completed_at = module_progress.completed_at
        for content in shown:
            _add_progress(content, content.own[0] if content.own else ContentProgress())
    return modules


def _add_progress(content: Any, own: ContentProgress) -> None:
    content.method = own.completion_method if own.is_completed else content.completion_method
    content.completed = own.is_completed
    content.completed_at = own.completed_at
    content.time_spent, content.engaged_time = own.time_spent, own.engaged_time
    content.view_count, content.last_viewed = own.view_count, own.last_viewed
    if own.is_completed:
        content.percent = percentage(1, 1)
    elif content.completion_method == CompletionMethod.TIME_BASED:
        # More than is asked for now, where an author asked for more before and the learner left.
        engaged = min(int(own.engaged_time.total_seconds()), content.required_seconds)
        content.percent = percentage(engaged, content.required_seconds)
    else:
        content.percent = percentage(content.consumed_count, content.item_count)
