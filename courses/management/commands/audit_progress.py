"""`manage.py audit_progress`: recompute all progress from the contents completed, and say where it differs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from courses.progress import DUE

# A job that is still to follow an author's changes was enqueued in their transaction: where there is one, the progress
# of that course is known to be behind.
BEHIND = """
    SELECT (args->>'course_id')::bigint FROM procrastinate_jobs
    WHERE task_name = 'courses.tasks.follow_outline' AND status IN ('todo', 'doing')"""

# Likewise one that is still to look at who came back: their enrolments are.
RETURNED = """
    SELECT jsonb_array_elements_text(args->'enrollment_ids')::bigint FROM procrastinate_jobs
    WHERE task_name = 'courses.tasks.follow_enrollments' AND status IN ('todo', 'doing')"""

IN_LINE = f"e.course_id NOT IN ({BEHIND}) AND e.id NOT IN ({RETURNED})"

COUNTED = f"""
    WITH counted AS (
        SELECT e.id AS enrollment_id, m.id AS module_id, count(p.id) AS completed, count(c.id) AS total
        FROM courses_courseenrollment e
        LEFT JOIN courses_module m ON m.course_id = e.course_id
        LEFT JOIN courses_content c ON c.module_id = m.id AND c.archived_at IS NULL
        LEFT JOIN courses_contentprogress p ON p.enrollment_id = e.id AND p.content_id = c.id AND p.is_completed
        WHERE {IN_LINE}
        GROUP BY e.id, m.id)"""

# floor(10,000 × completed ÷ total) hundredths of a percent, as docs/progress.md has it.
PERCENT = "coalesce(trunc(10000 * {completed} / nullif({total}, 0)) / 100, 0)"

MODULES = f"""{COUNTED}
    SELECT 'module progress (enrollment/module)', concat_ws('/', c.enrollment_id, c.module_id), what, says, follows
    FROM counted c
    LEFT JOIN courses_moduleprogress mp ON mp.enrollment_id = c.enrollment_id AND mp.module_id = c.module_id
    CROSS JOIN LATERAL (VALUES
        ('completed_contents', coalesce(mp.completed_contents, 0)::numeric, c.completed::numeric),
        ('total_contents', coalesce(mp.total_contents, CASE WHEN c.completed = 0 THEN c.total ELSE 0 END), c.total),
        ('percentage', coalesce(mp.percentage, 0), {PERCENT.format(completed="c.completed", total="c.total::numeric")}),
        ('completed_at (0 or 1)', (mp.completed_at IS NOT NULL)::int,
            (mp.completed_at IS NOT NULL OR 0 < c.total AND c.completed = c.total)::int)
    ) AS total(what, says, follows)
    WHERE says <> follows"""

COURSES = f"""{COUNTED},
    course AS (
        SELECT enrollment_id AS id, sum(completed) AS completed, sum(total) AS total FROM counted GROUP BY 1)
    SELECT 'enrollment', e.id::text, what, says, follows
    FROM course c JOIN courses_courseenrollment e USING (id)
    CROSS JOIN LATERAL (VALUES
        ('progress_percentage', e.progress_percentage, {PERCENT.format(completed="c.completed", total="c.total")}),
        ('status completed (0 or 1)', (e.status = 'completed')::int,
            (e.status = 'completed' OR e.status = 'enrolled' AND 0 < c.total AND c.completed = c.total)::int),
        ('completed_on (0 or 1)', (e.completed_on IS NOT NULL)::int,
            (e.completed_on IS NOT NULL OR e.status = 'completed')::int),
        ('progress_revision', e.progress_revision, greatest(e.progress_revision, (
            SELECT max(completed_revision) FROM courses_contentprogress p WHERE p.enrollment_id = e.id)))
    ) AS total(what, says, follows)
    WHERE says <> follows"""

CONTENTS = f"""
    WITH due AS ({DUE.format(which="true")})
    SELECT 'content progress (enrollment/content)', concat_ws('/', p.enrollment_id, p.content_id), what, says, follows
    FROM courses_contentprogress p
    JOIN courses_courseenrollment e ON e.id = p.enrollment_id
    LEFT JOIN due d ON d.enrollment_id = p.enrollment_id AND d.content_id = p.content_id
    CROSS JOIN LATERAL (VALUES
        ('is_completed (0 or 1)', p.is_completed::int, (p.is_completed OR d.content_id IS NOT NULL)::int),
        ('completed_at (0 or 1)', (p.completed_at IS NOT NULL)::int, p.is_completed::int),
        ('completed_revision (0 or 1)', (p.completed_revision > 0)::int, p.is_completed::int)
    ) AS total(what, says, follows)
    WHERE says <> follows AND {IN_LINE}"""

SHOWN = 50


class Command(BaseCommand):
    help = "Recompute modules, enrolments and their states from completed contents; fails where one differs."

    def handle(self, *args: Any, **options: Any) -> None:
        differences: list[tuple[str, str, str, Any, Any]] = []
        with transaction.atomic(), connection.cursor() as cursor:
            # One snapshot for all: learners may be at work meanwhile.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for query in (CONTENTS, MODULES, COURSES):
                cursor.execute(query)
                differences += cursor.fetchall()
            cursor.execute(f"SELECT count(*) FROM courses_courseenrollment e WHERE {IN_LINE}")
            (audited,) = cursor.fetchone()
            cursor.execute(f"SELECT count(*) FROM courses_course WHERE id IN ({BEHIND})")
            (behind,) = cursor.fetchone()
            cursor.execute(f"SELECT count(*) FROM courses_courseenrollment WHERE id IN ({RETURNED})")
            (returned,) = cursor.fetchone()
        for kind, key, name, says, counted in differences[:SHOWN]:
            self.stderr.write(f"{kind} {key}: {name} says {says}, the contents say {counted}")
        if behind:
            self.stderr.write(f"{behind} courses passed over: a job is still to follow what their authors changed.")
        if returned:
            self.stderr.write(f"{returned} enrolments passed over: a job is still to look at who came back.")
        if differences:
            raise CommandError(f"{len(differences)} values differ from the contents completed.")
        self.stdout.write(f"{audited} enrolments: all progress follows from the contents completed.")
