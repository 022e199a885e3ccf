"""The jobs that come by themselves, as the worker plans them."""

from itertools import pairwise

import pytest
from procrastinate.contrib.django import app

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
