-- Reads in one snapshot all that a posting must know: who is meant, which facts and orders are already there, and the
-- state of each holder with its guard. Rows are JSON arrays in the order that rewards/reading.py unpacks.
-- p: program, facts [{i, source, kind, external_id, revision}], who [{kind, value, whole}], numbers [{number, whole}],
-- orders [{i, source, external_id}], holders [id], cards [digests of gift cards, hex], skus [{kind, value, sku}],
-- keys [counter keys], metrics_from, due (moment), terms_from (moment: the terms of plans that end later), renewals (the kind of event that tells one), few (so many
-- lots, of those used next, are enough). Wallets are read whole of holders, of whoever has one of the orders, and where who says so.
CREATE OR REPLACE FUNCTION wafa_read(p jsonb) RETURNS json
LANGUAGE plpgsql STABLE
-- Plans are kept for the life of a connection; one made while the tables were empty must still use the indexes, and
-- OFFSET 0 keeps the look-ups on the inner side of their loops.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    prog bigint := (p->>'program')::bigint;
    named bigint[];
    orders bigint[] := '{}';
    holders bigint[];
    needy bigint[] := '{}';
    due timestamptz := (p->>'due')::timestamptz;
    who json;
    facts json;
    known int[];
    members json;
    cards json;
    carded bigint[];
    tenders json;
    wallets json;
    has_whole boolean;
    lots json;
    next_lots json;
    counters json;
    standings json;
    metrics json;
    budgets json;
    terms json;
    renewals json;
    whole_orders json;
