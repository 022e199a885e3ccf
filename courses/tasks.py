"""Periodic jobs of the domain, run by the Procrastinate worker."""

from procrastinate.contrib.django import app

from courses import sessions


@app.periodic(cron="*/5 * * * * *")
@app.task(queueing_lock="sweep_sessions", pass_context=False)
def sweep_sessions(timestamp: int) -> None:
    """End the sessions whose lease has run out, and settle what a crash left unsettled."""
    sessions.sweep()
