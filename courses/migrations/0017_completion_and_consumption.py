import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0016_waitlist_offers_on_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='contentprogress',
            name='completed_revision',
            field=models.BigIntegerField(default=0, help_text="The enrolment's progress revision with which it was completed"),
        ),
        migrations.CreateModel(
            name='ItemProgress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('consumed_at', models.DateTimeField(blank=True, null=True)),
                ('played', models.JSONField(blank=True, default=list, help_text='Of a video: [[start_ms, end_ms], …], in order, apart from each other')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='item_progress', to='courses.courseenrollment')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='progress_records', to='courses.contentitem')),
            ],
            options={
                'verbose_name_plural': 'item progress',
                'constraints': [models.UniqueConstraint(fields=('enrollment', 'item'), name='courses_itemprogress_unique_item')],
            },
        ),
    ]
