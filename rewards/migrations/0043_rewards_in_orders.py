import django.db.models.deletion
from django.db import migrations, models

# Programs whose rewards were put up before follow what comes back from now on; processes load their rulebooks anew.
FOLLOW = """
    WITH fresh AS (
        INSERT INTO members_following (program_id, follower, kinds)
        SELECT DISTINCT program_id, 'rewards.refunds', ARRAY['order.cancelled', 'return']::varchar(64)[]
        FROM rewards_reward WHERE kind IN ('amount', 'percent', 'product', 'shipping') AND state IN ('live', 'ended')
        ON CONFLICT (program_id, follower) DO NOTHING
        RETURNING program_id
    )
    UPDATE members_program SET catalogue = catalogue + 1 WHERE id IN (SELECT program_id FROM fresh)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0026_identities_known_by_beginning"),
        ("rewards", "0042_value_tiers"),
    ]

    operations = [
        migrations.AddField(
            model_name="redemption",
            name="order",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="members.order",
            ),
        ),
        migrations.AddIndex(
            model_name="redemption",
            index=models.Index(
                condition=models.Q(("order__isnull", False)), fields=["order"], name="redemption_by_order"
            ),
        ),
        migrations.RunSQL(FOLLOW, reverse_sql=migrations.RunSQL.noop),
    ]
