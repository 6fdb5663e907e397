"""The function that knows who calls the API."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("members", "0019_webhooks")]

    operations = [
        migrations.RunSQL(
            (SQL / "caller.sql").read_text(), reverse_sql="DROP FUNCTION wafa_caller(text, bytea)"
        ),
    ]
