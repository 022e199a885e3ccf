import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0002_course_enrollment_type_and_capacity'),
    ]

    operations = [
        migrations.CreateModel(
            name='CourseWaitlist',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('joined_waitlist', models.DateTimeField(auto_now_add=True)),
                ('notified_of_opening', models.BooleanField(default=False)),
                ('priority', models.PositiveIntegerField(default=1, help_text='The lower the number, the sooner the turn.')),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waitlist_entries', to='courses.course')),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waitlist_entries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'waitlist entry',
                'verbose_name_plural': 'waitlist entries',
                'ordering': ['priority', 'joined_waitlist'],
                'indexes': [models.Index(fields=['course', 'priority', 'joined_waitlist'], name='courses_cou_course__ef8b8a_idx')],
                'constraints': [models.UniqueConstraint(fields=('course', 'student'), name='unique_course_waitlist')],
            },
        ),
    ]
