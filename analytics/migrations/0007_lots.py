"""What the points of each month became, and where points came from; all figures are counted anew for it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0006_steering"),
        ("members", "0021_audiences"),
    ]

    operations = [
        migrations.CreateModel(
            name="LotDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "unit_id",
                        "day",
                        "cohort",
                        "ends",
                        "holders",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("unit_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("cohort", models.DateField()),
                ("ends", models.DateField()),
                ("holders", models.CharField(max_length=8)),
                ("issued", models.BigIntegerField(default=0)),
                ("spent", models.BigIntegerField(default=0)),
                ("expired", models.BigIntegerField(default=0)),
                ("reversed", models.BigIntegerField(default=0)),
                ("adjusted", models.BigIntegerField(default=0)),
                ("moved", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.program",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SourceDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "unit_id",
                        "day",
                        "source",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("unit_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("source", models.CharField(max_length=8)),
                ("given", models.BigIntegerField(default=0)),
                ("taken", models.BigIntegerField(default=0)),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.program",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            "INSERT INTO analytics_recount (program_id) SELECT id FROM members_program",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
