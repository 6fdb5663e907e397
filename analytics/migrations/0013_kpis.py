"""What key figures and cohorts are read from; notes name the order with its store and channel, and all is counted anew."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0012_attribution_effects"),
        ("members", "0024_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="change",
            name="channel",
            field=models.CharField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="change",
            name="order_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="change",
            name="revision",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="change",
            name="store_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="Cut",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "by",
                        "group",
                        "days",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("by", models.CharField(max_length=8)),
                ("group", models.CharField(max_length=40)),
                ("days", models.IntegerField()),
                ("ends_on", models.DateField()),
                ("sums", models.JSONField()),
                ("counted_at", models.DateTimeField()),
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
            name="Pair",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "kind",
                        "day",
                        "since",
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
                ("day", models.DateField()),
                ("since", models.DateField()),
                ("times", models.BigIntegerField(default=0)),
                ("orders", models.BigIntegerField(default=0)),
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
        migrations.CreateModel(
            name="TradeDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "day",
                        "store_id",
                        "channel",
                        "is_member",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("store_id", models.BigIntegerField()),
                ("channel", models.CharField(max_length=32)),
                ("is_member", models.BooleanField()),
                ("orders", models.BigIntegerField(default=0)),
                ("revenue_minor", models.BigIntegerField(default=0)),
                ("margin_minor", models.BigIntegerField(default=0)),
                ("costed_minor", models.BigIntegerField(default=0)),
                ("bare_minor", models.BigIntegerField(default=0)),
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
            name="MemberFigure",
            fields=[
                ("member_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("joined_on", models.DateField()),
                ("days", django.contrib.postgres.fields.ArrayField(base_field=models.DateField())),
                ("amounts", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                ("used", django.contrib.postgres.fields.ArrayField(base_field=models.DateField())),
                ("orders", models.IntegerField()),
                ("revenue_minor", models.BigIntegerField()),
                ("returned_minor", models.BigIntegerField()),
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
            options={
                "indexes": [
                    models.Index(
                        models.F("program"),
                        models.OrderBy(models.F("revenue_minor"), descending=True),
                        condition=models.Q(("orders__gt", 0)),
                        name="memberfigure_by_revenue",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            (SQL / "changes.sql").read_text(),
            reverse_sql="DROP TRIGGER IF EXISTS wafa_note_changed ON members_return",
        ),
        migrations.RunSQL(
            (SQL / "margins.sql").read_text(),
            reverse_sql="DROP TRIGGER IF EXISTS wafa_note_margin ON members_program",
        ),
    ]
