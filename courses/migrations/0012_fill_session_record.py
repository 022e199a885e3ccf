from django.db import migrations

# What the earlier rows know, in the words of the new fields. Time that was neither in focus nor away is unknown.
FILL = """
    UPDATE courses_learningsession s SET
        user_id = old.student_id,
        key = gen_random_uuid(),
        unknown_time = old.duration - s.focus_time - s.idle_time,
        duration = old.duration,
        last_at_ms = extract(epoch FROM coalesce(s.ended_at - s.started_at, old.duration)) * 1000,
        end_reason = CASE WHEN s.ended_at IS NULL THEN '' ELSE 'closed' END,
        is_settled = s.ended_at IS NOT NULL
    FROM (
        SELECT s.id, e.student_id, greatest(s.duration, s.focus_time + s.idle_time) AS duration
        FROM courses_learningsession s JOIN courses_courseenrollment e ON e.id = s.enrollment_id
    ) old
    WHERE old.id = s.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0011_session_record'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
