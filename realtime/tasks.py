"""Jobs of mail, run by the Procrastinate worker. What they do is in delivery.py and digest.py."""

from datetime import UTC, date, datetime

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.types import JSONDict

from realtime import delivery, digest

RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)
"""After 4 s, 16 s, … 4.5 hours; then the mail server had its chances."""


@app.task(queue="mail", retry=RETRY, pass_context=False)
def mail_notification(notification_id: int) -> None:
    delivery.mail_notification(notification_id)


@app.task(queue="mail", retry=RETRY, pass_context=False)
def mail_digest(user_id: int, week: str) -> None:
    """`week` is its Monday, as YYYY-MM-DD."""
    digest.mail(user_id, date.fromisoformat(week))


@app.periodic(cron="*/15 * * * *")
@app.task(queueing_lock="plan_digests", pass_context=False)
def plan_digests(timestamp: int) -> None:
    """Have the weekly summaries mailed that are due by now. Each is planned and enqueued in one transaction."""
    while True:
        with transaction.atomic():
            planned = digest.plan(datetime.fromtimestamp(timestamp, UTC))
            if not planned:
                return
            jobs: list[JSONDict] = [{"user_id": user, "week": week.isoformat()} for user, week in planned]
            mail_digest.batch_defer(*jobs)
