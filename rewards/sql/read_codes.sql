-- The codes that orders bring, what they are good for, how often those who order have used them, and what these very
-- orders claimed before. In the same statement as wafa_read, and so of the same snapshot.
-- p: program, digests [hex], tickets [hex] (the same codes, if they stand for a reward), who [{kind, value}], numbers [text], orders [{source, external_id}].
CREATE OR REPLACE FUNCTION wafa_read_codes(p jsonb) RETURNS json
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    prog bigint := (p->>'program')::bigint;
    numbers bigint[];
    holders bigint[];
    found bigint[];
    pools bigint[];
    named bigint[];
    codes json;
    coupons json;
    uses json;
    own json;
    tickets json;
BEGIN
    numbers := ARRAY(
        SELECT o.id FROM jsonb_to_recordset(p->'orders') AS w(source text, external_id text)
        CROSS JOIN LATERAL (SELECT * FROM members_order o WHERE o.program_id = prog AND o.source = w.source
            AND o.external_id = w.external_id OFFSET 0) o);
    SELECT array_agg(u.coupon_id), json_agg(json_build_array(u.id, u.order_id, u.coupon_id, u.code_id, encode(c.digest, 'hex')))
    INTO named, own
    FROM rewards_couponuse u JOIN rewards_code c ON c.id = u.code_id
    WHERE u.order_id = ANY (numbers) AND u.given_back_at IS NULL;
    SELECT json_agg(json_build_array(encode(c.digest, 'hex'), c.id, c.pool_id, c.used, c.most,
            coalesce(w.merged_into_id, c.member_id), l.use,
            l.is_open AND l.purpose = 'coupon', l.starts_at, l.ends_at)),
        coalesce(array_agg(c.id), '{}'), coalesce(array_agg(c.pool_id), '{}') INTO codes, found, pools
    FROM jsonb_array_elements_text(p->'digests') d
    CROSS JOIN LATERAL (SELECT * FROM rewards_code c WHERE c.program_id = prog AND c.digest = decode(d, 'hex') OFFSET 0) c
    JOIN rewards_codepool l ON l.id = c.pool_id
    LEFT JOIN members_member w ON w.holder_id = c.member_id;
    IF found <> '{}' THEN
        holders := ARRAY(
            SELECT i.member_id FROM jsonb_to_recordset(p->'who') AS w(kind text, value text)
            CROSS JOIN LATERAL (SELECT * FROM members_identity i WHERE i.program_id = prog AND i.kind = w.kind
                AND i.value = w.value OFFSET 0) i
            UNION SELECT coalesce(m.merged_into_id, m.holder_id) FROM jsonb_array_elements_text(p->'numbers') n
            CROSS JOIN LATERAL (SELECT * FROM members_member m WHERE m.number = n AND m.program_id + 0 = prog OFFSET 0) m
            UNION SELECT coalesce(m.merged_into_id, m.holder_id) FROM members_order o
            JOIN members_member m ON m.holder_id = o.member_id WHERE o.id = ANY (numbers));
        -- By whom, and apart for each of these orders: what an order has itself stands in its way no second time.
        SELECT json_agg(json_build_array(t.coupon_id, t.code_id, t.holder, t.itself, t.times)) INTO uses
        FROM (
            SELECT u.coupon_id, u.code_id, coalesce(m.merged_into_id, m.holder_id) AS holder,
                CASE WHEN u.order_id = ANY (numbers) THEN u.order_id END AS itself, count(*) AS times
            FROM members_member m
            JOIN rewards_couponuse u ON u.member_id = m.holder_id AND u.given_back_at IS NULL
            JOIN rewards_coupon c ON c.id = u.coupon_id AND c.pool_id = ANY (pools)
            WHERE m.holder_id = ANY (holders) OR m.merged_into_id = ANY (holders)
            GROUP BY 1, 2, 3, 4
        ) t;
    END IF;
    SELECT json_agg(json_build_object('id', c.id, 'pool', c.pool_id, 'key', c.key, 'state', c.state, 'kind', c.kind,
        'stacking', c.stacking, 'value_minor', c.value_minor, 'percent', c.percent::text, 'most_minor', c.most_minor,
        'sku', c.sku, 'conditions', c.conditions, 'lines', c.lines, 'minimum_minor', c.minimum_minor, 'stores', c.stores,
        'members_only', c.members_only, 'most', c.most, 'taken', c.taken, 'per_member', c.per_member,
        'starts_at', c.starts_at, 'ends_at', c.ends_at)) INTO coupons
    FROM rewards_coupon c
    WHERE c.program_id = prog AND ((c.pool_id = ANY (pools) AND c.state = 'live') OR c.id = ANY (named));
    SELECT json_agg(json_build_array(encode(r.code_digest, 'hex'), r.id, r.state, coalesce(w.merged_into_id, r.member_id),
            r.benefit, t.key, t.stores, r.store_id, r.stage, r.tracking, r.issued_at, r.due_at, r.order_id)) INTO tickets
    FROM jsonb_array_elements_text(p->'tickets') d
    CROSS JOIN LATERAL (SELECT * FROM rewards_redemption r WHERE r.program_id = prog AND r.code_digest = decode(d, 'hex')
        OFFSET 0) r
    JOIN rewards_reward t ON t.id = r.reward_id AND t.pool_id IS NULL
    LEFT JOIN members_member w ON w.holder_id = r.member_id
    WHERE r.state IN ('issued', 'fulfilled') AND r.money_minor = 0;
    RETURN json_build_object('codes', codes, 'coupons', coupons, 'uses', uses, 'own', own, 'tickets', tickets);
END $$;
