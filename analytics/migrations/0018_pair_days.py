"""Sums of the pairs by day for the usual windows, made from the pairs that are there."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from analytics.kpis import sums


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(sums.fill_days("true"))


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0017_asked_reviews"),
        ("members", "0025_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="PairDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "kind",
                        "days",
                        "is_since",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (1, "An order, and the one before"),
                            (2, "An order, and the one before the one before"),
                            (3, "A day of using points, and the one before"),
                            (4, "A day of ordering or using, and the one before"),
                            (5, "The first order, and joining"),
                            (6, "The second order, and the first"),
                            (7, "The second order, and joining"),
                            (8, "The first use of points, and joining"),
                            (9, "A month with orders, and that of the first"),
                            (10, "A month with orders, and that of joining"),
                            (11, "Joining, twice, with what was brought back since"),
                        ]
                    ),
                ),
                ("days", models.SmallIntegerField()),
                ("is_since", models.BooleanField()),
                ("day", models.DateField()),
                ("times", models.BigIntegerField(default=0)),
                ("near", models.BigIntegerField(default=0)),
                ("far", models.BigIntegerField(default=0)),
                ("amount_minor", models.BigIntegerField(default=0)),
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
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
