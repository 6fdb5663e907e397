"""Programs whose events were put up before attendance was counted follow it from now on."""

from django.db import migrations

# The rulebooks that processes keep say whether a program is followed at all, so these are loaded anew.
FOLLOW = """
    WITH fresh AS (
        INSERT INTO members_following (program_id, follower, kinds)
        SELECT DISTINCT program_id, 'rewards.attendance', ARRAY['reward.fulfilled']::varchar(64)[]
        FROM rewards_reward WHERE kind = 'event' AND state IN ('live', 'ended')
        ON CONFLICT (program_id, follower) DO NOTHING
        RETURNING program_id
    )
    UPDATE members_program SET catalogue = catalogue + 1 WHERE id IN (SELECT program_id FROM fresh)
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0035_households")]
    operations = [migrations.RunSQL(FOLLOW, reverse_sql=migrations.RunSQL.noop)]
