"""Periodic jobs of the domain, run by the Procrastinate worker."""

from procrastinate.contrib.django import app

from courses import sessions, waitlist


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
