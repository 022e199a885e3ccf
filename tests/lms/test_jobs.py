"""The jobs that come by themselves, as the worker plans them."""

from itertools import pairwise

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from courses.tasks import follow_outline, sweep_sessions
from lms.tasks import retry_stalled_jobs

TEN_O_CLOCK = 1_772_359_200


@pytest.mark.parametrize(
    ("job", "seconds"),
    [
        ("courses.tasks.sweep_sessions", 5),
        ("courses.tasks.roll_on_waitlists", 5),
        ("lms.tasks.retry_stalled_jobs", 60),
        ("realtime.tasks.plan_digests", 15 * 60),
        ("users.tasks.forget_rate_counts", 3600),
        ("users.tasks.forget_traces", 24 * 3600),
    ],
)
def test_a_job_comes_every_so_many_seconds(job: str, seconds: int) -> None:
    """The whole hour round, or the whole week."""
    (planned,) = [one for one in app.periodic_registry.periodic_tasks.values() if one.task.name == job]
    times = planned.croniter
    times.set_current(TEN_O_CLOCK)
    due = [times.get_next(ret_type=float) for _ in range(max(7, 3600 // seconds))]
    assert {after - before for before, after in pairwise(due)} == {seconds}


@pytest.fixture
def no_jobs(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


@pytest.mark.usefixtures("no_jobs")
def test_what_a_killed_worker_had_in_hand_goes_on_also_where_the_same_waits_by_now() -> None:
    """A sweep is queued every five seconds, one at a time; so the one that is stalled can't be queued beside it."""
    stalled_sweep = sweep_sessions.configure().defer(timestamp=1)
    stalled_job = follow_outline.defer(course_id=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")  # by a worker that is there no more
    waiting_sweep = sweep_sessions.configure().defer(timestamp=2)
    async_to_sync(retry_stalled_jobs.func)(timestamp=3)
    assert dict(ProcrastinateJob.objects.values_list("id", "status")) == {
        stalled_sweep: "failed",
        stalled_job: "todo",
        waiting_sweep: "todo",
    }
