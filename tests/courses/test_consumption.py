"""What counts as consumed, and how much of what a client says is believed."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from courses import authoring, consumption
from courses.consumption import FASTEST, RANGES_KEPT, SLACK_MS, bounded, merged, total
from courses.errors import HasRecords, NotConsumed, NotEnrolled, NotFound, RateLimited
from courses.models import (
    Content,
    ContentItem,
    ContentProgress,
    Course,
    CourseEnrollment,
    File,
    Image,
    ItemProgress,
    LearningSession,
    Video,
)
from courses.models.session import ClockTimestamp
from tests.courses.progressing import audit, follow
from tests.rest import by_token
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = 60_000


@pytest.fixture
def auto(content: Content) -> Content:
    """The first content of `intro`, with its text; it completes when that is read."""
    content.completion_method = "auto"
    content.save()
    return content


def place(content: Content, item: Any) -> int:
    return ContentItem.objects.create(content=content, item=item).pk


def film(content: Content, *, seconds: float | None = 60) -> int:
    length = None if seconds is None else timedelta(seconds=seconds)
    return place(content, Video.objects.create(owner=content.module.course.owner, title="Film", duration=length))


def text_of(content: Content) -> int:
    return content.items.order_by("order")[0].pk


def open_session(
    student: User, content: Content, *, seconds: float, ended_ago: float | None = None, counted: float | None = None
) -> None:
    """A session of this content that has lasted so long by now, or had when it ended so many seconds ago. It counted
    all of that, or so many seconds."""
    enrollment = CourseEnrollment.objects.get(student=student, course=content.module.course_id)
    focus_time = timedelta(seconds=seconds if counted is None else counted)
    row = LearningSession.objects.create(
        user=student, key=uuid4(), enrollment=enrollment, content=content, focus_time=focus_time
    )
    ended: dict[str, Any] = {}
    if ended_ago is not None:
        ended = {"ended_at": ClockTimestamp() - timedelta(seconds=ended_ago), "end_reason": "closed"}
    started_at = ClockTimestamp() - timedelta(seconds=seconds + (ended_ago or 0))
    LearningSession.objects.filter(pk=row.pk).update(started_at=started_at, **ended)


def consume(student: User, item: int, *played: tuple[int, int]) -> None:
    consumption.consume(student_id=student.pk, item_id=item, played=played)


def is_completed(student: User, content: Content) -> bool:
    return ContentProgress.objects.filter(enrollment__student=student, content=content, is_completed=True).exists()


def test_a_content_completes_with_the_last_of_its_items(ana: User, ben: User, auto: Content) -> None:
    text, picture = text_of(auto), place(auto, Image.objects.create(owner=auto.module.course.owner, title="Image"))
    open_session(ana, auto, seconds=1)
    consume(ana, text)
    consume(ana, text)
    assert not is_completed(ana, auto)
    consume(ana, picture)
    assert is_completed(ana, auto)
    assert ContentProgress.objects.get(is_completed=True).completion_method == "auto"
    assert not is_completed(ben, auto)
    assert audit() == []


def test_it_needs_a_session_access_and_an_item_in_sight(ana: User, chidi: User, auto: Content) -> None:
    with pytest.raises(NotFound, match="session"):
        consume(ana, text_of(auto))
    with pytest.raises(NotEnrolled):
        consume(chidi, text_of(auto))
    with pytest.raises(NotFound, match="no item"):
        consume(ana, 2**40)
    open_session(ana, auto, seconds=1)
    Course.objects.update(status="draft")
    with pytest.raises(NotFound):
        consume(ana, text_of(auto))


def test_of_a_content_with_another_method_nothing_is_kept(ana: User, content: Content) -> None:
    consume(ana, text_of(content))
    assert not ItemProgress.objects.exists()


def test_nine_tenths_of_a_video_are_all_of_it(ana: User, auto: Content) -> None:
    item = film(auto)
    open_session(ana, auto, seconds=600)
    consume(ana, text_of(auto))
    consume(ana, item, (0, 30_000), (10_000, 40_000))
    consume(ana, item, (0, 40_000))
    consume(ana, item, (46_000, 59_999))
    assert not is_completed(ana, auto)
    consume(ana, item, (59_999, 90_000))  # what is beyond the end is cut
    assert ItemProgress.objects.get(item=item).played == [[0, 40_000], [46_000, 60_000]]
    assert is_completed(ana, auto)


def test_nobody_plays_more_than_there_has_been_time_for(ana: User, auto: Content) -> None:
    item = film(auto, seconds=3_600)
    open_session(ana, auto, seconds=60)
    most = FASTEST * (MINUTE + SLACK_MS)
    with pytest.raises(RateLimited) as refused:
        consume(ana, item, (0, most + 20_000))
    assert 5_000 < refused.value.extra["retry_after_ms"] <= 10_001
    assert not ItemProgress.objects.filter(item=item).exclude(played=[]).exists()
    consume(ana, item, (0, most - 1_000))
    with pytest.raises(RateLimited):
        consume(ana, item, (MINUTE, 10 * MINUTE))
    for _ in range(19):
        open_session(ana, auto, seconds=60)  # beside the first: these minutes are one
    with pytest.raises(RateLimited):
        consume(ana, item, (MINUTE, 10 * MINUTE))
    open_session(ana, auto, seconds=240, ended_ago=100)  # what they lasted one after the other adds up
    consume(ana, item, (MINUTE, 10 * MINUTE))


def test_a_hole_of_hours_is_no_time_to_play(ana: User, auto: Content) -> None:
    """A session that was opened again long after its page was away."""
    item = film(auto, seconds=3_600)
    open_session(ana, auto, seconds=36_000, counted=60)
    with pytest.raises(RateLimited):
        consume(ana, item, (0, 60 * MINUTE))
    consume(ana, item, (0, FASTEST * MINUTE))


def test_a_video_of_unknown_length_is_consumed_by_playing_some_of_it(ana: User, auto: Content) -> None:
    item = film(auto, seconds=None)
    open_session(ana, auto, seconds=60)
    consume(ana, item)
    assert not ItemProgress.objects.filter(consumed_at__isnull=False).exists()
    consume(ana, item, (5_000, 6_000))
    assert ItemProgress.objects.filter(consumed_at__isnull=False).count() == 1


def test_a_file_counts_when_it_is_opened_and_not_by_saying_so(
    settings: Any, tmp_path: Path, ana: User, ines: User, auto: Content
) -> None:
    settings.MEDIA_ROOT = tmp_path
    item = place(auto, File.objects.create(owner=ines, title="File", file=ContentFile(b"notes", "notes.pdf")))
    open_session(ana, auto, seconds=1)
    consume(ana, text_of(auto))
    with pytest.raises(NotConsumed):
        consume(ana, item)
    with pytest.raises(NotConsumed):
        consume(ana, text_of(auto), (0, 1_000))
    path = f"/api/v1/items/{item}/file/"
    assert by_token(ines).get(path).status_code == 200  # its owner has no progress
    assert by_token(ana).head(path).status_code == 200
    assert not is_completed(ana, auto)
    assert by_token(ana).get(path).status_code == 200
    assert is_completed(ana, auto)


@pytest.fixture
def opened(settings: Any, tmp_path: Path, no_jobs: None, ana: User, ines: User, auto: Content) -> Content:
    """`auto`, with a file beside its text that ana has opened; without a session, as a program may."""
    settings.MEDIA_ROOT = tmp_path
    item = place(auto, File.objects.create(owner=ines, title="File", file=ContentFile(b"notes", "notes.pdf")))
    assert by_token(ana).get(f"/api/v1/items/{item}/file/").status_code == 200
    assert not is_completed(ana, auto)
    return auto


def test_who_opened_its_file_has_completed_a_content_when_the_rest_of_it_is_gone(ana: User, opened: Content) -> None:
    authoring.delete_item(place=ContentItem.objects.get(pk=text_of(opened)))
    assert follow() == 1
    assert is_completed(ana, opened)
    assert audit() == []


def test_a_content_whose_file_was_opened_is_not_deleted(opened: Content) -> None:
    with pytest.raises(HasRecords):
        authoring.delete_content(content=opened)


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


@given(RANGES)
def test_a_union_is_every_moment_once(ranges: list[tuple[int, int]]) -> None:
    union = merged(ranges)
    assert {moment for start, end in union for moment in range(start, end)} == {
        moment for start, end in ranges for moment in range(start, end)
    }
    assert total(union) == len({moment for start, end in ranges for moment in range(start, end)})
    assert all(before[1] < after[0] for before, after in pairwise(union))
    assert merged(union) == union


def test_what_is_kept_is_bounded_and_the_longest() -> None:
    many = [(number * 10, number * 10 + 1 + number % 7) for number in range(2 * RANGES_KEPT)]
    kept = bounded(many)
    assert len(kept) == RANGES_KEPT
    assert kept == sorted(kept)
    assert min(end - start for start, end in kept) >= max(end - start for start, end in {*many} - {*kept})