BEGIN
    SELECT json_agg(json_build_array(w.i, f.id, encode(f.fingerprint, 'hex'), f.answer)), coalesce(array_agg(w.i), '{}')
    INTO facts, known
    FROM jsonb_to_recordset(p->'facts') AS w(i int, source text, kind text, external_id text, revision int)
    CROSS JOIN LATERAL (
        SELECT * FROM members_fact f WHERE f.program_id = prog AND f.source = w.source AND f.kind = w.kind
            AND f.external_id = w.external_id AND f.revision = w.revision OFFSET 0
    ) f;
    -- Each question is asked only where it is needed: a small posting is mostly the cost of its questions.
    IF p ? 'who' THEN
        SELECT json_agg(json_build_array(w.kind, w.value, i.member_id, i.origin_id)), array_agg(i.member_id),
            array_agg(i.member_id) FILTER (WHERE w.whole) INTO who, named, needy
        FROM jsonb_to_recordset(p->'who') AS w(kind text, value text, whole bool)
        CROSS JOIN LATERAL (
            SELECT * FROM members_identity i WHERE i.program_id = prog AND i.kind = w.kind AND i.value = w.value OFFSET 0
        ) i;
    END IF;
    IF p ? 'numbers' THEN
        -- A number that was merged away stands for whom it was merged into; both are read. With "+ 0" no index that begins
        -- with the program is taken in place of the number's: a plan made for an empty table sees no difference.
        SELECT named || array_agg(m.holder_id) || array_agg(m.merged_into_id) FILTER (WHERE m.merged_into_id IS NOT NULL),
            needy || array_agg(coalesce(m.merged_into_id, m.holder_id)) FILTER (WHERE n.whole) INTO named, needy
        FROM jsonb_to_recordset(p->'numbers') AS n(number text, whole bool)
        CROSS JOIN LATERAL (
            SELECT * FROM members_member m WHERE m.number = n.number AND m.program_id + 0 = prog OFFSET 0
        ) m;
    END IF;

    IF p ? 'orders' THEN
        -- What is only repeated needs no order.
        SELECT coalesce(array_agg(DISTINCT o.id), '{}') INTO orders
        FROM jsonb_to_recordset(p->'orders') AS w(i int, source text, external_id text)
        CROSS JOIN LATERAL (
            SELECT * FROM members_order o
            WHERE o.program_id = prog AND o.source = w.source AND o.external_id = w.external_id OFFSET 0
        ) o
        WHERE NOT w.i = ANY (known);
    END IF;
    IF p ? 'skus' THEN
        -- Orders that an unnamed return may match: the member's own, with a line of such a SKU, not all returned yet. A
        -- member's lines are gone through once, however many SKUs came back.
        SELECT ARRAY(
            SELECT unnest(orders)
            UNION SELECT l.order_id
            FROM (
                SELECT coalesce(i.member_id, m.holder_id) AS member_id, array_agg(DISTINCT w.sku) AS skus
                FROM jsonb_to_recordset(p->'skus') AS w(kind text, value text, sku text)
                LEFT JOIN LATERAL (
                    SELECT * FROM members_identity i
                    WHERE i.program_id = prog AND i.kind = w.kind AND i.value = w.value OFFSET 0
                ) i ON true
                LEFT JOIN LATERAL (
                    SELECT coalesce(m.merged_into_id, m.holder_id) AS holder_id FROM members_member m
                    WHERE w.kind = 'number' AND m.number = w.value AND m.program_id + 0 = prog OFFSET 0
                ) m ON true
                GROUP BY 1
            ) w
            -- By the member alone: that the program fits, the ways to the member have seen to.
            CROSS JOIN LATERAL (SELECT * FROM members_order o WHERE o.member_id = w.member_id OFFSET 0) o
            CROSS JOIN LATERAL (
                SELECT * FROM members_orderline l WHERE l.order_id = o.id AND l.revision = o.revision
                    AND l.sku = ANY (w.skus) AND l.returned_quantity < l.quantity OFFSET 0
            ) l
        ) INTO orders;
    END IF;
    IF p ? 'holders' THEN
        needy := needy || ARRAY(
            SELECT h.id FROM members_holder h WHERE h.program_id = prog
                AND h.id = ANY (ARRAY(SELECT n::bigint FROM jsonb_array_elements_text(p->'holders') n)));
    END IF;
    IF p ? 'cards' THEN
        SELECT json_agg(json_build_array(encode(c.code_digest, 'hex'), c.holder_id, c.state, c.ending)), array_agg(c.holder_id)
        INTO cards, carded
        FROM rewards_giftcard c WHERE c.program_id = prog
            AND c.code_digest = ANY (ARRAY(SELECT decode(d, 'hex') FROM jsonb_array_elements_text(p->'cards') d));
        needy := needy || coalesce(carded, '{}');
    END IF;
    IF orders <> '{}' THEN
        needy := needy || ARRAY(
            SELECT o.member_id FROM members_order o WHERE o.id = ANY (orders)
            -- Who spent points on an order gets them back with it, whoever bought.
            UNION SELECT w.holder_id FROM unnest(orders) AS o(id)
                JOIN rewards_entry e ON e.order_id = o.id AND e.kind = 'spend'
                JOIN rewards_wallet w ON w.id = e.wallet_id
            -- Lots of an order may have been opened before its members were merged.
            UNION SELECT w.holder_id FROM rewards_lot l JOIN rewards_wallet w ON w.id = l.wallet_id
                WHERE l.order_id = ANY (orders)
        );
        needy := needy || ARRAY(
            SELECT m.merged_into_id FROM members_member m WHERE m.holder_id = ANY (needy) AND m.merged_into_id IS NOT NULL);
    END IF;
    -- An order that waits for its member may get any of those named.
    needy := CASE WHEN array_position(needy, NULL) IS NULL THEN coalesce(needy, '{}')
        ELSE array_remove(named || needy, NULL) END;
    holders := coalesce(named, '{}') || needy;

    -- One statement each, so that what is not asked for is not even set up.
    SELECT json_agg(json_build_array(h.id, h.seq, m.number, m.state, m.joined_at, m.birthday, m.language, m.tags,
        m.merged_into_id)) INTO members
    -- Gift cards and whoever else holds wallets is no member and has none of these.
    FROM members_holder h LEFT JOIN members_member m ON m.holder_id = h.id
    WHERE h.id = ANY (holders) AND h.program_id = prog;
    SELECT json_agg(json_build_array(w.id, w.holder_id, w.unit_id, w.seq, w.pending, w.active, w.reserved, w.arrears,
        encode(w.digest, 'hex'), w.next_due_at, w.is_whole, w.lapses_at)), coalesce(bool_or(w.is_whole), false) INTO wallets, has_whole
    FROM (
        SELECT *, NOT p ? 'few' AND (next_due_at <= due OR holder_id = ANY (needy)) AS is_whole
        FROM rewards_wallet WHERE holder_id = ANY (holders)
    ) w;
    IF p ? 'few' THEN
        SELECT json_agg(json_build_array(l.id, l.wallet_id, l.granted, l.remaining, l.is_active, l.earned_at,
            l.active_at, l.expires_at, l.reserved, l.expired, l.awaits, l.terms, l.fact_id, l.order_id,
            l.version_id, l.origin_id)) INTO next_lots
        FROM rewards_wallet w
        CROSS JOIN LATERAL (
            SELECT * FROM rewards_lot l WHERE l.wallet_id = w.id AND l.is_open AND l.is_active
            ORDER BY l.expires_at, l.earned_at, l.id LIMIT (p->>'few')::int
        ) l
        WHERE w.holder_id = ANY (holders);
    ELSIF has_whole THEN
        SELECT json_agg(json_build_array(l.id, l.wallet_id, l.granted, l.remaining, l.is_active, l.earned_at,
            l.active_at, l.expires_at, l.reserved, l.expired, l.awaits, l.terms, l.fact_id, l.order_id,
            l.version_id, l.origin_id)) INTO lots
        FROM rewards_wallet w
        CROSS JOIN LATERAL (SELECT * FROM rewards_lot l WHERE l.wallet_id = w.id AND l.is_open OFFSET 0) l
        WHERE w.holder_id = ANY (holders) AND (w.next_due_at <= due OR w.holder_id = ANY (needy));
    END IF;
    IF p ? 'keys' OR (needy <> '{}' AND NOT p ? 'few') THEN
        SELECT json_agg(json_build_array(c.holder_id, c.key, c.amount, c.times, c.last_at)) INTO counters
        FROM rewards_counter c WHERE c.holder_id = ANY (holders) AND (c.holder_id = ANY (needy)
            OR c.key IN (SELECT jsonb_array_elements_text(p->'keys')));
    END IF;
    IF p ? 'metrics_from' THEN
        SELECT json_agg(json_build_array(s.member_id, s.id, s.tier_id, s.origin, s.since, s.confirms_at, s.valid_until,
            s.ended_at, s.fact_id) ORDER BY s.since, s.id) INTO standings
        FROM rewards_standing s WHERE s.member_id = ANY (holders);
        SELECT json_agg(json_build_array(m.holder_id, m.bucket, m.spend_minor, m.orders, m.visits, m.points, m.last_on))
        INTO metrics
        FROM rewards_metric m WHERE m.holder_id = ANY (holders)
            AND (m.bucket >= (p->>'metrics_from')::date OR m.holder_id = ANY (needy));
    END IF;
    IF p ? 'budgets' THEN
        SELECT json_agg(json_build_array(r.id, r.spent)) INTO budgets FROM rewards_earningrule r
        WHERE r.id IN (SELECT b::bigint FROM jsonb_array_elements_text(p->'budgets') b);
    END IF;
    IF p ? 'terms_from' THEN
        -- Also those of whom was merged into a holder.
        SELECT json_agg(json_build_array(w.holder_id, t.id, t.plan_id, t.number, t.streak, t.anchor_on, t.starts_at, t.ends_at,
            t.stopped_at, t.state, t.benefits) ORDER BY t.starts_at, t.id) INTO terms
        FROM (
            SELECT h AS holder_id, h AS id FROM unnest(holders) h
            UNION SELECT m.merged_into_id, m.holder_id FROM members_member m WHERE m.merged_into_id = ANY (holders)
        ) w
        CROSS JOIN LATERAL (SELECT * FROM rewards_term t WHERE t.member_id = w.id OFFSET 0) t
        WHERE coalesce(t.stopped_at, t.ends_at, 'infinity') >= (p->>'terms_from')::timestamptz;
    END IF;
    IF p ? 'renewals' THEN
        SELECT json_agg(json_build_array(w.holder_id, a.data->>'subscription', a.occurred_at)) INTO renewals
        FROM (
            SELECT h AS holder_id, h AS id FROM unnest(holders) h
            UNION SELECT m.merged_into_id, m.holder_id FROM members_member m WHERE m.merged_into_id = ANY (holders)
        ) w
        CROSS JOIN LATERAL (
            SELECT * FROM members_activity a WHERE a.member_id = w.id AND a.kind = p->>'renewals' AND a.withdrawn_at IS NULL
            OFFSET 0
        ) a;
    END IF;
    IF orders <> '{}' THEN
        whole_orders := wafa_read_orders(orders);
        SELECT json_agg(json_build_array(t.order_id, t.wallet_id, t.kind, t.amount, t.money_minor, c.ending) ORDER BY t.id)
        INTO tenders
        FROM rewards_tender t JOIN rewards_wallet w ON w.id = t.wallet_id
        LEFT JOIN rewards_giftcard c ON c.holder_id = w.holder_id
        WHERE t.order_id = ANY (orders);
    END IF;
    RETURN json_build_object(
        'catalogue', (SELECT c.catalogue FROM members_program c WHERE c.id = prog),
        'facts', facts, 'who', who, 'members', members, 'cards', cards, 'wallets', wallets, 'lots', lots,
        'next_lots', next_lots, 'counters', counters, 'standings', standings, 'metrics', metrics, 'budgets', budgets,
        'terms', terms, 'renewals', renewals, 'orders', whole_orders, 'tenders', tenders
    );
