"""Rewards that are only given: as prizes of badges and referrals."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rewards", "0032_sendings"),
    ]

    operations = [
        migrations.AddField(
            model_name="reward",
            name="is_prize",
            field=models.BooleanField(db_default=False, default=False, verbose_name="only given as a prize"),
        ),
    ]
