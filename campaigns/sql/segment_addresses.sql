-- As campaigns/sql/segments.sql has it: who gets a postal address or loses it is noted. What the address is, no segment asks.
CREATE OR REPLACE FUNCTION wafa_dirty_new_members_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaigns_dirty (program_id, member_id)
    SELECT DISTINCT c.program_id, c.member_id FROM fresh c JOIN campaigns_watch w ON w.program_id = c.program_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION wafa_dirty_gone_members_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaigns_dirty (program_id, member_id)
    SELECT DISTINCT c.program_id, c.member_id FROM stale c JOIN campaigns_watch w ON w.program_id = c.program_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER wafa_dirty_new AFTER INSERT ON members_address
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_dirty_new_members_address();
CREATE OR REPLACE TRIGGER wafa_dirty_gone AFTER DELETE ON members_address
    REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION wafa_dirty_gone_members_address();
