"""Load rewards/sql/redemptions.sql anew: it tells the version of a reward, so that a process may remember it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0019_transfers")]
    operations = [
        migrations.RunSQL((SQL / "redemptions.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