END $$;

-- Whole orders with everything a change, payment, cancellation or return of them needs.
CREATE OR REPLACE FUNCTION wafa_read_orders(ids bigint[]) RETURNS json
LANGUAGE sql STABLE
AS $$
    SELECT json_agg(json_build_object(
        'row', json_build_array(o.id, o.source, o.external_id, o.member_id, o.store_id, o.channel, o.state, o.revision,
            o.fact_id, o.occurred_at, o.currency, o.total_minor, o.basis_minor, o.returned_minor),
        'lines', (
            SELECT json_agg(json_build_array(l.position, l.kind, l.sku, l.name, l.category, l.quantity, l.amount_minor,
                l.discount_minor, l.tax_minor, l.cost_minor, l.basis_minor, l.is_counted, l.returned_quantity,
                l.refunded_minor)
                ORDER BY l.position)
            FROM members_orderline l WHERE l.order_id = o.id AND l.revision = o.revision),
        'pricing', (
            SELECT json_build_array(r.context, r.versions, r.awarded) FROM rewards_pricing r
            WHERE r.fact_id = o.fact_id),
        'settled', (
            SELECT json_agg(json_build_array(s.unit_id, s.awarded, s.reversed_total, s.absorbed_total, s.number)) FROM (
                SELECT DISTINCT ON (unit_id) * FROM rewards_settlement WHERE order_id = o.id
                ORDER BY unit_id, number DESC) s),
        'lots', (
            SELECT json_agg(json_build_array(l.id, l.wallet_id, l.granted, l.remaining, l.is_active, l.earned_at,
                l.active_at, l.expires_at, l.reserved, l.expired, l.awaits, l.terms, l.fact_id, l.order_id,
                l.version_id, l.origin_id))
            FROM (
                SELECT * FROM rewards_lot own WHERE own.order_id = o.id
                UNION ALL
                SELECT used.* FROM rewards_lot used WHERE used.order_id IS DISTINCT FROM o.id AND used.id IN (
                    SELECT a.lot_id FROM rewards_entry e JOIN rewards_allocation a ON a.entry_id = e.id
                    WHERE e.order_id = o.id AND e.kind = 'spend')
            ) l),
        'waiting', (
            SELECT json_agg(json_build_array(w.fact_id, w.payload) ORDER BY w.fact_id) FROM members_waitingfact w
            WHERE w.order_id = o.id),
        'spent', (
            SELECT json_agg(json_build_array(e.wallet_id, a.entry_id, a.lot_id, a.amount)
                ORDER BY e.wallet_id, e.seq, l.expires_at, l.earned_at, l.id)
            FROM rewards_entry e JOIN rewards_allocation a ON a.entry_id = e.id JOIN rewards_lot l ON l.id = a.lot_id
            WHERE e.order_id = o.id AND e.kind = 'spend'),
        -- A lot that this order's own settlement opened has no origin: it gives back no points spent. By the wallet that
        -- spent them: after a merge they come back to another.
        'restored', (
            SELECT json_agg(json_build_array(r.wallet_id, r.amount)) FROM (
                SELECT coalesce(origin.wallet_id, e.wallet_id) AS wallet_id, sum(e.active_change - e.arrears_change) AS amount
                FROM rewards_entry e LEFT JOIN rewards_lot l ON l.id = e.lot_id
                LEFT JOIN rewards_lot origin ON origin.id = l.origin_id
                WHERE e.order_id = o.id AND e.kind = 'restore' AND (e.lot_id IS NULL OR l.origin_id IS NOT NULL)
                GROUP BY 1) r)
    ))
    FROM members_order o WHERE o.id = ANY (ids)
$$;
