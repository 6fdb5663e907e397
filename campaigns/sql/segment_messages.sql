-- A message that went out, was opened or clicked is noted only where a segment asks for messages: there may be many.
CREATE OR REPLACE FUNCTION wafa_dirty_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaigns_dirty (program_id, member_id)
    SELECT DISTINCT f.program_id, f.member_id FROM fresh f WHERE EXISTS (
        SELECT FROM campaigns_segment s
        WHERE s.program_id = f.program_id AND s.state = 'live' AND s.tree::text LIKE '%"messages"%');
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER wafa_dirty_new AFTER INSERT ON campaigns_message
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_dirty_messages();
CREATE OR REPLACE TRIGGER wafa_dirty_changed AFTER UPDATE ON campaigns_message
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_dirty_messages();
