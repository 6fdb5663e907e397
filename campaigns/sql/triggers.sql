CREATE TRIGGER wafa_journeys AFTER INSERT ON members_event
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_journeys();

-- What was published or carried out stays as it was, whoever asks.
CREATE FUNCTION wafa_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'WF010';
END $$;
CREATE TRIGGER wafa_append_only BEFORE UPDATE OR DELETE ON campaigns_journeyversion
    FOR EACH ROW EXECUTE FUNCTION wafa_published();
CREATE TRIGGER wafa_append_only BEFORE UPDATE OR DELETE ON campaigns_stepexecution
    FOR EACH ROW EXECUTE FUNCTION wafa_published();
-- Moves change what is indexed; room on the page keeps the rows together.
ALTER TABLE campaigns_enrolment SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
