"""Does the mail jobs that wait, and reads what they sent."""

import re

from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from users import tasks


def send_mails() -> list[str]:
    """Run each mail job that was asked for since the last time; to whom mails went."""
    seen = len(mail.outbox)
    jobs = ProcrastinateJob.objects.filter(task_name__startswith="users.tasks.mail_").order_by("id")
    for job in jobs[done.get(id(mail.outbox), 0) :]:
        getattr(tasks, job.task_name.rpartition(".")[2]).func(**job.args)
    done[id(mail.outbox)] = jobs.count()
    return [address for sent in mail.outbox[seen:] for address in sent.to]


done: dict[int, int] = {}
"""How many jobs were run, by outbox: each test has one of its own."""


def mailed_token() -> str:
    """What follows the # in the link of the newest mail."""
    found = re.search(r"^http://127\.0\.0\.1:8000/[a-z-]+#(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]
