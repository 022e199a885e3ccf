import datetime

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import courses.indexes


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0012_fill_session_record'),
    ]

    operations = [
        migrations.AlterField(
            model_name='learningsession',
            name='key',
            field=models.UUIDField(help_text="The client's name for it"),
        ),
        migrations.AlterField(
            model_name='learningsession',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='learning_sessions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='learningsession',
            index=courses.indexes.Index(fields=['user', '-started_at'], name='courses_learningsession_user'),
        ),
        migrations.AddIndex(
            model_name='learningsession',
            index=courses.indexes.Index(condition=models.Q(('is_settled', False)), fields=['user'], name='courses_learningsession_working'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.UniqueConstraint(fields=('user', 'key'), name='courses_learningsession_unique_key'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.CheckConstraint(condition=models.Q(('duration', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('focus_time'), '+', models.F('idle_time')), '+', models.F('unknown_time'))), ('duration__isnull', True), _connector='OR'), name='courses_learningsession_times_add_up'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.CheckConstraint(condition=models.Q(('engaged_time__gte', datetime.timedelta(0)), ('engaged_time__lte', models.F('focus_time')), ('idle_time__gte', datetime.timedelta(0)), ('unknown_time__gte', datetime.timedelta(0))), name='courses_learningsession_no_negative_time'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.CheckConstraint(condition=models.Q(('acked_seq__gte', 0), ('epoch__gte', 0), ('last_at_ms__gte', 0), ('settled_ms__gte', 0)), name='courses_learningsession_no_negative_count'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['', 'engaged', 'focus', 'idle'])), name='courses_learningsession_known_state'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('end_reason__in', ['closed', 'lease', 'access_ended']), ('ended_at__isnull', False)), _connector='OR'), name='courses_learningsession_ended_for_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='learningsession',
            constraint=models.CheckConstraint(condition=models.Q(('is_settled', False), ('ended_at__isnull', False), _connector='OR'), name='courses_learningsession_settled_when_ended'),
        ),
    ]
