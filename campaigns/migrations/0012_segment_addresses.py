"""Load campaigns/sql/segment_addresses.sql: segments may ask who has a postal address."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
DROP = """
    DROP TRIGGER IF EXISTS wafa_dirty_new ON members_address;
    DROP TRIGGER IF EXISTS wafa_dirty_gone ON members_address;
    DROP FUNCTION IF EXISTS wafa_dirty_new_members_address();
    DROP FUNCTION IF EXISTS wafa_dirty_gone_members_address();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0011_without_address"), ("members", "0025_addresses")]
    operations = [migrations.RunSQL((SQL / "segment_addresses.sql").read_text(), reverse_sql=DROP)]
