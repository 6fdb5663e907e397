"""What points were worth when a month was closed is kept with it; of months closed before, what they are worth now."""

from django.db import migrations, models

PRESENT = """
    UPDATE analytics_cohortshare c
    SET worth_numerator = u.worth_numerator, worth_denominator = u.worth_denominator * power(10::numeric, u.precision)::bigint
    FROM rewards_unit u WHERE u.id = c.unit_id
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0014_deeds")]
    operations = [
        *(
            migrations.AddField(
                "cohortshare", name, models.BigIntegerField(default=1), preserve_default=False
            )
            for name in ("worth_numerator", "worth_denominator")
        ),
        migrations.RunSQL(PRESENT, reverse_sql=migrations.RunSQL.noop),
    ]
