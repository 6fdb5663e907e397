-- The floor of a spend: one function with the lock inside that writes the same rows, no idempotent answer, no rules.
CREATE OR REPLACE FUNCTION bench_spend(p_wallet bigint, p_amount bigint, p_key text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    w rewards_wallet;
    fact bigint := nextval('wafa_ids');
    e rewards_entry;
BEGIN
    PERFORM set_config('wafa.posting', 'on', true);
    SELECT * INTO w FROM rewards_wallet WHERE id = p_wallet FOR NO KEY UPDATE;
    IF w.active < p_amount THEN RETURN NULL; END IF;
    UPDATE members_holder SET seq = seq + 1 WHERE id = w.holder_id;
    INSERT INTO members_fact (id, program_id, source, kind, external_id, revision, fingerprint, holder_id, answer, recorded_at)
    VALUES (fact, w.program_id, 'wafa', 'spend', p_key, 0, sha256(convert_to(p_key, 'UTF8')), w.holder_id,
        jsonb_build_object('active', w.active - p_amount), p_now);
    e.id := nextval('wafa_ids'); e.program_id := w.program_id; e.wallet_id := w.id; e.seq := w.seq + 1; e.kind := 'spend';
    e.at := p_now; e.posted_at := p_now; e.pending_change := 0; e.active_change := -p_amount; e.reserved_change := 0;
    e.arrears_change := 0; e.pending := w.pending; e.active := w.active - p_amount; e.reserved := w.reserved;
    e.arrears := w.arrears; e.fact_id := fact;
    e.digest := sha256(w.digest || convert_to(wafa_canonical(e, NULL, NULL, NULL), 'UTF8'));
    INSERT INTO rewards_entry SELECT e.*;
    WITH ord AS MATERIALIZED (
        SELECT id, remaining, coalesce(sum(remaining) OVER (ORDER BY expires_at, earned_at, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS prev
        FROM rewards_lot WHERE wallet_id = p_wallet AND is_open AND is_active
    ), take AS MATERIALIZED (
        SELECT id, least(remaining, p_amount - prev) AS part FROM ord WHERE prev < p_amount
    ), used AS (
        UPDATE rewards_lot l SET remaining = l.remaining - t.part FROM take t WHERE l.id = t.id
    )
    INSERT INTO rewards_allocation (entry_id, lot_id, amount) SELECT e.id, t.id, t.part FROM take t;
    UPDATE rewards_wallet SET seq = e.seq, active = e.active, digest = e.digest WHERE id = w.id;
    INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, fact_id, data)
    VALUES (w.program_id, w.holder_id, 'points.spend', p_now, p_now, fact, jsonb_build_object('active', e.active));
    PERFORM set_config('wafa.posting', 'off', true);
    RETURN e.id;
END $$;
GRANT EXECUTE ON FUNCTION bench_spend TO PUBLIC;
