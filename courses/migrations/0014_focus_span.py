import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0013_session_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='FocusSpan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('engaged', models.BooleanField()),
                ('span', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('content', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='focus_spans', to='courses.content')),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='focus_spans', to='courses.courseenrollment')),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='focus_spans', to='courses.learningsession')),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GistIndex(models.Func(models.F('enrollment'), models.F('enrollment'), models.Value('[]'), function='int8range', output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField()), models.F('span'), name='courses_focusspan_enrollment')],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(models.F('session'), models.F('session'), models.Value('[]'), function='int8range', output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField()), '&&'), ('span', '&&')], name='courses_focusspan_no_overlap'), models.CheckConstraint(condition=models.Q(('span__isempty', False), ('span__lower_inf', False), ('span__upper_inf', False)), name='courses_focusspan_has_two_ends')],
            },
        ),
    ]
