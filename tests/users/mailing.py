"""Does the mail jobs that wait, and reads what they sent."""

import re

from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from users import tasks


def send_mails() -> list[str]:
    """Run each mail job that was asked for since the last time; to whom mails went."""
    global last_job
    seen = len(mail.outbox)
    jobs = ProcrastinateJob.objects.filter(task_name__startswith="users.tasks.mail_", id__gt=last_job)
    for job in jobs.order_by("id"):
        getattr(tasks, job.task_name.rpartition(".")[2]).func(**job.args)
        last_job = job.pk
    return [address for sent in mail.outbox[seen:] for address in sent.to]


last_job = 0
"""The newest that was run. A job's number comes never again, whatever a test undoes."""


def mailed_token() -> str:
    """What follows the # in the link of the newest mail."""
    found = re.search(r"^http://127\.0\.0\.1:8000/[a-z-]+#(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]
