-- Who may have changed is noted beside the change, in the same transaction: one narrow row for each member and statement.
-- campaigns/audiences/membership.py takes the notes and deletes them. A program without segments pays one look into a small
-- table. Neither ids nor clocks are trusted: a note is there exactly when the change is.
DO $$
DECLARE
    each record;
    news text := 'SELECT program_id, %1$s FROM fresh';
    pair text := 'SELECT program_id, %1$s FROM fresh UNION SELECT program_id, %1$s FROM stale';
    olds text := 'SELECT program_id, %1$s FROM stale';
    noting text := $f$
        CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql AS $b$
        BEGIN
            INSERT INTO campaigns_dirty (program_id, member_id)
            SELECT DISTINCT c.program_id, c.member_id FROM (%2$s) AS c(program_id, member_id)
            JOIN campaigns_watch w ON w.program_id = c.program_id WHERE c.member_id IS NOT NULL;
            RETURN NULL;
        END $b$
    $f$;
BEGIN
    FOR each IN SELECT * FROM (VALUES
        ('members_member', 'holder_id'), ('members_identity', 'member_id'), ('members_consent', 'member_id'),
        ('members_preference', 'member_id'), ('members_order', 'member_id'), ('members_activity', 'member_id'),
        ('rewards_wallet', 'holder_id'), ('rewards_standing', 'member_id'), ('rewards_redemption', 'member_id'),
        ('rewards_term', 'member_id'), ('rewards_badgewin', 'member_id'), ('rewards_referral', 'referrer_id'),
        ('rewards_householdplace', 'member_id')
    ) AS v(name, who) LOOP
        EXECUTE format(noting, 'wafa_dirty_new_' || each.name, format(news, each.who));
        EXECUTE format(noting, 'wafa_dirty_changed_' || each.name, format(pair, each.who));
        EXECUTE format(noting, 'wafa_dirty_gone_' || each.name, format(olds, each.who));
        EXECUTE format('CREATE OR REPLACE TRIGGER wafa_dirty_new AFTER INSERT ON %I
            REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION %I()', each.name, 'wafa_dirty_new_' || each.name);
        EXECUTE format('CREATE OR REPLACE TRIGGER wafa_dirty_changed AFTER UPDATE ON %I
            REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            each.name, 'wafa_dirty_changed_' || each.name);
        EXECUTE format('CREATE OR REPLACE TRIGGER wafa_dirty_gone AFTER DELETE ON %I
            REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION %I()', each.name, 'wafa_dirty_gone_' || each.name);
    END LOOP;
END $$;
