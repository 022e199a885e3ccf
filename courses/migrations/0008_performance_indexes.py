from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

import courses.indexes


class Migration(migrations.Migration):

    atomic = False  # PostgreSQL builds an index concurrently only outside a transaction

    dependencies = [
        ('courses', '0007_analytics_indexes'),
        ('users', '0003_api_access'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='course',
            index=courses.indexes.Index(fields=['enrollment_type', 'status', 'max_capacity'], name='idx_course_capacity_lookup'),
        ),
    ]
