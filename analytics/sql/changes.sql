-- What the roll-ups must count is noted beside the row that makes it so, in the same transaction: one narrow row for
-- each order and entry, nothing for a statement that changed nothing. analytics/rollups.py takes the notes and deletes
-- them. Neither ids nor clocks are trusted: a note is there exactly when what it tells of is there.
CREATE OR REPLACE FUNCTION wafa_note_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, at, member_id, amount, fact_id, order_id, revision, store_id, channel)
    SELECT program_id, 'order', 1, occurred_at, member_id, total_minor, fact_id, id, revision, store_id, channel FROM fresh WHERE state IN ('placed', 'paid');
    RETURN NULL;
END $$;

-- What an order counted for before is taken away on its old day and given on its new one. Row by row, because its
-- condition costs an order that is only inserted nothing.
CREATE OR REPLACE FUNCTION wafa_note_changed_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, at, member_id, amount, fact_id, order_id, revision, store_id, channel)
    SELECT program_id, 'order', sign, occurred_at, member_id, total_minor, fact_id, OLD.id, revision, store_id, channel
    FROM (VALUES
        (OLD.program_id, -1, OLD.occurred_at, OLD.member_id, OLD.total_minor, OLD.fact_id, OLD.state, OLD.revision, OLD.store_id,
            OLD.channel),
        (NEW.program_id, 1, NEW.occurred_at, NEW.member_id, NEW.total_minor, NEW.fact_id, NEW.state, NEW.revision, NEW.store_id,
            NEW.channel)
    ) AS v(program_id, sign, occurred_at, member_id, total_minor, fact_id, state, revision, store_id, channel)
    WHERE state IN ('placed', 'paid');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION wafa_note_returns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, at, member_id, amount)
    SELECT program_id, 'return', 1, occurred_at, member_id, amount_minor FROM fresh;
    RETURN NULL;
END $$;

-- A return that somebody else takes over stays on its day; both members' rows are made anew.
CREATE OR REPLACE FUNCTION wafa_note_moved_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, member_id, amount)
    SELECT NEW.program_id, 'turn', 0, member_id, 0 FROM (VALUES (OLD.member_id), (NEW.member_id)) AS v(member_id)
    WHERE member_id IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION wafa_note_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, amount, entry_id)
    SELECT program_id, 'entry', 1, 0, id FROM fresh;
    RETURN NULL;
END $$;

-- The amount of a member is 1 while blocked.
CREATE OR REPLACE FUNCTION wafa_note_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, at, member_id, amount)
    SELECT program_id, 'member', 1, joined_at, holder_id, (state = 'blocked')::int FROM fresh WHERE state <> 'closed';
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION wafa_note_changed_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, at, member_id, amount)
    SELECT program_id, 'member', sign, joined_at, holder_id, (state = 'blocked')::int
    FROM (VALUES
        (OLD.program_id, -1, OLD.joined_at, OLD.holder_id, OLD.state),
        (NEW.program_id, 1, NEW.joined_at, NEW.holder_id, NEW.state)
    ) AS v(program_id, sign, joined_at, holder_id, state)
    WHERE state <> 'closed';
    RETURN NULL;
END $$;

-- Whose tier has moved: his days are counted anew.
CREATE OR REPLACE FUNCTION wafa_note_standings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (program_id, what, sign, member_id, amount)
    SELECT DISTINCT program_id, 'standing', 0, member_id, 0 FROM fresh;
    RETURN NULL;
END $$;

-- Another time zone moves every day, another order of the tiers every member: all is counted anew (and so with another
-- margin: margins.sql).
CREATE OR REPLACE FUNCTION wafa_note_recount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'members_program' THEN
        INSERT INTO analytics_recount (program_id) VALUES (NEW.id);
    ELSE
        INSERT INTO analytics_recount (program_id) VALUES (NEW.program_id);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER wafa_note_new AFTER INSERT ON members_order
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_orders();
CREATE OR REPLACE TRIGGER wafa_note_changed AFTER UPDATE ON members_order FOR EACH ROW
    WHEN (ROW(OLD.program_id, OLD.occurred_at, OLD.member_id, OLD.total_minor, OLD.fact_id, OLD.state IN ('placed', 'paid'),
            OLD.revision, OLD.store_id, OLD.channel)
        IS DISTINCT FROM
        ROW(NEW.program_id, NEW.occurred_at, NEW.member_id, NEW.total_minor, NEW.fact_id, NEW.state IN ('placed', 'paid'),
            NEW.revision, NEW.store_id, NEW.channel))
    EXECUTE FUNCTION wafa_note_changed_order();
CREATE OR REPLACE TRIGGER wafa_note_new AFTER INSERT ON members_return
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_returns();
CREATE OR REPLACE TRIGGER wafa_note_changed AFTER UPDATE OF member_id ON members_return FOR EACH ROW
    WHEN (OLD.member_id IS DISTINCT FROM NEW.member_id) EXECUTE FUNCTION wafa_note_moved_return();
CREATE OR REPLACE TRIGGER wafa_note_new AFTER INSERT ON rewards_entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_entries();
CREATE OR REPLACE TRIGGER wafa_note_new AFTER INSERT ON members_member
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_members();
CREATE OR REPLACE TRIGGER wafa_note_changed AFTER UPDATE ON members_member FOR EACH ROW
    WHEN (ROW(OLD.program_id, OLD.joined_at, OLD.state) IS DISTINCT FROM ROW(NEW.program_id, NEW.joined_at, NEW.state))
    EXECUTE FUNCTION wafa_note_changed_member();
CREATE OR REPLACE TRIGGER wafa_note_new AFTER INSERT ON rewards_standing
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_standings();
CREATE OR REPLACE TRIGGER wafa_note_changed AFTER UPDATE ON rewards_standing
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_standings();
CREATE OR REPLACE TRIGGER wafa_note_gone AFTER DELETE ON rewards_standing
    REFERENCING OLD TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_note_standings();
CREATE OR REPLACE TRIGGER wafa_note_zone AFTER UPDATE OF time_zone ON members_program
    FOR EACH ROW WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION wafa_note_recount();
CREATE OR REPLACE TRIGGER wafa_note_rank AFTER UPDATE OF rank ON rewards_tier
    FOR EACH ROW WHEN (OLD.rank IS DISTINCT FROM NEW.rank) EXECUTE FUNCTION wafa_note_recount();

-- What was there before these triggers has no notes.
INSERT INTO analytics_recount (program_id) SELECT id FROM members_program;
