-- As campaigns/sql/segments.sql has it, and besides the member that an account was merged into or is parted from: what was
-- sent for the one counts for the other from then on, or no more.
CREATE OR REPLACE FUNCTION wafa_dirty_changed_members_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaigns_dirty (program_id, member_id)
    SELECT DISTINCT c.program_id, c.member_id FROM (
        SELECT program_id, holder_id FROM fresh UNION SELECT program_id, merged_into_id FROM fresh
        UNION SELECT program_id, holder_id FROM stale UNION SELECT program_id, merged_into_id FROM stale
    ) AS c(program_id, member_id)
    JOIN campaigns_watch w ON w.program_id = c.program_id WHERE c.member_id IS NOT NULL;
    RETURN NULL;
END $$;
