import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import courses.models.session


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0010_completion_and_engaged_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='learningsession',
            name='acked_seq',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='end_reason',
            field=models.CharField(blank=True, choices=[('closed', 'Closed'), ('lease', 'Lease'), ('access_ended', 'Access Ended')], max_length=16),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='engaged_time',
            field=models.DurationField(default=datetime.timedelta),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='epoch',
            field=models.BigIntegerField(default=0, help_text='Raised by every open; fences off earlier holders'),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='is_settled',
            field=models.BooleanField(default=False, help_text='Ended, and wholly in the ledger'),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='key',
            field=models.UUIDField(null=True, help_text="The client's name for it"),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='last_at_ms',
            field=models.BigIntegerField(default=0, help_text='`at` of the last sample'),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='last_heard_at',
            field=models.DateTimeField(db_default=courses.models.session.ClockTimestamp()),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='settled_ms',
            field=models.BigIntegerField(default=0, help_text='Up to here its focus is in the ledger'),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='state',
            field=models.CharField(blank=True, choices=[('engaged', 'Engaged'), ('focus', 'Focus'), ('idle', 'Idle')], max_length=8),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='unknown_time',
            field=models.DurationField(default=datetime.timedelta),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='unsettled',
            field=models.JSONField(blank=True, default=list, help_text='[[start_ms, end_ms, engaged], …]: counts from settled_ms on'),
        ),
        migrations.AddField(
            model_name='learningsession',
            name='user',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='learning_sessions', to=settings.AUTH_USER_MODEL),
        ),
    ]
