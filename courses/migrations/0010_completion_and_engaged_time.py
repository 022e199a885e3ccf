import datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0009_seats_and_audit_trail'),
    ]

    operations = [
        migrations.AddField(
            model_name='content',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='content',
            name='completion_method',
            field=models.CharField(choices=[('manual', 'Manual Mark Complete'), ('auto', 'Automatic'), ('time_based', 'Time Based')], default='manual', max_length=20),
        ),
        migrations.AddField(
            model_name='content',
            name='required_seconds',
            field=models.PositiveIntegerField(blank=True, help_text='Seconds of engaged time that complete a time based content', null=True),
        ),
        migrations.AddField(
            model_name='contentprogress',
            name='engaged_time',
            field=models.DurationField(default=datetime.timedelta),
        ),
        migrations.AddField(
            model_name='courseenrollment',
            name='engaged_time',
            field=models.DurationField(default=datetime.timedelta),
        ),
        migrations.AddField(
            model_name='courseenrollment',
            name='progress_revision',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='content',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('completion_method', 'time_based'), ('required_seconds__gt', 0), ('required_seconds__isnull', False)), models.Q(models.Q(('completion_method', 'time_based'), _negated=True), ('required_seconds__isnull', True)), _connector='OR'), name='courses_content_seconds_when_time_based', violation_error_message='Required seconds go with a time based content, and with no other.'),
        ),
        migrations.AddConstraint(
            model_name='contentprogress',
            constraint=models.CheckConstraint(condition=models.Q(('engaged_time__gte', datetime.timedelta(0)), ('engaged_time__lte', models.F('time_spent'))), name='courses_contentprogress_engaged_within_time'),
        ),
        migrations.AddConstraint(
            model_name='courseenrollment',
            constraint=models.CheckConstraint(condition=models.Q(('engaged_time__gte', datetime.timedelta(0)), ('engaged_time__lte', models.F('total_time_spent'))), name='courses_courseenrollment_engaged_within_total'),
        ),
    ]
