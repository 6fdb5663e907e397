"""Load analytics/sql/looking.sql: who counts can ask for a new look at tables that count as empty."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0018_pair_days")]
    operations = [
        migrations.RunSQL(
            (SQL / "looking.sql").read_text(), reverse_sql="DROP FUNCTION IF EXISTS wafa_look_again()"
        ),
    ]
