"""What was brought back of a cancelled order lowers nobody's value any more: all figures are counted anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analytics", "0015_kept_worths")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO analytics_recount (program_id) SELECT id FROM members_program",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
