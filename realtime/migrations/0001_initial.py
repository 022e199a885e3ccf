import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NotificationCursor',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='notification_cursor', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('head', models.BigIntegerField(default=0)),
                ('seen', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('seen__gte', 0), ('seen__lte', models.F('head'))), name='realtime_notificationcursor_seen_within_head')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('enrollment.requested', 'Enrollment Requested'), ('enrollment.approved', 'Enrollment Approved'), ('enrollment.rejected', 'Enrollment Rejected'), ('enrollment.confirmed', 'Enrollment Confirmed'), ('enrollment.ended', 'Enrollment Ended'), ('waitlist.joined', 'Waitlist Joined'), ('waitlist.offer', 'Waitlist Offer'), ('waitlist.offer_expired', 'Waitlist Offer Expired'), ('progress.module_completed', 'Module Completed'), ('progress.course_completed', 'Course Completed'), ('certificate.issued', 'Certificate Issued'), ('session.nudge', 'Session Nudge'), ('help.requested', 'Help Requested')], max_length=40)),
                ('data', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['user', 'number'],
                'constraints': [models.UniqueConstraint(fields=('user', 'number'), name='realtime_notification_unique_number'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='realtime_notification_numbered_from_one')],
            },
        ),
    ]
