from django.db import migrations

# What the earlier rows know, in the words of the new fields. Time that was neither in focus nor away is unknown. How long
# somebody was in focus is known, but not when: from the start on, as if it were not settled yet. The first sweep carries
# it over into the ledger, and makes the totals of it: they are what the ledger proves, so they begin at nothing.
FILL = """
    UPDATE courses_learningsession s SET
        user_id = old.student_id,
        key = gen_random_uuid(),
        focus_time = old.focus,
        unknown_time = old.duration - old.focus - s.idle_time,
        duration = old.duration,
        last_at_ms = extract(epoch FROM greatest(coalesce(s.ended_at - s.started_at, old.duration), old.focus)) * 1000,
        unsettled = jsonb_build_array(jsonb_build_array(0, (extract(epoch FROM old.focus) * 1000)::bigint, false)),
        end_reason = CASE WHEN s.ended_at IS NULL THEN '' ELSE 'closed' END
    FROM (
        SELECT s.id, e.student_id, focus, greatest(s.duration, focus + s.idle_time) AS duration
        FROM courses_learningsession s JOIN courses_courseenrollment e ON e.id = s.enrollment_id
        CROSS JOIN LATERAL date_trunc('milliseconds', s.focus_time) AS focus
    ) old
    WHERE old.id = s.id;
    UPDATE courses_courseenrollment SET total_time_spent = '0';
    UPDATE courses_contentprogress SET time_spent = '0'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0011_session_record'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
