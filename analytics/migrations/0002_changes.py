"""Load analytics/sql/changes.sql: from now on what the roll-ups must count is noted, and what is there is counted anew."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
TABLES = ("members_order", "members_return", "members_member", "rewards_entry", "rewards_standing")
DROP = "".join(
    f"DROP TRIGGER IF EXISTS wafa_note_{name} ON {table};"
    for table in TABLES
    for name in ("new", "changed", "gone")
)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_rollups"), ("rewards", "0002_ledger_functions")]
    operations = [
        migrations.RunSQL(
            (SQL / "changes.sql").read_text(),
            reverse_sql=DROP
            + "DROP TRIGGER IF EXISTS wafa_note_zone ON members_program;"
            + "DROP TRIGGER IF EXISTS wafa_note_rank ON rewards_tier;",
        ),
    ]
