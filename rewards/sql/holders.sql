-- Holders that are no members, as wafa_read tells of members: guard, wallets and, where `whole` says so, open lots. In the
-- same statement as wafa_read, and so of the same snapshot.
-- p: program, others [id], whole, lots [id] (lots wanted beside those, whosever they are).
CREATE OR REPLACE FUNCTION wafa_read_holders(p jsonb) RETURNS json
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    prog bigint := (p->>'program')::bigint;
    is_whole boolean := coalesce((p->>'whole')::boolean, false);
    others bigint[] := ARRAY(
        SELECT h.id FROM members_holder h WHERE h.program_id = prog AND h.kind <> 'member'
            AND h.id = ANY (ARRAY(SELECT n::bigint FROM jsonb_array_elements_text(p->'others') n)));
    named bigint[] := ARRAY(SELECT n::bigint FROM jsonb_array_elements_text(p->'lots') n);
BEGIN
    RETURN json_build_object(
        'members', (
            SELECT json_agg(json_build_array(h.id, h.seq, '', coalesce(c.state, 'live'), '1970-01-01T00:00:00+00:00', NULL, '',
                '{}'::text[], NULL))
            FROM members_holder h LEFT JOIN rewards_cause c ON c.holder_id = h.id WHERE h.id = ANY (others)),
        -- No silence of anybody ends what these hold.
        'kept', (SELECT json_agg(h.id) FROM members_holder h WHERE h.id = ANY (others) AND h.kind = 'cause'),
        -- And here the silence of all members does.
        'shared', (SELECT json_agg(h.id) FROM members_holder h WHERE h.id = ANY (others) AND h.kind = 'household'),
        'wallets', (
            SELECT json_agg(json_build_array(w.id, w.holder_id, w.unit_id, w.seq, w.pending, w.active, w.reserved, w.arrears,
                encode(w.digest, 'hex'), w.next_due_at, is_whole, w.lapses_at))
            FROM rewards_wallet w WHERE w.holder_id = ANY (others)),
        'lots', CASE WHEN is_whole THEN (
            SELECT json_agg(json_build_array(l.id, l.wallet_id, l.granted, l.remaining, l.is_active, l.earned_at,
                l.active_at, l.expires_at, l.reserved, l.expired, l.awaits, l.terms, l.fact_id, l.order_id,
                l.version_id, l.origin_id))
            FROM rewards_wallet w
            CROSS JOIN LATERAL (SELECT * FROM rewards_lot l WHERE l.wallet_id = w.id AND l.is_open OFFSET 0) l
            WHERE w.holder_id = ANY (others)) END,
        'named', CASE WHEN named <> '{}' THEN (
            SELECT json_agg(json_build_array(l.id, l.wallet_id, l.granted, l.remaining, l.is_active, l.earned_at,
                l.active_at, l.expires_at, l.reserved, l.expired, l.awaits, l.terms, l.fact_id, l.order_id,
                l.version_id, l.origin_id))
            FROM rewards_lot l WHERE l.id = ANY (named)) END
    );
END $$;

-- A reward that is a gift: what wafa_read_redemption and wafa_read_holders tell, of one snapshot.
CREATE OR REPLACE FUNCTION wafa_read_gift(p jsonb) RETURNS json
LANGUAGE sql STABLE
AS $$ SELECT json_build_object('redemption', wafa_read_redemption(p), 'holders', wafa_read_holders(p)) $$;
