from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

import courses.indexes


class Migration(migrations.Migration):

    atomic = False  # PostgreSQL builds an index concurrently only outside a transaction

    dependencies = [
        ('courses', '0006_engagement'),
    ]

    # The phases of the model come one after the other: 1A, 1B, then 1C, which begins in users.
    run_before = [
        ('users', '0002_api_token'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='contentprogress',
            index=courses.indexes.Index(fields=['enrollment', 'is_completed', 'completed_at'], name='idx_content_progress_completion'),
        ),
        AddIndexConcurrently(
            model_name='courseenrollment',
            index=courses.indexes.Index(fields=['course', 'status', 'last_accessed'], name='idx_course_enrollment_analytics'),
        ),
        AddIndexConcurrently(
            model_name='learningsession',
            index=courses.indexes.Index(fields=['enrollment', 'started_at', 'device_type'], name='idx_learning_sessions_analytics'),
        ),
    ]
