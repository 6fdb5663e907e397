-- Beside each event stands a row for every follower of its kind, in the same transaction. A program that nobody follows
-- pays one look into a small table and writes nothing.
CREATE OR REPLACE FUNCTION wafa_deliver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO members_delivery (program_id, follower, event_id, tries, error)
    SELECT f.program_id, w.follower, f.id, 0, ''
    FROM fresh f JOIN members_following w ON w.program_id = f.program_id AND (w.kinds = '{}' OR f.kind = ANY (w.kinds));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER wafa_deliver AFTER INSERT ON members_event
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_deliver();
