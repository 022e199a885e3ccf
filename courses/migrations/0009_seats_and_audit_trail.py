import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0008_performance_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=32, unique=True)),
                ('issued_at', models.DateTimeField(auto_now_add=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-issued_at'],
            },
        ),
        migrations.CreateModel(
            name='EnrollmentEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30)),
                ('from_status', models.CharField(blank=True, max_length=15)),
                ('to_status', models.CharField(blank=True, max_length=15)),
                ('reason', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.AddField(
            model_name='course',
            name='waitlist_offer_hours',
            field=models.PositiveIntegerField(blank=True, help_text='How long an offered seat is kept; empty: as everywhere', null=True),
        ),
        migrations.AddField(
            model_name='courseenrollment',
            name='from_offer',
            field=models.BooleanField(default=False, help_text='The request was born of a seat offer, and keeps that seat until it is decided.'),
        ),
        migrations.AddField(
            model_name='coursewaitlist',
            name='offer_expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='coursewaitlist',
            name='offered_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='course',
            constraint=models.CheckConstraint(condition=models.Q(('waitlist_offer_hours__isnull', True), ('waitlist_offer_hours__gt', 0), _connector='OR'), name='courses_course_positive_offer_hours'),
        ),
        migrations.AddConstraint(
            model_name='courseenrollment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'enrolled', 'completed', 'paused', 'withdrawn', 'rejected'])), name='courses_courseenrollment_known_status'),
        ),
        migrations.AddConstraint(
            model_name='coursewaitlist',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('notified_of_opening', True), ('offer_expires_at__gt', models.F('offered_at')), ('offer_expires_at__isnull', False), ('offered_at__isnull', False)), models.Q(('notified_of_opening', False), ('offer_expires_at__isnull', True), ('offered_at__isnull', True)), _connector='OR'), name='courses_coursewaitlist_offer_is_whole'),
        ),
        migrations.AddField(
            model_name='certificate',
            name='enrollment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certificates', to='courses.courseenrollment'),
        ),
        migrations.AddField(
            model_name='enrollmentevent',
            name='actor',
            field=models.ForeignKey(blank=True, help_text='Whoever did it; nobody, when the server did.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='enrollment_actions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='enrollmentevent',
            name='course',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enrollment_events', to='courses.course'),
        ),
        migrations.AddField(
            model_name='enrollmentevent',
            name='student',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enrollment_events', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked_at__isnull', True)), fields=('enrollment',), name='courses_certificate_one_valid'),
        ),
    ]
