from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KeyTransform


class Migration(migrations.Migration):

    atomic = False  # PostgreSQL builds an index concurrently only outside a transaction

    dependencies = [
        ('realtime', '0002_mail_and_digest'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='notification',
            index=models.Index(KeyTransform('enrollment', 'data'), condition=models.Q(('kind', 'enrollment.requested')), name='realtime_notification_requests'),
        ),
    ]
