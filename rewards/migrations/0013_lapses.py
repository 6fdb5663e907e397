"""Inactivity: the policy of a unit, and the functions that read, write and settle a wallet's `lapses_at`."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


def load(name: str) -> migrations.RunSQL:
    return migrations.RunSQL((SQL / name).read_text(), reverse_sql=migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("rewards", "0012_settling")]
    operations = [
        migrations.AddField("unit", "lapse", models.JSONField("inactivity", blank=True, default=dict)),
        migrations.AddField("unit", "is_lapse_begun", models.BooleanField(default=True)),
        *(load(name) for name in ("read.sql", "post.sql", "settle.sql")),
    ]
