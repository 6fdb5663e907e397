"""Followers of the log: who is told what, and what each has still to deal with; a trigger writes it beside the event."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
DROP = "DROP TRIGGER IF EXISTS wafa_deliver ON members_event; DROP FUNCTION IF EXISTS wafa_deliver();"


class Migration(migrations.Migration):
    dependencies = [("members", "0014_numbers_first")]
    operations = [
        migrations.CreateModel(
            name="Following",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("follower", models.CharField(max_length=32, verbose_name="follower")),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="kinds",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.program",
                    ),
                ),
            ],
            options={"verbose_name": "following", "verbose_name_plural": "followings"},
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("follower", models.CharField(max_length=32, verbose_name="follower")),
                ("event_id", models.BigIntegerField(verbose_name="event")),
                ("tries", models.SmallIntegerField(default=0, verbose_name="tries")),
                ("due_at", models.DateTimeField(null=True, verbose_name="next try")),
                ("parked_at", models.DateTimeField(null=True, verbose_name="set aside")),
                ("error", models.CharField(blank=True, default="", max_length=120, verbose_name="error")),
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
            options={"verbose_name": "delivery", "verbose_name_plural": "deliveries"},
        ),
        migrations.AddConstraint(
            model_name="following",
            constraint=models.UniqueConstraint(fields=("program", "follower"), name="following_once"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("parked_at__isnull", True)),
                fields=["program", "follower", "id"],
                name="delivery_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("parked_at__isnull", False)),
                fields=["parked_at"],
                name="delivery_parked",
            ),
        ),
        migrations.RunSQL((SQL / "deliver.sql").read_text(), reverse_sql=DROP),
    ]
