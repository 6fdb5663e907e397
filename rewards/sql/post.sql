-- Writes one posting, for one order or ten thousand alike, and returns 'posted', or 'stale' with nothing done when a
-- holder moved since it was read. Runs with its owner's rights: the application's role cannot write these tables.
-- The rows of the hot tables are arrays in the order of the columns named here (rewards/intake/rows.py writes them):
-- half the work of objects. A repeated fact, identity or seq is a unique violation that undoes the whole call.
CREATE OR REPLACE FUNCTION wafa_post(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
-- Planned once a connection, always by the indexes: planning anew costs more than the work of one order.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    prog bigint := (p->>'program')::bigint;
    -- Sorted by id, each with the seq it was read with.
    holders bigint[] := ARRAY(SELECT v::bigint FROM jsonb_array_elements_text(p->'guards'->'ids') v);
    seqs bigint[] := ARRAY(SELECT v::bigint FROM jsonb_array_elements_text(p->'guards'->'seqs') v);
    held int;
    touched bigint[];
    freed_codes bigint[];
    freed_coupons bigint[];
    voucher record;
    free_code bigint;
BEGIN
    -- 1. The guard comes first: nobody else has moved these holders since they were read (id order: no deadlock).
    IF cardinality(holders) = 1 THEN
        UPDATE members_holder SET seq = seq + 1 WHERE id = holders[1] AND seq = seqs[1];
        IF NOT FOUND THEN RETURN 'stale'; END IF;
    ELSIF holders <> '{}' THEN
        IF seqs IS DISTINCT FROM ARRAY(
            SELECT h.seq FROM members_holder h WHERE h.id = ANY (holders) ORDER BY h.id FOR NO KEY UPDATE
        ) THEN RETURN 'stale'; END IF;
        UPDATE members_holder SET seq = seq + 1 WHERE id = ANY (holders);
    END IF;

    IF p ? 'has_more' THEN
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
    END IF;
    PERFORM set_config('wafa.posting', 'on', true);

    -- 2. The facts, which exclude repeats, and the event log.
    INSERT INTO members_fact (id, program_id, source, kind, external_id, revision, fingerprint, holder_id, order_id, answer,
            recorded_at)
        SELECT (r->>0)::bigint, prog, r->>1, r->>2, r->>3, (r->>4)::int, (r->>5)::bytea, (r->>6)::bigint,
            (r->>7)::bigint, r->8, (r->>9)::timestamptz
        FROM jsonb_array_elements(p->'facts') r;
    INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, fact_id, order_id, data)
    SELECT prog, (r->>0)::bigint, r->>1, (r->>2)::timestamptz, (r->>3)::timestamptz, (r->>4)::bigint,
        (r->>5)::bigint, r->6
    FROM jsonb_array_elements(p->'events') r;

    -- 3. Orders with their reasons and counters; then what few postings have. Asking for each table one by one would
    --    cost a small posting as much as writing it.
    IF p ? 'has_orders' THEN
        IF p ? 'orders' THEN
            INSERT INTO members_order (id, program_id, source, external_id, member_id, store_id, channel, state, revision, fact_id,
                occurred_at, currency, total_minor, basis_minor, returned_minor)
            SELECT (r->>0)::bigint, prog, r->>1, r->>2, (r->>3)::bigint, (r->>4)::bigint, r->>5, r->>6,
                (r->>7)::int, (r->>8)::bigint, (r->>9)::timestamptz, r->>10, (r->>11)::bigint, (r->>12)::bigint,
                (r->>13)::bigint
            FROM jsonb_array_elements(p->'orders') r
            ON CONFLICT (id) DO UPDATE SET member_id = excluded.member_id, store_id = excluded.store_id,
                channel = excluded.channel, state = excluded.state, revision = excluded.revision,
                fact_id = excluded.fact_id, occurred_at = excluded.occurred_at, currency = excluded.currency,
                total_minor = excluded.total_minor, basis_minor = excluded.basis_minor,
                returned_minor = excluded.returned_minor;
        END IF;
        IF p ? 'lines' THEN
            INSERT INTO members_orderline (order_id, revision, position, kind, sku, name, category, quantity, amount_minor, discount_minor,
                tax_minor, cost_minor, basis_minor, is_counted, returned_quantity, refunded_minor)
            SELECT (r->>0)::bigint, (r->>1)::int, (r->>2)::int, r->>3, r->>4, r->>5, r->>6, (r->>7)::int,
                (r->>8)::bigint, (r->>9)::bigint, (r->>10)::bigint, (r->>11)::bigint, (r->>12)::bigint,
                (r->>13)::boolean, (r->>14)::int, (r->>15)::bigint
            FROM jsonb_array_elements(p->'lines') r
            ON CONFLICT (order_id, revision, position) DO UPDATE
            SET returned_quantity = excluded.returned_quantity, refunded_minor = excluded.refunded_minor;
        END IF;
        IF p ? 'pricings' THEN
            INSERT INTO rewards_pricing (fact_id, program_id, context, versions, awarded)
            SELECT (r->>0)::bigint, prog, r->1, ARRAY(SELECT v::bigint FROM jsonb_array_elements_text(r->2) v),
                r->3
            FROM jsonb_array_elements(p->'pricings') r;
        END IF;
        IF p ? 'awards' THEN
            INSERT INTO rewards_award (fact_id, version_id, program_id, unit_id, desired, awarded, cut_by, trail)
            SELECT (r->>0)::bigint, (r->>1)::bigint, prog, (r->>2)::bigint, (r->>3)::bigint, (r->>4)::bigint,
                r->>5, r->6
            FROM jsonb_array_elements(p->'awards') r;
        END IF;
        IF p ? 'counters' THEN
            INSERT INTO rewards_counter (holder_id, key, program_id, amount, times, last_at)
            SELECT (r->>0)::bigint, r->>1, prog, (r->>2)::bigint, (r->>3)::int, (r->>4)::timestamptz
            FROM jsonb_array_elements(p->'counters') r
            ON CONFLICT (holder_id, key) DO UPDATE
            SET amount = excluded.amount, times = excluded.times, last_at = excluded.last_at;
        END IF;
        IF p ? 'metrics' THEN
            INSERT INTO rewards_metric (holder_id, bucket, program_id, spend_minor, orders, visits, points, last_on)
            SELECT (r->>0)::bigint, (r->>1)::date, prog, (r->>2)::bigint, (r->>3)::int, (r->>4)::int,
                (r->>5)::bigint, (r->>6)::date
            FROM jsonb_array_elements(p->'metrics') r
            ON CONFLICT (holder_id, bucket) DO UPDATE SET spend_minor = excluded.spend_minor, orders = excluded.orders,
                visits = excluded.visits, points = excluded.points, last_on = excluded.last_on;
        END IF;
    END IF;
    IF p ? 'has_more' THEN
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
        IF p ? 'activities' THEN
            INSERT INTO members_activity (fact_id, program_id, member_id, kind, occurred_at, data)
            SELECT (r->>0)::bigint, prog, (r->>1)::bigint, r->>2, (r->>3)::timestamptz, r->4
            FROM jsonb_array_elements(p->'activities') r;
        END IF;
        IF p ? 'withdrawn' THEN
            UPDATE members_activity t SET withdrawn_at = w.at
            FROM jsonb_to_recordset(p->'withdrawn') AS w(fact_id bigint, at timestamptz)
            WHERE t.fact_id = w.fact_id AND t.withdrawn_at IS NULL;
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'withdrawn') THEN
                RAISE EXCEPTION 'an activity moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'arrived' THEN
            DELETE FROM members_waitingfact WHERE fact_id IN (SELECT a::bigint FROM jsonb_array_elements_text(p->'arrived') a);
        END IF;
        IF p ? 'routes' THEN
            INSERT INTO members_orderroute (order_id, program_id, member_id)
            SELECT r.order_id, prog, r.member_id FROM jsonb_to_recordset(p->'routes') AS r(order_id bigint, member_id bigint)
            ON CONFLICT (order_id) DO NOTHING;
        END IF;
        IF p ? 'settlements' THEN
            INSERT INTO rewards_settlement (fact_id, order_id, unit_id, number, program_id, awarded, reversed_total, absorbed_total,
                reversed, from_own, from_ended, from_others, to_arrears, forgiven)
            SELECT s.fact_id, s.order_id, s.unit_id, s.number, s.program_id, s.awarded, s.reversed_total, s.absorbed_total,
                s.reversed, s.from_own, s.from_ended, s.from_others, s.to_arrears, s.forgiven
            FROM jsonb_to_recordset(p->'settlements') AS s(fact_id bigint, order_id bigint, unit_id bigint,
                number int, program_id bigint, awarded bigint, reversed_total bigint, absorbed_total bigint, reversed bigint,
                from_own bigint, from_ended bigint, from_others bigint, to_arrears bigint, forgiven bigint);
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
        IF p ? 'redemptions' THEN
            INSERT INTO rewards_redemption (id, program_id, member_id, reward_id, state, via, store_id, price, money_minor,
                benefit, parts, household_id, code_digest, code_sealed, is_given_back, stage, tracking, reserved_at, issued_at, closed_at, due_at)
            SELECT r.id, prog, r.member_id, r.reward_id, r.state, r.via, r.store_id, r.price, r.money_minor, r.benefit,
                r.parts, r.household_id, r.code_digest::bytea, r.code_sealed::bytea, false, '', '', r.reserved_at, r.issued_at, r.closed_at, r.due_at
            FROM jsonb_to_recordset(p->'redemptions') AS r(id bigint, member_id bigint, reward_id bigint, state text,
                via text, store_id bigint, price jsonb, money_minor bigint, benefit jsonb, parts jsonb, household_id bigint,
                code_digest text, code_sealed text, reserved_at timestamptz, issued_at timestamptz, closed_at timestamptz,
                due_at timestamptz);
        END IF;
        IF p ? 'redemption_moves' THEN
            UPDATE rewards_redemption t SET state = m.state, is_given_back = m.is_given_back, store_id = m.store_id,
                stage = m.stage, tracking = m.tracking, issued_at = m.issued_at, closed_at = m.closed_at, due_at = m.due_at,
                order_id = coalesce(m.order_id, t.order_id)
            FROM jsonb_to_recordset(p->'redemption_moves') AS m(id bigint, was text, state text, is_given_back boolean,
                store_id bigint, stage text, tracking text, issued_at timestamptz, closed_at timestamptz,
                due_at timestamptz, order_id bigint)
            WHERE t.id = m.id AND t.state = m.was;
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'redemption_moves') THEN
                RAISE EXCEPTION 'a redemption moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'terms' THEN
            INSERT INTO rewards_term (id, program_id, member_id, plan_id, number, streak, anchor_on, starts_at, ends_at, state,
                price_minor, paid_at, source, payment, refund_until, benefits, fact_id)
            SELECT t.id, prog, t.member_id, t.plan_id, t.number, t.streak, t.anchor_on, t.starts_at, t.ends_at, 'active',
                t.price_minor, t.paid_at, t.source, t.payment, t.refund_until, t.benefits, t.fact_id
            FROM jsonb_to_recordset(p->'terms') AS t(id bigint, member_id bigint, plan_id bigint, number int, streak int,
                anchor_on date, starts_at timestamptz, ends_at timestamptz, price_minor bigint, paid_at timestamptz,
                source text, payment text, refund_until timestamptz, benefits jsonb, fact_id bigint);
        END IF;
        IF p ? 'term_moves' THEN
            UPDATE rewards_term t SET state = m.state, stopped_at = m.stopped_at
            FROM jsonb_to_recordset(p->'term_moves') AS m(id bigint, was text, state text, stopped_at timestamptz)
            WHERE t.id = m.id AND t.state = m.was;
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'term_moves') THEN
                RAISE EXCEPTION 'a term moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'savings' THEN
            INSERT INTO rewards_saving (fact_id, term_id, kind, program_id, order_id, amount_minor, at)
            SELECT s.fact_id, s.term_id, s.kind, prog, s.order_id, s.amount_minor, s.at
            FROM jsonb_to_recordset(p->'savings') AS s(fact_id bigint, term_id bigint, kind text, order_id bigint,
                amount_minor bigint, at timestamptz);
        END IF;
        IF p ? 'coupon_uses' THEN
            INSERT INTO rewards_couponuse (id, program_id, coupon_id, code_id, member_id, order_id, fact_id, discount_minor,
                shares, at)
            SELECT u.id, prog, u.coupon_id, u.code_id, u.member_id, u.order_id, u.fact_id, u.discount_minor, u.shares, u.at
            FROM jsonb_to_recordset(p->'coupon_uses') AS u(id bigint, coupon_id bigint, code_id bigint, member_id bigint,
                order_id bigint, fact_id bigint, discount_minor bigint, shares jsonb, at timestamptz);
        END IF;
        IF p ? 'coupon_moves' THEN
            -- Another revision of the order: the code takes off something else now, or nothing any more.
            UPDATE rewards_couponuse t SET discount_minor = m.discount_minor, shares = m.shares, member_id = m.member_id,
                given_back_at = m.given_back_at
            FROM jsonb_to_recordset(p->'coupon_moves') AS m(id bigint, discount_minor bigint, shares jsonb,
                member_id bigint, given_back_at timestamptz)
            WHERE t.id = m.id AND t.given_back_at IS NULL;
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'coupon_moves') THEN
                RAISE EXCEPTION 'a use of a coupon moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'ended_orders' THEN
            WITH back AS (
                UPDATE rewards_couponuse u SET given_back_at = o.at
                FROM jsonb_to_recordset(p->'ended_orders') AS o(order_id bigint, at timestamptz)
                JOIN rewards_coupon c ON c.comes_back AND c.program_id = prog
                WHERE u.order_id = o.order_id AND u.coupon_id = c.id AND u.given_back_at IS NULL
                RETURNING u.code_id, u.coupon_id
            ) SELECT array_agg(code_id), array_agg(coupon_id) INTO freed_codes, freed_coupons FROM back;
        END IF;
        IF p ? 'vouchers' THEN
            -- One code of the pool for each, that nobody else is just taking; where all that are left are being taken,
            -- the end of that is waited for.
            FOR voucher IN SELECT v.pool_id, v.redemption_id, v.member_id, v.at FROM jsonb_to_recordset(p->'vouchers')
                AS v(pool_id bigint, redemption_id bigint, member_id bigint, at timestamptz)
            LOOP
                LOOP
                    SELECT c.id INTO free_code FROM rewards_code c
                    WHERE c.pool_id = voucher.pool_id AND c.given_at IS NULL
                    ORDER BY c.id LIMIT 1 FOR UPDATE SKIP LOCKED;
                    EXIT WHEN free_code IS NOT NULL;
                    SELECT c.id INTO free_code FROM rewards_code c
                    WHERE c.pool_id = voucher.pool_id AND c.given_at IS NULL
                    ORDER BY c.id LIMIT 1 FOR UPDATE;
                    EXIT WHEN free_code IS NOT NULL;
                    -- The one that was waited for is gone; another may be free.
                    IF NOT EXISTS (SELECT 1 FROM rewards_code c WHERE c.pool_id = voucher.pool_id AND c.given_at IS NULL)
                    THEN
                        RAISE EXCEPTION 'the pool is empty' USING ERRCODE = 'WF012';
                    END IF;
                END LOOP;
                UPDATE rewards_code SET given_at = voucher.at, redemption_id = voucher.redemption_id,
                    member_id = voucher.member_id WHERE id = free_code;
            END LOOP;
        END IF;
        IF p ? 'cards' THEN
            INSERT INTO members_holder (id, program_id, kind, seq)
            SELECT c.id, prog, 'card', 1 FROM jsonb_to_recordset(p->'cards') AS c(id bigint);
            INSERT INTO rewards_giftcard (holder_id, program_id, unit_id, member_id, state, origin, code_digest, code_sealed,
                ending, value_minor, ends_at, reference, redemption_id, fact_id, issued_at)
            SELECT c.id, prog, c.unit_id, c.member_id, 'active', c.origin, c.code_digest::bytea, c.code_sealed::bytea,
                c.ending, c.value_minor, c.ends_at, c.reference, c.redemption_id, c.fact_id, c.issued_at
            FROM jsonb_to_recordset(p->'cards') AS c(id bigint, unit_id bigint, member_id bigint, origin text,
                code_digest text, code_sealed text, ending text, value_minor bigint, ends_at timestamptz, reference text,
                redemption_id bigint, fact_id bigint, issued_at timestamptz);
        END IF;
        IF p ? 'card_moves' THEN
            UPDATE rewards_giftcard t SET state = m.state, member_id = m.member_id
            FROM jsonb_to_recordset(p->'card_moves') AS m(id bigint, state text, member_id bigint)
            WHERE t.holder_id = m.id AND t.program_id = prog;
        END IF;
        IF p ? 'tenders' THEN
            INSERT INTO rewards_tender (id, program_id, order_id, fact_id, wallet_id, unit_id, kind, amount, money_minor)
            SELECT t.id, prog, t.order_id, t.fact_id, t.wallet_id, t.unit_id, t.kind, t.amount, t.money_minor
            FROM jsonb_to_recordset(p->'tenders') AS t(id bigint, order_id bigint, fact_id bigint, wallet_id bigint,
                unit_id bigint, kind text, amount bigint, money_minor bigint);
        END IF;
        IF p ? 'warrants' THEN
            -- A passcode that somebody else has used meanwhile is a unique violation.
            INSERT INTO rewards_warrant (program_id, holder_id, fact_id, kind, step, given_by_id, given_at)
            SELECT prog, w.holder_id, w.fact_id, w.kind, w.step, w.given_by_id, w.given_at
            FROM jsonb_to_recordset(p->'warrants') AS w(holder_id bigint, fact_id bigint, kind text, step bigint,
                given_by_id bigint, given_at timestamptz);
        END IF;
        IF p ? 'audit' THEN
            INSERT INTO members_auditentry (program_id, actor_id, action, subject, subject_id, before, after, reason,
                address, request_id, at)
            SELECT a.program_id, a.actor_id, a.action, a.subject, a.subject_id, a.before, a.after, a.reason, a.address,
                a.request_id, a.at
            FROM jsonb_to_recordset(p->'audit') AS a(program_id bigint, actor_id bigint, action text, subject text,
                subject_id text, before jsonb, after jsonb, reason text, address inet, request_id text, at timestamptz);
        END IF;
    END IF;

    -- 4. The ledger.
    IF p ? 'wallets' THEN
        INSERT INTO rewards_wallet (id, program_id, holder_id, unit_id, seq, pending, active, reserved, arrears, digest,
            next_due_at, lapses_at)
        SELECT (r->>0)::bigint, prog, (r->>1)::bigint, (r->>2)::bigint, (r->>3)::bigint, (r->>4)::bigint,
            (r->>5)::bigint, (r->>6)::bigint, (r->>7)::bigint, (r->>8)::bytea, (r->>9)::timestamptz,
            (r->>10)::timestamptz
        FROM jsonb_array_elements(p->'wallets') r
        ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, pending = excluded.pending, active = excluded.active,
            reserved = excluded.reserved, arrears = excluded.arrears, digest = excluded.digest,
            next_due_at = excluded.next_due_at, lapses_at = excluded.lapses_at;
        INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
            reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, fact_id, order_id,
            mends_id, digest)
        SELECT (r->>0)::bigint, (r->>1)::bigint, prog, (r->>2)::bigint, r->>3, (r->>4)::timestamptz,
            (r->>5)::timestamptz, (r->>6)::bigint, (r->>7)::bigint, (r->>8)::bigint, (r->>9)::bigint,
            (r->>10)::bigint, (r->>11)::bigint, (r->>12)::bigint, (r->>13)::bigint, (r->>14)::bigint,
            (r->>15)::bigint, (r->>16)::bigint, (r->>17)::bigint, (r->>18)::bytea
        FROM jsonb_array_elements(p->'entries') r;
        IF p ? 'lots' THEN
            INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at,
                active_at, expires_at, awaits, terms, fact_id, order_id, version_id, origin_id)
            SELECT (r->>0)::bigint, (r->>1)::bigint, prog, (r->>2)::bigint, (r->>3)::bigint, (r->>4)::bigint,
                (r->>5)::bigint, (r->>6)::boolean, (r->>7)::timestamptz, (r->>8)::timestamptz,
                (r->>9)::timestamptz, r->>10, r->>11, (r->>12)::bigint, (r->>13)::bigint, (r->>14)::bigint,
                (r->>15)::bigint
            FROM jsonb_array_elements(p->'lots') r
            ON CONFLICT (id) DO UPDATE SET remaining = excluded.remaining, reserved = excluded.reserved,
                expired = excluded.expired, is_active = excluded.is_active;
        END IF;
        IF p ? 'allocations' THEN
            INSERT INTO rewards_allocation (entry_id, lot_id, amount)
            SELECT (r->>0)::bigint, (r->>1)::bigint, (r->>2)::bigint
            FROM jsonb_array_elements(p->'allocations') r;
        END IF;
    END IF;

    -- 5. The row that members share comes last and is held shortest; a budget that ran out is a check violation.
    IF p ? 'has_more' THEN
        UPDATE rewards_earningrule t SET spent = t.spent + b.amount
        FROM jsonb_to_recordset(p->'budgets') AS b(id bigint, amount bigint) WHERE t.id = b.id;
        IF p ? 'stocks' THEN
            -- A stock that ran out is a check violation, too; of what is no longer up nothing is taken.
            UPDATE rewards_reward t SET taken = t.taken + s.amount
            FROM jsonb_to_recordset(p->'stocks') AS s(id bigint, amount bigint)
            WHERE t.id = s.id AND (s.amount < 0 OR t.state = 'live');
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'stocks') THEN
                RAISE EXCEPTION 'a reward moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'cause_totals' THEN PERFORM wafa_post_gifts(p); END IF;
        IF p ? 'code_uses' THEN
            -- A code that somebody else has used up meanwhile is not used again.
            UPDATE rewards_code t SET used = t.used + c.amount, given_at = coalesce(t.given_at, c.at)
            FROM jsonb_to_recordset(p->'code_uses') AS c(id bigint, amount bigint, at timestamptz)
            WHERE t.id = c.id AND (c.amount <= 0 OR t.used + c.amount <= t.most);
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'code_uses') THEN
                RAISE EXCEPTION 'a code moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'coupon_counts' THEN
            UPDATE rewards_coupon t SET taken = t.taken + c.amount
            FROM jsonb_to_recordset(p->'coupon_counts') AS c(id bigint, amount bigint)
            WHERE t.id = c.id AND (c.amount <= 0 OR (t.state = 'live' AND t.taken + c.amount <= t.most));
            GET DIAGNOSTICS held = ROW_COUNT;
            IF held <> jsonb_array_length(p->'coupon_counts') THEN
                RAISE EXCEPTION 'a coupon moved' USING ERRCODE = 'WF001';
            END IF;
        END IF;
        IF p ? 'code_frees' THEN
            freed_codes := freed_codes || ARRAY(SELECT c::bigint FROM jsonb_array_elements_text(p->'code_frees') c);
            freed_coupons := freed_coupons || ARRAY(SELECT c::bigint FROM jsonb_array_elements_text(p->'coupon_frees') c);
        END IF;
        IF freed_codes IS NOT NULL THEN
            UPDATE rewards_code t SET used = t.used - f.times
            FROM (SELECT id, count(*) AS times FROM unnest(freed_codes) AS g(id) GROUP BY id) f
            WHERE t.id = f.id AND t.most IS NOT NULL;
            UPDATE rewards_coupon t SET taken = t.taken - f.times
            FROM (SELECT id, count(*) AS times FROM unnest(freed_coupons) AS g(id) GROUP BY id) f
            WHERE t.id = f.id AND t.most IS NOT NULL;
        END IF;
    END IF;

    -- 6. Nothing leaves this function that does not add up.
    touched := ARRAY(SELECT (r->>0)::bigint FROM jsonb_array_elements(p->'wallets') r);
    IF touched <> '{}' AND EXISTS (SELECT 1 FROM wafa_wrong_wallets(touched)) THEN
        RAISE EXCEPTION 'wallets % disagree with their entries or lots',
            ARRAY(SELECT * FROM wafa_wrong_wallets(touched) LIMIT 5) USING ERRCODE = 'WF011';
    END IF;
    PERFORM set_config('wafa.posting', 'off', true);
    RETURN 'posted';
END $$;
