"""What one tap at the till stands for."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0014_numbers_first"), ("rewards", "0022_causes")]
    operations = [
        migrations.CreateModel(
            name="TillStamp",
            fields=[
                (
                    "unit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="till_stamp",
                        serialize=False,
                        to="rewards.unit",
                    ),
                ),
                ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                ("name", models.CharField(max_length=120, verbose_name="product name")),
                ("category", models.CharField(blank=True, max_length=128, verbose_name="category")),
                ("price_minor", models.BigIntegerField(verbose_name="price")),
                ("is_shown", models.BooleanField(default=True, verbose_name="at the till")),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.program"
                    ),
                ),
            ],
            options={
                "verbose_name": "stamp at the till",
                "verbose_name_plural": "stamps at the till",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_minor__gt", 0)), name="tillstamp_costs_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sku", ""), _negated=True), name="tillstamp_is_an_article"
                    ),
                ],
            },
        ),
    ]
