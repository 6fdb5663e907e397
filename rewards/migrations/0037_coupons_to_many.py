from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rewards", "0036_attendance_followed"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="bulkaction",
            name="bulkaction_kind_known",
        ),
        migrations.AlterField(
            model_name="bulkaction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("adjust", "Adjust points"),
                    ("tier", "Set tier"),
                    ("tag", "Add a tag"),
                    ("untag", "Remove a tag"),
                    ("coupon", "Give a coupon"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["adjust", "tier", "tag", "untag", "coupon"])),
                name="bulkaction_kind_known",
            ),
        ),
    ]
