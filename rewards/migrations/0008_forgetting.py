"""Load rewards/sql/forgetting.sql: what may be blanked when a person leaves, and the only function that does."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0007_pending_adjustments"), ("members", "0006_consents_and_erasures")]
    operations = [
        migrations.RunSQL((SQL / "forgetting.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
