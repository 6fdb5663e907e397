-- Two floors of one order over HTTP. The first: one statement that inserts a row and updates another.
CREATE TABLE bench_account (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0) WITH (fillfactor = 70);
CREATE TABLE bench_movement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES bench_account,
    external_id text NOT NULL UNIQUE, amount bigint NOT NULL, at timestamptz NOT NULL
);
INSERT INTO bench_account (id) SELECT holder_id FROM members_member;
GRANT SELECT, INSERT, UPDATE ON bench_account, bench_movement TO PUBLIC;

-- The second: one function that writes the rows of an order as the intake does, with no rule, reason or guard.
CREATE FUNCTION bench_order(p_member bigint, p_number text, p_amount bigint, p_key text, p_body bytea, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    w rewards_wallet;
    program bigint;
    v_points bigint := p_amount / 100;
    fact bigint := nextval('wafa_ids');
    v_order bigint := nextval('wafa_ids');
    v_lot bigint := nextval('wafa_ids');
    v_entry bigint := nextval('wafa_ids');
    rule record;
BEGIN
    PERFORM set_config('wafa.posting', 'on', true);
    UPDATE members_holder SET seq = seq + 1 WHERE id = p_member RETURNING program_id INTO program;
    SELECT * INTO w FROM rewards_wallet WHERE holder_id = p_member;
    INSERT INTO members_fact (id, program_id, source, kind, external_id, revision, fingerprint, holder_id, order_id, answer,
        recorded_at)
    VALUES (fact, program, 'floor', 'order', p_number, 0, sha256(convert_to(p_number, 'UTF8')), p_member, v_order,
        jsonb_build_object('status', 'recorded', 'awarded', jsonb_build_object('points', v_points)), p_now);
    INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, fact_id, order_id, data)
    VALUES (program, p_member, 'order', p_now, p_now, fact, v_order,
        jsonb_build_object('awarded', jsonb_build_object('points', v_points)));
    INSERT INTO members_order (id, program_id, source, external_id, member_id, channel, state, revision, fact_id, occurred_at,
        currency, total_minor, basis_minor, returned_minor)
    VALUES (v_order, program, 'floor', p_number, p_member, 'web', 'paid', 0, fact, p_now, 'GBP', p_amount, p_amount, 0);
    INSERT INTO members_orderline (order_id, revision, position, kind, sku, name, category, quantity, amount_minor,
        discount_minor, tax_minor, cost_minor, basis_minor, is_counted, returned_quantity, refunded_minor)
    SELECT v_order, 0, n, 'product', 'SKU-' || n, '', 'category ' || n, 1, p_amount / 2, 0, 0, NULL, p_amount / 2, true, 0, 0
    FROM generate_series(1, 2) n;
    INSERT INTO rewards_pricing (fact_id, program_id, context, versions, awarded)
    SELECT fact, program, old.context, old.versions, old.awarded FROM rewards_pricing old
    WHERE old.fact_id = (SELECT o.fact_id FROM members_order o WHERE o.member_id = p_member LIMIT 1);
    INSERT INTO rewards_award (fact_id, version_id, program_id, unit_id, desired, awarded, cut_by, trail)
    SELECT fact, old.version_id, program, old.unit_id, old.desired, old.awarded, old.cut_by, old.trail FROM rewards_award old
    WHERE old.fact_id = (SELECT o.fact_id FROM members_order o WHERE o.member_id = p_member LIMIT 1);
    INSERT INTO rewards_counter (holder_id, key, program_id, amount, times, last_at)
    VALUES (p_member, 'bench', program, v_points, 1, p_now)
    ON CONFLICT (holder_id, key) DO UPDATE SET amount = excluded.amount, times = rewards_counter.times + 1;
    INSERT INTO rewards_metric (holder_id, bucket, program_id, spend_minor, orders, visits, points, last_on)
    VALUES (p_member, date_trunc('year', p_now)::date, program, p_amount, 1, 0, v_points, p_now::date)
    ON CONFLICT (holder_id, bucket) DO UPDATE SET spend_minor = rewards_metric.spend_minor + excluded.spend_minor,
        orders = rewards_metric.orders + 1, points = rewards_metric.points + excluded.points;
    UPDATE rewards_wallet SET seq = seq + 1, active = active + v_points, digest = sha256(w.digest) WHERE id = w.id;
    INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
        reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, fact_id, order_id, mends_id, digest)
    VALUES (v_entry, w.id, program, w.seq + 1, 'earn', p_now, p_now, 0, v_points, 0, 0, w.pending, w.active + v_points,
        w.reserved, w.arrears, v_lot, fact, v_order, NULL, sha256(w.digest));
    INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at, active_at,
        expires_at, awaits, terms, fact_id, order_id)
    VALUES (v_lot, w.id, program, v_points, v_points, 0, 0, true, p_now, p_now, p_now + interval '1 year', '', '', fact,
        v_order);
    INSERT INTO members_apianswer (program_id, key, fingerprint, status, body, answered_at)
    VALUES (program, p_key, sha256(convert_to(p_key, 'UTF8')), 201, p_body, p_now);
    PERFORM set_config('wafa.posting', 'off', true);
    RETURN w.active + v_points;
END $$;
GRANT EXECUTE ON FUNCTION bench_order TO PUBLIC;
