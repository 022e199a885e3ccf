"""Jobs of the domain, run by the Procrastinate worker."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.types import JSONDict

from courses import certificates, engagement, progress, sessions, waitlist

RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)
"""After 4 s, 16 s, … 4.5 hours."""

EVERY_5_SECONDS = "* * * * * */5"
"""The field of the seconds is the last of six."""


@app.periodic(cron=EVERY_5_SECONDS)
@app.task(queueing_lock="sweep_sessions", pass_context=False)
def sweep_sessions(timestamp: int) -> None:
    """End the sessions whose lease has run out, and settle what a crash left unsettled."""
    sessions.sweep()


@app.periodic(cron=EVERY_5_SECONDS)
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


@app.task(retry=RETRY, pass_context=False)
def issue_certificates(course_id: int) -> None:
    """Give a certificate to whoever completed the course before it gave any."""
    certificates.issue_to_all(course_id)


@app.task(priority=-2, pass_context=False)
def refresh_engagement(enrollment_ids: list[int]) -> None:
    """Enqueued where sessions of these end, once for all that end together; nothing waits behind it."""
    engagement.refresh(enrollment_ids)


@app.periodic(cron="41 2 * * *")
@app.task(queueing_lock="refresh_all_engagement", pass_context=False)
def refresh_all_engagement(timestamp: int) -> None:
    """A score falls by itself when nobody learns: look at all of them, in jobs of a batch each."""
    for batch in engagement.batches():
        jobs: list[JSONDict] = [{"enrollment_ids": list(ids)} for ids in batch]
        refresh_engagement.batch_defer(*jobs)
