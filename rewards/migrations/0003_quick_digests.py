"""Load rewards/sql/checking.sql: the functions of digests said truly, so that they are inlined."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0002_ledger_functions")]
    operations = [
        migrations.RunSQL((SQL / "checking.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
