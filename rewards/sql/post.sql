-- Writes one posting, for one order or ten thousand alike, and returns 'posted', or 'stale' with nothing done when a
-- holder moved since it was read. Runs with its owner's rights: the application's role cannot write these tables.
-- A repeated fact, identity or seq is a unique violation that undoes the whole call.
CREATE OR REPLACE FUNCTION wafa_post(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    wanted int := coalesce(jsonb_array_length(p->'guards'), 0);
    held int;
    touched bigint[];
BEGIN
    -- 1. The guard comes first: nobody else has moved these holders since they were read (id order: no deadlock).
    IF wanted = 1 THEN
        UPDATE members_holder SET seq = seq + 1
        WHERE id = (p#>>'{guards,0,id}')::bigint AND seq = (p#>>'{guards,0,seq}')::bigint;
        IF NOT FOUND THEN RETURN 'stale'; END IF;
    ELSIF wanted > 1 THEN
        SELECT count(*) INTO held FROM (
            SELECT h.id, h.seq FROM members_holder h
            WHERE h.id = ANY (ARRAY(SELECT g.id FROM jsonb_to_recordset(p->'guards') AS g(id bigint)))
            ORDER BY h.id FOR NO KEY UPDATE
        ) locked JOIN jsonb_to_recordset(p->'guards') AS g(id bigint, seq bigint) USING (id, seq);
        IF held <> wanted THEN RETURN 'stale'; END IF;
        UPDATE members_holder h SET seq = h.seq + 1
        FROM jsonb_to_recordset(p->'guards') AS g(id bigint) WHERE h.id = g.id;
    END IF;

    -- Orders without a member (or not yet come) have no holder: their last fact is the guard.
    IF p ? 'anchors' THEN
        SELECT count(*) INTO held FROM (
            SELECT o.id, o.fact_id FROM members_order o
            WHERE o.id = ANY (ARRAY(SELECT a.id FROM jsonb_to_recordset(p->'anchors') AS a(id bigint)))
            ORDER BY o.id FOR NO KEY UPDATE
        ) locked JOIN jsonb_to_recordset(p->'anchors') AS a(id bigint, fact_id bigint) USING (id, fact_id);
        IF held <> jsonb_array_length(p->'anchors') THEN
            RAISE EXCEPTION 'an order moved' USING ERRCODE = 'WF001';
        END IF;
    END IF;
    PERFORM set_config('wafa.posting', 'on', true);

    -- 2. Members who join by this posting, then the facts, which exclude repeats.
    IF p ? 'members' THEN
        INSERT INTO members_holder (id, program_id, kind, seq)
        SELECT m.id, m.program_id, 'member', 1 FROM jsonb_to_recordset(p->'members') AS m(id bigint, program_id bigint);
        INSERT INTO members_member (holder_id, program_id, number, name, language, state, tags, source, joined_at)
        SELECT m.id, m.program_id, m.number, m.name, m.language, 'active', '{}', m.source, m.joined_at
        FROM jsonb_to_recordset(p->'members') AS m(id bigint, program_id bigint, number text, name text, language text,
            source text, joined_at timestamptz);
        INSERT INTO members_identity (program_id, member_id, kind, value)
        SELECT m.program_id, m.id, m.kind, m.value
        FROM jsonb_to_recordset(p->'members') AS m(id bigint, program_id bigint, kind text, value text);
    END IF;
    INSERT INTO members_fact (id, program_id, source, kind, external_id, revision, fingerprint, holder_id, order_id,
        answer, recorded_at)
    SELECT f.id, f.program_id, f.source, f.kind, f.external_id, f.revision, f.fingerprint, f.holder_id, f.order_id,
        f.answer, f.recorded_at
    FROM jsonb_to_recordset(p->'facts') AS f(id bigint, program_id bigint, source text, kind text, external_id text,
        revision int, fingerprint bytea, holder_id bigint, order_id bigint, answer jsonb, recorded_at timestamptz);

    -- 3. Orders, lines, returns.
    IF p ? 'orders' THEN
        INSERT INTO members_order (id, program_id, source, external_id, member_id, store_id, channel, state, revision,
            fact_id, occurred_at, currency, total_minor, basis_minor, returned_minor)
        SELECT o.id, o.program_id, o.source, o.external_id, o.member_id, o.store_id, o.channel, o.state, o.revision,
            o.fact_id, o.occurred_at, o.currency, o.total_minor, o.basis_minor, o.returned_minor
        FROM jsonb_to_recordset(p->'orders') AS o(id bigint, program_id bigint, source text, external_id text,
            member_id bigint, store_id bigint, channel text, state text, revision int, fact_id bigint,
            occurred_at timestamptz, currency text, total_minor bigint, basis_minor bigint, returned_minor bigint);
    END IF;
    IF p ? 'order_changes' THEN
        UPDATE members_order t SET member_id = o.member_id, store_id = o.store_id, channel = o.channel,
            state = o.state, revision = o.revision, fact_id = o.fact_id, occurred_at = o.occurred_at,
            currency = o.currency, total_minor = o.total_minor, basis_minor = o.basis_minor,
            returned_minor = o.returned_minor
        FROM jsonb_to_recordset(p->'order_changes') AS o(id bigint, member_id bigint, store_id bigint, channel text,
            state text, revision int, fact_id bigint, occurred_at timestamptz, currency text, total_minor bigint,
            basis_minor bigint, returned_minor bigint)
        WHERE t.id = o.id;
    END IF;
    IF p ? 'lines' THEN
        INSERT INTO members_orderline (order_id, revision, position, kind, sku, name, category, quantity, amount_minor,
            discount_minor, tax_minor, cost_minor, basis_minor, is_counted, returned_quantity, refunded_minor)
        SELECT l.order_id, l.revision, l.position, l.kind, l.sku, l.name, l.category, l.quantity, l.amount_minor,
            l.discount_minor, l.tax_minor, l.cost_minor, l.basis_minor, l.is_counted, l.returned_quantity,
            l.refunded_minor
        FROM jsonb_to_recordset(p->'lines') AS l(order_id bigint, revision int, position int, kind text, sku text,
            name text, category text, quantity int, amount_minor bigint, discount_minor bigint, tax_minor bigint,
            cost_minor bigint, basis_minor bigint, is_counted boolean, returned_quantity int, refunded_minor bigint);
    END IF;
    IF p ? 'line_changes' THEN
        UPDATE members_orderline t SET returned_quantity = l.returned_quantity,
            refunded_minor = l.refunded_minor
        FROM jsonb_to_recordset(p->'line_changes') AS l(order_id bigint, revision int, position int,
            returned_quantity int, refunded_minor bigint)
        WHERE t.order_id = l.order_id AND t.revision = l.revision AND t.position = l.position;
    END IF;
    IF p ? 'returns' THEN
        INSERT INTO members_return (id, program_id, order_id, member_id, source, external_id, fact_id, occurred_at,
            amount_minor, matched_minor)
        SELECT r.id, r.program_id, r.order_id, r.member_id, r.source, r.external_id, r.fact_id, r.occurred_at,
            r.amount_minor, r.matched_minor
        FROM jsonb_to_recordset(p->'returns') AS r(id bigint, program_id bigint, order_id bigint, member_id bigint,
            source text, external_id text, fact_id bigint, occurred_at timestamptz, amount_minor bigint,
            matched_minor bigint);
        INSERT INTO members_returnline (of_id, number, order_id, position, sku, quantity, amount_minor)
        SELECT l.of_id, l.number, l.order_id, l.position, l.sku, l.quantity, l.amount_minor
        FROM jsonb_to_recordset(p->'return_lines') AS l(of_id bigint, number int, order_id bigint, position int,
            sku text, quantity int, amount_minor bigint);
    END IF;
    IF p ? 'waiting' THEN
        INSERT INTO members_waitingfact (fact_id, order_id, program_id, payload)
        SELECT w.fact_id, w.order_id, w.program_id, w.payload
        FROM jsonb_to_recordset(p->'waiting') AS w(fact_id bigint, order_id bigint, program_id bigint, payload jsonb);
    END IF;
    IF p ? 'arrived' THEN
        DELETE FROM members_waitingfact WHERE fact_id IN (SELECT a::bigint FROM jsonb_array_elements_text(p->'arrived') a);
    END IF;

    -- 4. The ledger.
    IF p ? 'new_wallets' THEN
        INSERT INTO rewards_wallet (id, program_id, holder_id, unit_id, seq, pending, active, reserved, arrears, digest,
            next_due_at)
        SELECT w.id, w.program_id, w.holder_id, w.unit_id, w.seq, w.pending, w.active, w.reserved, w.arrears, w.digest,
            w.next_due_at
        FROM jsonb_to_recordset(p->'new_wallets') AS w(id bigint, program_id bigint, holder_id bigint, unit_id bigint,
            seq bigint, pending bigint, active bigint, reserved bigint, arrears bigint, digest bytea,
            next_due_at timestamptz);
    END IF;
    IF p ? 'wallets' THEN
        UPDATE rewards_wallet t SET seq = w.seq, pending = w.pending, active = w.active, reserved = w.reserved,
            arrears = w.arrears, digest = w.digest, next_due_at = w.next_due_at
        FROM jsonb_to_recordset(p->'wallets') AS w(id bigint, seq bigint, pending bigint, active bigint,
            reserved bigint, arrears bigint, digest bytea, next_due_at timestamptz)
        WHERE t.id = w.id;
    END IF;
    IF p ? 'lots' THEN
        INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at,
            active_at, expires_at, awaits, terms, fact_id, order_id, version_id, origin_id)
        SELECT l.id, l.wallet_id, l.program_id, l.granted, l.remaining, l.reserved, l.expired, l.is_active, l.earned_at,
            l.active_at, l.expires_at, l.awaits, l.terms, l.fact_id, l.order_id, l.version_id, l.origin_id
        FROM jsonb_to_recordset(p->'lots') AS l(id bigint, wallet_id bigint, program_id bigint, granted bigint,
            remaining bigint, reserved bigint, expired bigint, is_active boolean, earned_at timestamptz,
            active_at timestamptz, expires_at timestamptz, awaits text, terms text, fact_id bigint, order_id bigint,
            version_id bigint, origin_id bigint);
    END IF;
    IF p ? 'lot_changes' THEN
        UPDATE rewards_lot t SET remaining = l.remaining, reserved = l.reserved, expired = l.expired,
            is_active = l.is_active
        FROM jsonb_to_recordset(p->'lot_changes') AS l(id bigint, remaining bigint, reserved bigint, expired bigint,
            is_active boolean)
        WHERE t.id = l.id;
    END IF;
    IF p ? 'entries' THEN
        INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
            reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, fact_id, order_id, mends_id,
            digest)
        SELECT e.id, e.wallet_id, e.program_id, e.seq, e.kind, e.at, e.posted_at, e.pending_change, e.active_change,
            e.reserved_change, e.arrears_change, e.pending, e.active, e.reserved, e.arrears, e.lot_id, e.fact_id,
            e.order_id, e.mends_id, e.digest
        FROM jsonb_to_recordset(p->'entries') AS e(id bigint, wallet_id bigint, program_id bigint, seq bigint,
            kind text, at timestamptz, posted_at timestamptz, pending_change bigint, active_change bigint,
            reserved_change bigint, arrears_change bigint, pending bigint, active bigint, reserved bigint,
            arrears bigint, lot_id bigint, fact_id bigint, order_id bigint, mends_id bigint, digest bytea);
    END IF;
    IF p ? 'allocations' THEN
        INSERT INTO rewards_allocation (entry_id, lot_id, amount)
        SELECT a.entry_id, a.lot_id, a.amount
        FROM jsonb_to_recordset(p->'allocations') AS a(entry_id bigint, lot_id bigint, amount bigint);
    END IF;

    -- 5. Reasons, counters, tiers, the event log.
    IF p ? 'pricings' THEN
        INSERT INTO rewards_pricing (fact_id, program_id, context, versions, awarded)
        SELECT r.fact_id, r.program_id, r.context, r.versions, r.awarded
        FROM jsonb_to_recordset(p->'pricings') AS r(fact_id bigint, program_id bigint, context jsonb,
            versions bigint[], awarded jsonb);
    END IF;
    IF p ? 'awards' THEN
        INSERT INTO rewards_award (fact_id, version_id, program_id, unit_id, desired, awarded, cut_by, trail)
        SELECT a.fact_id, a.version_id, a.program_id, a.unit_id, a.desired, a.awarded, a.cut_by, a.trail
        FROM jsonb_to_recordset(p->'awards') AS a(fact_id bigint, version_id bigint, program_id bigint, unit_id bigint,
            desired bigint, awarded bigint, cut_by text, trail jsonb);
    END IF;
    IF p ? 'settlements' THEN
        INSERT INTO rewards_settlement (fact_id, order_id, unit_id, program_id, awarded, reversed_total, absorbed_total,
            reversed, from_own, from_ended, from_others, to_arrears, forgiven)
        SELECT s.fact_id, s.order_id, s.unit_id, s.program_id, s.awarded, s.reversed_total, s.absorbed_total,
            s.reversed, s.from_own, s.from_ended, s.from_others, s.to_arrears, s.forgiven
        FROM jsonb_to_recordset(p->'settlements') AS s(fact_id bigint, order_id bigint, unit_id bigint,
            program_id bigint, awarded bigint, reversed_total bigint, absorbed_total bigint, reversed bigint,
            from_own bigint, from_ended bigint, from_others bigint, to_arrears bigint, forgiven bigint);
    END IF;
    IF p ? 'counters' THEN
        INSERT INTO rewards_counter (holder_id, key, program_id, amount, times, last_at)
        SELECT c.holder_id, c.key, c.program_id, c.amount, c.times, c.last_at
        FROM jsonb_to_recordset(p->'counters') AS c(holder_id bigint, key text, program_id bigint, amount bigint,
            times int, last_at timestamptz)
        ON CONFLICT (holder_id, key) DO UPDATE
        SET amount = excluded.amount, times = excluded.times, last_at = excluded.last_at;
    END IF;
    IF p ? 'metrics' THEN
        INSERT INTO rewards_metric (holder_id, bucket, program_id, spend_minor, orders, visits, points, last_on)
        SELECT m.holder_id, m.bucket, m.program_id, m.spend_minor, m.orders, m.visits, m.points, m.last_on
        FROM jsonb_to_recordset(p->'metrics') AS m(holder_id bigint, bucket date, program_id bigint,
            spend_minor bigint, orders int, visits int, points bigint, last_on date)
        ON CONFLICT (holder_id, bucket) DO UPDATE SET spend_minor = excluded.spend_minor, orders = excluded.orders,
            visits = excluded.visits, points = excluded.points, last_on = excluded.last_on;
    END IF;
    IF p ? 'standing_changes' THEN
        UPDATE rewards_standing t SET confirms_at = s.confirms_at, valid_until = s.valid_until, ended_at = s.ended_at
        FROM jsonb_to_recordset(p->'standing_changes') AS s(id bigint, confirms_at timestamptz,
            valid_until timestamptz, ended_at timestamptz)
        WHERE t.id = s.id;
    END IF;
    IF p ? 'standings' THEN
        INSERT INTO rewards_standing (program_id, member_id, tier_id, origin, since, confirms_at, valid_until, ended_at,
            fact_id, reason)
        SELECT s.program_id, s.member_id, s.tier_id, s.origin, s.since, s.confirms_at, s.valid_until, s.ended_at,
            s.fact_id, ''
        FROM jsonb_to_recordset(p->'standings') AS s(program_id bigint, member_id bigint, tier_id bigint, origin text,
            since timestamptz, confirms_at timestamptz, valid_until timestamptz, ended_at timestamptz, fact_id bigint);
    END IF;
    IF p ? 'events' THEN
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, fact_id, order_id, data)
        SELECT e.program_id, e.holder_id, e.kind, e.occurred_at, e.recorded_at, e.fact_id, e.order_id, e.data
        FROM jsonb_to_recordset(p->'events') AS e(program_id bigint, holder_id bigint, kind text,
            occurred_at timestamptz, recorded_at timestamptz, fact_id bigint, order_id bigint, data jsonb);
    END IF;

    IF p ? 'audit' THEN
        INSERT INTO members_auditentry (program_id, actor_id, action, subject, subject_id, before, after, reason,
            address, request_id, at)
        SELECT a.program_id, a.actor_id, a.action, a.subject, a.subject_id, a.before, a.after, a.reason, a.address,
            a.request_id, a.at
        FROM jsonb_to_recordset(p->'audit') AS a(program_id bigint, actor_id bigint, action text, subject text,
            subject_id text, before jsonb, after jsonb, reason text, address inet, request_id text, at timestamptz);
    END IF;

    -- 6. The row that members share comes last and is held shortest; a budget that ran out is a check violation.
    IF p ? 'budgets' THEN
        UPDATE rewards_earningrule t SET spent = t.spent + b.amount
        FROM jsonb_to_recordset(p->'budgets') AS b(id bigint, amount bigint) WHERE t.id = b.id;
    END IF;

    -- 7. Nothing leaves this function that does not add up.
    touched := ARRAY(
        SELECT w.id FROM jsonb_to_recordset(p->'wallets') AS w(id bigint)
        UNION ALL SELECT w.id FROM jsonb_to_recordset(p->'new_wallets') AS w(id bigint)
    );
    IF touched <> '{}' AND EXISTS (SELECT 1 FROM wafa_wrong_wallets(touched)) THEN
        RAISE EXCEPTION 'wallets % disagree with their entries or lots',
            ARRAY(SELECT * FROM wafa_wrong_wallets(touched) LIMIT 5) USING ERRCODE = 'WF011';
    END IF;
    PERFORM set_config('wafa.posting', 'off', true);
    RETURN 'posted';
END $$;
