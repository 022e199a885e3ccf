"""What a learner has really consumed of an `auto` content: texts read, images seen, files opened, videos played.

Owns `ItemProgress`. A content completes when all its items are consumed: a video with 90 % of its seconds, as a union
of played ranges. What a client says is bounded by the time that its sessions of the content lasted, by the server's
clock; that a file was opened the server sees itself (docs/decisions/0065). Of other contents nothing is kept.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from courses.errors import NotConsumed, NotFound, RateLimited
from courses.models import CompletionMethod, ContentItem, ContentProgress, CourseEnrollment, ItemProgress, Video
from courses.models.session import IDLE_LEASE_MS
from courses.progress import complete, lock_for_content

PLAYED_SHARE: Final = 0.9
"""Of a video's length: so much of it makes it consumed."""

FASTEST: Final = 2
"""As many seconds of a video can be played in one: what players offer."""

SLACK_MS: Final = 5_000
"""How far a claim may be ahead of the server's clock: the session is opened beside the first picture."""

RANGES_KEPT: Final = 500

Range = tuple[int, int]
"""A start and an end, in milliseconds of a video."""


def consume(*, student_id: int, item_id: int, played: Sequence[Range] = ()) -> None:
    """The learner has read this text, seen this image, or played these ranges of this video.

    Repeating it is harmless. Locks the enrolment. Announces what `rollup.roll_up` does. Raises NotFound (also while
    there is no session of the content), NotEnrolled, NotConsumed, RateLimited when there was no time yet to play that.
    """
    with transaction.atomic():
        place, enrollment = _locked(student_id, item_id)
        if place.kind == "file":
            raise NotConsumed("item: a file counts when it is opened.")
        if played and place.kind != "video":
            raise NotConsumed("ranges: only a video is played.")
        if place.content.completion_method != CompletionMethod.AUTO:
            return
        lasted = _time_in(enrollment, place.content_id)
        if lasted is None:
            raise NotFound("item: you have no session of its content. Open one first.")
        if isinstance(place.item, Video):
            _play(enrollment, place, played, lasted)
        else:
            _consumed(enrollment, place)


def open_file(*, student_id: int, item_id: int) -> None:
    """The learner was given the file of this item. Locks and announces as `consume`. Raises NotFound, NotEnrolled."""
    with transaction.atomic():
        place, enrollment = _locked(student_id, item_id)
        if place.content.completion_method == CompletionMethod.AUTO:
            # There need not have been a session, and only of a content that was begun is seen what becomes due.
            ContentProgress.objects.get_or_create(
                enrollment=enrollment,
                content=place.content,
                defaults={"completion_method": place.content.completion_method},
            )
            _consumed(enrollment, place)


def _locked(student_id: int, item_id: int) -> tuple[ContentItem, CourseEnrollment]:
    """The item's place, and the locked enrolment under which this learner studies it."""
    nothing = f"item: there is no item {item_id}."
    places = ContentItem.objects.filter(pk=item_id)
    content_id = places.values_list("content", flat=True).first()
    if content_id is None:
        raise NotFound(nothing)
    try:
        enrollment, content = lock_for_content(student_id=student_id, content_id=content_id)
    except NotFound:
        raise NotFound(nothing) from None
    place = places.select_related("content_type").first()
    if place is None:
        raise NotFound(nothing)
    place.content = content
    return place, enrollment


TIME_IN = """
SELECT count(*), least(sum(counted), (
    SELECT coalesce(sum(upper(one) - lower(one)), '0') FROM unnest(range_agg(lasted)) AS one))
FROM (
    SELECT tstzrange(started_at, coalesce(ended_at, clock_timestamp())) AS lasted,
        focus_time + idle_time + %s * interval '1 ms' AS counted
    FROM courses_learningsession WHERE enrollment_id = %s AND content_id = %s
) AS session
"""
"""How many sessions, and how long they lasted by PostgreSQL's clock: their union, for two tabs count as one. No more
than they have counted, and a span of each that is not over: a session that was opened again has holes."""


def _time_in(enrollment: CourseEnrollment, content_id: int) -> timedelta | None:
    """For how long the learner had sessions of this content; None without any."""
    with connection.cursor() as cursor:
        cursor.execute(TIME_IN, [IDLE_LEASE_MS, enrollment.pk, content_id])
        sessions, lasted = cursor.fetchone()
    return lasted if sessions else None


def _play(enrollment: CourseEnrollment, place: ContentItem, played: Sequence[Range], lasted: timedelta) -> None:
    row, _ = ItemProgress.objects.get_or_create(enrollment=enrollment, item=place)
    assert isinstance(place.item, Video)
    length = place.item.duration
    known = [(start, end) for start, end in row.played]
    union = merged([*known, *(within(played, length) if length else played)])
    need_ms = total(union) / FASTEST - SLACK_MS
    lasted_ms = lasted / timedelta(milliseconds=1)
    if total(union) > total(known) and need_ms > lasted_ms:
        raise RateLimited(
            "ranges: there has not been the time to play so much of it.", retry_after_ms=int(need_ms - lasted_ms) + 1
        )
    row.played = bounded(union)
    row.save(update_fields=["played"])
    # Where nobody entered a length, there are no 90 % to be had of it: then to have played some of it is enough.
    if total(union) >= PLAYED_SHARE * (length / timedelta(milliseconds=1)) if length else total(union) > 0:
        _consumed(enrollment, place)


def _consumed(enrollment: CourseEnrollment, place: ContentItem) -> None:
    """Note it, and complete the content if this was the last of it."""
    ItemProgress.objects.get_or_create(enrollment=enrollment, item=place)
    rows = ItemProgress.objects.filter(enrollment=enrollment, item=place)
    rows.filter(consumed_at=None).update(consumed_at=Now())
    done = ItemProgress.objects.filter(enrollment=enrollment, item=OuterRef("pk"), consumed_at__isnull=False)
    if not ContentItem.objects.filter(~Exists(done), content=place.content_id).exists():
        complete([(enrollment.pk, place.content_id)])


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Their union: in order, apart from each other, none empty."""
    union: list[Range] = []
    for start, end in sorted(ranges):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        elif start < end:
            union.append((start, end))
    return union


def within(ranges: Iterable[Range], length: timedelta) -> list[Range]:
    """What of them lies within a video of this length."""
    last = int(length / timedelta(milliseconds=1))
    return [(min(start, last), min(end, last)) for start, end in ranges]


def total(ranges: Iterable[Range]) -> int:
    """How long they are together, where they are apart from each other."""
    return sum(end - start for start, end in ranges)


def bounded(ranges: list[Range]) -> list[Range]:
    """The longest RANGES_KEPT of them: nobody who watches leaves more."""
    if len(ranges) <= RANGES_KEPT:
        return ranges
    return sorted(sorted(ranges, key=lambda one: one[0] - one[1])[:RANGES_KEPT])
