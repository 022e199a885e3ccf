from django.db import migrations


class Migration(migrations.Migration):
    """Half of each page of session rows stays free (docs/decisions/0027).

    The recorder updates every live session's row several times a second. Where the new version of a row finds room on
    its page, no index is touched and nothing is left for vacuum.
    """

    dependencies = [("courses", "0014_focus_span")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE courses_learningsession SET (fillfactor = 50)",
            "ALTER TABLE courses_learningsession RESET (fillfactor)",
        ),
    ]
