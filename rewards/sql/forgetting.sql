-- A person is forgotten (members/erasure.py): the two places where append-only rows may hold words about somebody.
-- Only wafa_forget may blank them; it runs with its owner's rights, and the application's role cannot update these
-- tables whatever setting it makes.
CREATE OR REPLACE FUNCTION wafa_refuse_unless_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('wafa.forgetting', true) = 'on' THEN
        IF TG_TABLE_NAME = 'rewards_pricing' THEN
            IF to_jsonb(OLD) - 'context' = to_jsonb(NEW) - 'context'
                AND OLD.context - 'member' = NEW.context - 'member' THEN
                RETURN NEW;
            END IF;
        ELSIF to_jsonb(OLD) - 'reason' = to_jsonb(NEW) - 'reason' AND to_jsonb(NEW) ->> 'reason' = '' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'WF010';
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rewards_pricing', 'members_auditentry'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER wafa_append_only BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION wafa_refuse_unless_forgetting()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER wafa_append_only', name);
    END LOOP;
END $$;

CREATE OR REPLACE TRIGGER wafa_append_only BEFORE UPDATE OR DELETE ON members_consentchange
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
CREATE OR REPLACE TRIGGER wafa_no_truncate BEFORE TRUNCATE ON members_consentchange
    FOR EACH STATEMENT EXECUTE FUNCTION wafa_refuse();
ALTER TABLE members_consentchange ENABLE ALWAYS TRIGGER wafa_append_only;
ALTER TABLE members_consentchange ENABLE ALWAYS TRIGGER wafa_no_truncate;

-- Blanks the member's own facts (birthday, tags …) that prices were worked out with, and what staff wrote as a reason.
-- The holder is locked by the caller; the rows are found by the member's orders and entries.
CREATE OR REPLACE FUNCTION wafa_forget(holder bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM set_config('wafa.forgetting', 'on', true);
    UPDATE rewards_pricing r SET context = r.context - 'member'
    WHERE r.context ? 'member' AND r.fact_id IN (
        SELECT f.id FROM members_order o JOIN members_fact f ON f.program_id = o.program_id AND f.source = o.source
            AND f.kind = 'order' AND f.external_id = o.external_id
        WHERE o.member_id = holder
        UNION
        SELECT e.fact_id FROM rewards_wallet w JOIN rewards_entry e ON e.wallet_id = w.id WHERE w.holder_id = holder
    );
    UPDATE members_auditentry a SET reason = ''
    FROM members_member m
    WHERE m.holder_id = holder AND a.program_id = m.program_id AND a.subject = 'member' AND a.subject_id = m.number
        AND a.reason <> '';
    -- A parcel's number leads to its receiver.
    UPDATE rewards_redemption SET tracking = '' WHERE member_id = holder AND tracking <> '';
    UPDATE rewards_standing SET reason = '-' WHERE member_id = holder AND reason <> '';
    PERFORM set_config('wafa.forgetting', '', true);
END $$;
