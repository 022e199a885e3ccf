"""Jobs of the domain, run by the Procrastinate worker."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from courses import progress, sessions, waitlist

RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)
"""After 4 s, 16 s, … 4.5 hours."""


@app.periodic(cron="*/5 * * * * *")
@app.task(queueing_lock="sweep_sessions", pass_context=False)
def sweep_sessions(timestamp: int) -> None:
    """End the sessions whose lease has run out, and settle what a crash left unsettled."""
    sessions.sweep()


@app.periodic(cron="*/5 * * * * *")
@app.task(queueing_lock="roll_on_waitlists", pass_context=False)
def roll_on_waitlists(timestamp: int) -> None:
    """Pass on the seats of offers that lapsed. Whoever touches such a course before does so too."""
    waitlist.roll_on()


@app.task(retry=RETRY, pass_context=False)
def follow_outline(course_id: int) -> None:
    """Roll up everybody's progress in a course whose contents have changed."""
    progress.follow_outline(course_id)


@app.task(retry=RETRY, pass_context=False)
def follow_enrollments(enrollment_ids: list[int]) -> None:
    """Roll up the progress of these enrolments."""
    progress.follow_enrollments(enrollment_ids)
