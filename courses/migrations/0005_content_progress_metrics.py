import datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0004_enrollment_approval'),
    ]

    operations = [
        migrations.AddField(
            model_name='contentprogress',
            name='completion_method',
            field=models.CharField(choices=[('manual', 'Manual Mark Complete'), ('auto', 'Automatic'), ('time_based', 'Time Based')], default='manual', max_length=20),
        ),
        migrations.AddField(
            model_name='contentprogress',
            name='last_viewed',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contentprogress',
            name='time_spent',
            field=models.DurationField(default=datetime.timedelta),
        ),
        migrations.AddField(
            model_name='contentprogress',
            name='view_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name='contentprogress',
            index=models.Index(fields=['enrollment', 'is_completed'], name='courses_con_enrollm_b77b99_idx'),
        ),
        migrations.AddIndex(
            model_name='contentprogress',
            index=models.Index(fields=['content', 'is_completed'], name='courses_con_content_784395_idx'),
        ),
        migrations.AddIndex(
            model_name='contentprogress',
            index=models.Index(fields=['last_viewed'], name='courses_con_last_vi_3c88ec_idx'),
        ),
    ]
