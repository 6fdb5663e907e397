"""Load the ledger's functions and guards from rewards/sql/."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
FILES = ("ids.sql", "canonical.sql", "guards.sql", "read.sql", "post.sql")


def load(name: str) -> migrations.RunSQL:
    return migrations.RunSQL((SQL / name).read_text(), reverse_sql=migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("rewards", "0001_initial"), ("members", "0001_initial")]
    operations = [load(name) for name in FILES]
