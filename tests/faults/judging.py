"""What is wrong with the database and the logs after a fault, if anything is."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from tests.faults.record import MISSING, WRONG, Record


def misrecorded(records: Iterable[Record], users: Sequence[int]) -> list[str]:
    """What the rows of these users' sessions hold that their clients did not send, or lack that was acknowledged."""
    from courses.models import LearningSession

    problems = []
    rows = {str(row.key): row for row in LearningSession.objects.filter(user__in=users)}
    for record in records:
        row = rows.pop(record.key, None)
        if row is None:
            if record.session is not None:
                problems.append(f"{MISSING}: no row of session {record.session}")
            continue
        seq = row.acked_seq
        counted = (
            *(as_ms(t) for t in (row.duration, row.focus_time, row.engaged_time, row.idle_time, row.unknown_time)),
            row.interactions_count,
        )
        if seq < record.acked or (record.end == "closed" and seq != len(record.samples)):
            problems.append(f"{MISSING}: session {row.pk} has {seq} samples, {record.acked} were acknowledged")
        if seq >= len(record.totals) or counted != record.totals[seq]:
            problems.append(f"{WRONG}: session {row.pk} has {counted}, its samples make {record.totals[seq : seq + 1]}")
        if counted[0] > (record.ended - record.began) * 1000 + 2_000:
            problems.append(f"{WRONG}: session {row.pk} lasted longer than the time that passed")
        if record.end == "closed" and row.end_reason != "closed":
            problems.append(f"session {row.pk} was closed, and its row says {row.end_reason!r}")
    problems += [f"a row that nobody opened: {key}" for key in rows]
    return problems


def audit() -> list[str]:
    """Sweep, settle, and compare all totals with the ledger: what `audit_time` says when they differ."""
    from io import StringIO

    from django.core.management import CommandError, call_command

    from courses import sessions

    sessions.sweep()
    problems = [f"{count} sessions that ended are not settled"] if (count := unsettled()) else []
    differences = StringIO()
    try:
        call_command("audit_time", stdout=StringIO(), stderr=differences)
    except CommandError as error:
        problems += [str(error), *differences.getvalue().splitlines()]
    return problems


def unsettled() -> int:
    """How many sessions have ended and are not in the ledger."""
    from courses.models import LearningSession

    return LearningSession.objects.filter(ended_at__isnull=False, is_settled=False).count()


def faults_logged(log: str, *expected: str) -> list[str]:
    """The errors in a site's log, without those that contain one of these texts."""
    return [
        line
        for line in log.splitlines()
        if (" ERROR " in line or " CRITICAL " in line or "Traceback" in line)
        and not any(text in line for text in expected)
    ]


def as_ms(duration: timedelta | None) -> int:
    return round(duration.total_seconds() * 1000) if duration is not None else 0
