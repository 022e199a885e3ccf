from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0004_unique_email_and_locale'),
    ]

    operations = [
        migrations.CreateModel(
            name='RateCount',
            fields=[
                ('key', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('since', models.DateTimeField()),
                ('count', models.PositiveIntegerField()),
            ],
        ),
        # Counts of one minute: not worth a write to the log of the database for each request.
        migrations.RunSQL('ALTER TABLE users_ratecount SET UNLOGGED', 'ALTER TABLE users_ratecount SET LOGGED'),
    ]
