from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("rewards", "0040_gatherings"),
    ]

    operations = [
        migrations.AddField(
            model_name="redemption",
            name="household",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="redemptions",
                to="rewards.household",
            ),
        ),
        migrations.AddIndex(
            model_name="redemption",
            index=models.Index(
                condition=models.Q(("household__isnull", False)),
                fields=["household", "-reserved_at"],
                name="redemption_by_household",
            ),
        ),
        migrations.RunSQL((SQL / "redemptions.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
