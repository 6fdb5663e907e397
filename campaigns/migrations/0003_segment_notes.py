"""Load campaigns/sql/segments.sql: from now on whoever may have changed is noted, in programs that have segments."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
TABLES = (
    "members_member",
    "members_identity",
    "members_consent",
    "members_preference",
    "members_order",
    "members_activity",
    "rewards_wallet",
    "rewards_standing",
    "rewards_redemption",
    "rewards_term",
    "rewards_badgewin",
    "rewards_referral",
    "rewards_householdplace",
)
DROP = "".join(
    f"DROP TRIGGER IF EXISTS wafa_dirty_{what} ON {table};DROP FUNCTION IF EXISTS wafa_dirty_{what}_{table}();"
    for table in TABLES
    for what in ("new", "changed", "gone")
)


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_segments"),
        ("members", "0021_audiences"),
        ("rewards", "0036_attendance_followed"),
    ]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="gathered_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="watch",
            name="horizon",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Dirty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("member_id", models.BigIntegerField()),
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
                "verbose_name": "change to look at",
                "verbose_name_plural": "changes to look at",
                "indexes": [models.Index(fields=["program", "id"], name="dirty_by_program")],
            },
        ),
        migrations.RunSQL((SQL / "segments.sql").read_text(), reverse_sql=DROP),
    ]
