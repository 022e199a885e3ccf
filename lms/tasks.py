"""Jobs that look after the jobs, and after the files."""

from procrastinate import builtin_tasks
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from lms import orphans

KEEP_HOURS = 72


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_stalled_jobs", pass_context=False)
async def retry_stalled_jobs(timestamp: int) -> None:
    """What a worker had in hand when it was killed goes to another.

    A periodic job that is queued again by now is given up instead: only one of its kind may wait (its queueing lock).
    """
    for job in await app.job_manager.get_stalled_jobs():
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="remove_old_jobs", pass_context=True)
async def remove_old_jobs(context: object, timestamp: int) -> None:
    """Forget jobs that ended KEEP_HOURS ago. (The sweep alone makes 17,000 a day.)"""
    await builtin_tasks.remove_old_jobs(context, max_hours=KEEP_HOURS, remove_failed=True)  # type: ignore[arg-type]


@app.periodic(cron="31 3 * * *")
@app.task(queueing_lock="delete_orphans", pass_context=False)
def delete_orphans(timestamp: int) -> None:
    """Delete the files that uploads left behind when they were killed."""
    orphans.delete_orphans()
