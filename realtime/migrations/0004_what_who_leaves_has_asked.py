from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KeyTransform


class Migration(migrations.Migration):

    atomic = False  # PostgreSQL builds an index concurrently only outside a transaction

    dependencies = [
        ('realtime', '0003_requests_of_who_leaves'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='notification',
            index=models.Index(KeyTransform('enrollment', 'data'), condition=models.Q(('data__has_key', 'student')), name='realtime_notification_asked'),
        ),
        RemoveIndexConcurrently(
            model_name='notification',
            name='realtime_notification_requests',
        ),
    ]
