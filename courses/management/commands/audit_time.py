"""`manage.py audit_time`: recompute every recorded second from the ledger, and say where a total differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

# What a session row says it counted must be what the ledger has of it, plus what it has not settled yet.
SESSIONS = """
    WITH remainder AS (
        SELECT s.id,
            coalesce(sum(piece.until - piece.start), 0) AS focus_ms,
            coalesce(sum(piece.until - piece.start) FILTER (WHERE piece.engaged), 0) AS engaged_ms
        FROM courses_learningsession s
        LEFT JOIN LATERAL (
            SELECT greatest((stretch->>0)::bigint, s.settled_ms) AS start, (stretch->>1)::bigint AS until,
                (stretch->>2)::boolean AS engaged
            FROM jsonb_array_elements(s.unsettled) AS stretch
            WHERE (stretch->>1)::bigint > s.settled_ms) AS piece ON true
        GROUP BY s.id),
    ledger AS (
        SELECT session_id AS id,
            coalesce(sum(upper(span) - lower(span)), '0') AS focus,
            coalesce(sum(upper(span) - lower(span)) FILTER (WHERE engaged), '0') AS engaged
        FROM courses_focusspan GROUP BY session_id)
    SELECT 'session', s.id::text, what, says, ledger_says
    FROM courses_learningsession s
    JOIN remainder r USING (id)
    LEFT JOIN ledger l USING (id)
    CROSS JOIN LATERAL (VALUES
        ('focus_time', s.focus_time, coalesce(l.focus, '0') + r.focus_ms * interval '1 ms'),
        ('engaged_time', s.engaged_time, coalesce(l.engaged, '0') + r.engaged_ms * interval '1 ms'),
        ('duration', coalesce(s.duration, '0'), s.focus_time + s.idle_time + s.unknown_time)
    ) AS total(what, says, ledger_says)
    WHERE says <> ledger_says"""

# What an enrolment and its contents say was spent must be the union of their spans.
UNIONS = """
    WITH covered AS (
        SELECT enrollment_id, {content} AS content_id,
            range_agg(span) AS focus, range_agg(span) FILTER (WHERE engaged) AS engaged
        FROM courses_focusspan WHERE {where} GROUP BY 1, 2),
    spent AS (
        SELECT enrollment_id, content_id,
            (SELECT sum(upper(r) - lower(r)) FROM unnest(focus) AS r) AS focus,
            (SELECT sum(upper(r) - lower(r)) FROM unnest(engaged) AS r) AS engaged
        FROM covered)
    SELECT '{kind}', concat_ws('/', t.enrollment_id, t.content_id), what, says, ledger_says
    FROM (SELECT {key} AS enrollment_id, {content_key} AS content_id, {total} AS spent, engaged_time
          FROM {table}) AS t
    FULL JOIN spent ON spent.enrollment_id = t.enrollment_id
        AND spent.content_id IS NOT DISTINCT FROM t.content_id
    CROSS JOIN LATERAL (VALUES
        ('{total}', coalesce(t.spent, '0'), coalesce(spent.focus, '0')),
        ('engaged_time', coalesce(t.engaged_time, '0'), coalesce(spent.engaged, '0'))
    ) AS total(what, says, ledger_says)
    WHERE says <> ledger_says"""

ENROLLMENTS = UNIONS.format(
    kind="enrollment",
    content="NULL::bigint",
    where="true",
    key="id",
    content_key="NULL::bigint",
    total="total_time_spent",
    table="courses_courseenrollment",
)
CONTENTS = UNIONS.format(
    kind="content progress (enrollment/content)",
    content="content_id",
    where="content_id IS NOT NULL",
    key="enrollment_id",
    content_key="content_id",
    total="time_spent",
    table="courses_contentprogress",
)

SHOWN = 50


class Command(BaseCommand):
    help = "Recompute sessions, contents and enrolments from the time ledger; fails where a total differs."

    def handle(self, *args: Any, **options: Any) -> None:
        differences: list[tuple[str, str, str, Any, Any]] = []
        with transaction.atomic(), connection.cursor() as cursor:
            # One snapshot for all: learners may be at work meanwhile.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for query in (SESSIONS, CONTENTS, ENROLLMENTS):
                cursor.execute(query)
                differences += cursor.fetchall()
            cursor.execute("SELECT count(*) FROM courses_learningsession")
            (sessions,) = cursor.fetchone()
        for kind, key, total, says, ledger in differences[:SHOWN]:
            self.stderr.write(f"{kind} {key}: {total} says {says}, the ledger says {ledger}")
        if differences:
            raise CommandError(f"{len(differences)} totals differ from the ledger.")
        self.stdout.write(f"{sessions} sessions: every total equals the ledger.")
