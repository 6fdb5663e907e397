"""Orders that cost nothing are no visits: the figures of every program are counted anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_often")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO analytics_recount (program_id) SELECT id FROM members_program",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
