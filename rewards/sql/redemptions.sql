-- Redemptions: what one posting must know of them, and what the database refuses.

-- 1. States go forward only (SEMANTICS 39); what was promised and taken stays; no row is removed.
CREATE OR REPLACE FUNCTION wafa_redemption_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- wafa_forget blanks it, whatever the state; the application's role cannot update this table at all.
    IF current_setting('wafa.forgetting', true) = 'on' AND NEW.tracking = ''
        AND to_jsonb(OLD) - 'tracking' = to_jsonb(NEW) - 'tracking' THEN
        RETURN NEW;
    END IF;
    IF OLD.state || '>' || NEW.state NOT IN ('reserved>issued', 'reserved>fulfilled', 'reserved>released', 'reserved>failed',
            'issued>issued', 'issued>fulfilled', 'issued>cancelled', 'issued>expired', 'issued>failed', 'fulfilled>failed')
        OR ROW(OLD.id, OLD.program_id, OLD.member_id, OLD.reward_id, OLD.via, OLD.price, OLD.money_minor, OLD.benefit,
               OLD.parts, OLD.household_id, OLD.code_digest, OLD.code_sealed, OLD.reserved_at)
           IS DISTINCT FROM
           ROW(NEW.id, NEW.program_id, NEW.member_id, NEW.reward_id, NEW.via, NEW.price, NEW.money_minor, NEW.benefit,
               NEW.parts, NEW.household_id, NEW.code_digest, NEW.code_sealed, NEW.reserved_at)
    THEN
        RAISE EXCEPTION 'a redemption goes forward only' USING ERRCODE = 'WF010';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER wafa_redemption_forward BEFORE UPDATE ON rewards_redemption
    FOR EACH ROW EXECUTE FUNCTION wafa_redemption_goes_on();
CREATE OR REPLACE TRIGGER wafa_redemption_stays BEFORE DELETE ON rewards_redemption
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();

-- 2. The reward as it is, what its holders took of it since a moment, and a redemption with the lots it came from.
-- p: reward (id), holders [id], since (moment, without: ever), redemption (id). In the same statement as wafa_read, and
-- so of the same snapshot: whatever is not seen here moves the holder's seq afterwards.
CREATE OR REPLACE FUNCTION wafa_read_redemption(p jsonb) RETURNS json
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    found rewards_redemption%ROWTYPE;
    lots json;
BEGIN
    IF p ? 'redemption' THEN
        SELECT * INTO found FROM rewards_redemption r WHERE r.id = (p->>'redemption')::bigint;
        SELECT json_agg(json_build_array(l.id, l.wallet_id, l.granted, l.remaining, l.is_active, l.earned_at,
            l.active_at, l.expires_at, l.reserved, l.expired, l.awaits, l.terms, l.fact_id, l.order_id,
            l.version_id, l.origin_id)) INTO lots
        FROM rewards_lot l
        WHERE l.id = ANY (ARRAY(SELECT (part->>1)::bigint FROM jsonb_array_elements(found.parts) part));
    END IF;
    RETURN json_build_object(
        'reward', (SELECT json_build_array(w.state, w.stock, w.taken, w.revision, w.created_at) FROM rewards_reward w
            WHERE w.id = coalesce((p->>'reward')::bigint, found.reward_id)),
        'count', CASE WHEN p ? 'reward' THEN (SELECT count(*) FROM rewards_redemption r
            WHERE r.member_id = ANY (ARRAY(
                    SELECT h::bigint FROM jsonb_array_elements_text(p->'holders') h
                    UNION SELECT m.holder_id FROM members_member m
                    WHERE m.merged_into_id = ANY (ARRAY(SELECT h::bigint FROM jsonb_array_elements_text(p->'holders') h))))
                AND r.reward_id = (p->>'reward')::bigint AND NOT r.is_given_back
                AND (NOT p ? 'since' OR r.reserved_at >= (p->>'since')::timestamptz)) END,
        'redemption', CASE WHEN found.id IS NOT NULL THEN json_build_array(found.state, found.reward_id, found.parts,
            found.issued_at, found.due_at, found.store_id, found.stage, found.tracking) END,
        'lots', lots
    );
END $$;
