"""Load campaigns/sql/segment_messages.sql: segments may ask for the messages that members received."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
DROP = """
    DROP TRIGGER IF EXISTS wafa_dirty_new ON campaigns_message;
    DROP TRIGGER IF EXISTS wafa_dirty_changed ON campaigns_message;
    DROP FUNCTION IF EXISTS wafa_dirty_messages();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_journeys")]
    operations = [migrations.RunSQL((SQL / "segment_messages.sql").read_text(), reverse_sql=DROP)]
