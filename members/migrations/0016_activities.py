"""What custom events say is kept, where it can be erased."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0015_followers")]
    operations = [
        migrations.CreateModel(
            name="Activity",
            fields=[
                ("fact_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("member_id", models.BigIntegerField(verbose_name="member")),
                ("kind", models.CharField(max_length=58, verbose_name="kind")),
                ("occurred_at", models.DateTimeField(verbose_name="at")),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="taken back")),
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
            options={"verbose_name": "activity", "verbose_name_plural": "activities"},
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(fields=["member_id", "kind", "occurred_at"], name="activity_by_member"),
        ),
    ]
