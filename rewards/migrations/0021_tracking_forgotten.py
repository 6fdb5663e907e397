"""Load two files of rewards/sql anew: the number of a parcel is blanked when its receiver is forgotten."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("rewards", "0020_redemption_versions")]
    operations = [
        migrations.RunSQL((SQL / name).read_text(), reverse_sql=migrations.RunSQL.noop)
        for name in ("redemptions.sql", "forgetting.sql")
    ]
