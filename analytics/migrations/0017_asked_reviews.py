"""Reviews are asked for and made by workers; plans know what was spent when somebody last looked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0016_returns_of_cancelled"),
        ("members", "0024_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="budget",
            name="measured_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="measured"),
        ),
        migrations.AddField(
            model_name="budget",
            name="spent_minor",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="spent"),
        ),
        migrations.AddField(
            model_name="review",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked"),
        ),
        migrations.AddField(
            model_name="review",
            name="has_failed",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="review",
            name="made_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="made"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("asked_at__isnull", False)), fields=["id"], name="review_asked_for"
            ),
        ),
    ]
