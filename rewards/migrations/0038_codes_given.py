"""Codes that were drawn for a member are given from the day on which they were drawn, and so are no longer free."""

from django.db import migrations

GIVEN = """
    UPDATE rewards_code c SET given_at = b.created_at FROM rewards_codebatch b
    WHERE b.id = c.batch_id AND c.member_id IS NOT NULL AND c.given_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0037_coupons_to_many")]
    operations = [migrations.RunSQL(GIVEN, reverse_sql=migrations.RunSQL.noop)]
