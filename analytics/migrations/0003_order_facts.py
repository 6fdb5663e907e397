"""Notes of orders name the fact that priced them, so that what each rule gave can be counted; all is counted anew."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_changes")]
    operations = [
        migrations.AddField(model_name="change", name="fact_id", field=models.BigIntegerField(null=True)),
        migrations.RunSQL((SQL / "changes.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
