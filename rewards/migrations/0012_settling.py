"""Load rewards/sql/settle.sql: what is due in a program, settled by one statement for thousands of wallets."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0011_catalogue")]
    operations = [
        migrations.RunSQL((SQL / "settle.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
