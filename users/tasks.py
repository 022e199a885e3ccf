"""Periodic jobs about accounts, run by the Procrastinate worker."""

from datetime import timedelta

from django.db.models.functions import Now
from procrastinate.contrib.django import app

from users.models import RateCount


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="forget_rate_counts", pass_context=False)
def forget_rate_counts(timestamp: int) -> None:
    """Delete the counts that are over."""
    RateCount.objects.filter(since__lt=Now() - timedelta(minutes=1)).delete()
