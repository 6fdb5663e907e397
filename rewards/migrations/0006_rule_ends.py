"""Load rewards/sql/rules.sql: the end of a rule version that has not come yet may be moved."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0005_rule_drafts")]
    operations = [
        migrations.RunSQL((SQL / "rules.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
