-- The rows of gifts and payouts, called by wafa_post when the entries are written, with its rights: whoever else calls it
-- may write none of these tables. The book of receipts and the totals are shared by all members, so they come last.
CREATE OR REPLACE FUNCTION wafa_post_gifts(p jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    prog bigint := (p->>'program')::bigint;
    latest bigint;
    changed int;
BEGIN
    -- A total below what is paid already is a check violation.
    INSERT INTO rewards_causetotal (program_id, cause_id, unit_id, gifts, amount, worth_minor, paid_amount, paid_minor)
    SELECT prog, s.cause_id, s.unit_id, 0, 0, 0, 0, 0
    FROM jsonb_to_recordset(p->'cause_totals') AS s(cause_id bigint, unit_id bigint)
    ON CONFLICT (cause_id, unit_id) DO NOTHING;
    UPDATE rewards_causetotal t SET gifts = t.gifts + s.gifts, amount = t.amount + s.amount,
        worth_minor = t.worth_minor + s.worth_minor, paid_amount = t.paid_amount + s.paid_amount,
        paid_minor = t.paid_minor + s.paid_minor
    FROM jsonb_to_recordset(p->'cause_totals') AS s(cause_id bigint, unit_id bigint, gifts int, amount bigint,
        worth_minor bigint, paid_amount bigint, paid_minor bigint)
    WHERE t.cause_id = s.cause_id AND t.unit_id = s.unit_id;
    IF p ? 'withdrawals' THEN
        UPDATE rewards_donation d SET withdrawn_at = w.withdrawn_at, withdrawn_fact_id = w.fact_id
        FROM jsonb_to_recordset(p->'withdrawals') AS w(id bigint, fact_id bigint, withdrawn_at timestamptz)
        WHERE d.id = w.id AND d.withdrawn_at IS NULL;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed <> jsonb_array_length(p->'withdrawals') THEN
            RAISE EXCEPTION 'a gift moved' USING ERRCODE = 'WF001';
        END IF;
    END IF;
    IF p ? 'payouts' THEN
        INSERT INTO rewards_payout (id, program_id, cause_id, amount_minor, parts, paid_on, reference, author_id, fact_id,
            recorded_at)
        SELECT o.id, prog, o.cause_id, o.amount_minor, o.parts, o.paid_on, o.reference, o.author_id, o.fact_id, o.recorded_at
        FROM jsonb_to_recordset(p->'payouts') AS o(id bigint, cause_id bigint, amount_minor bigint, parts jsonb, paid_on date,
            reference text, author_id bigint, fact_id bigint, recorded_at timestamptz);
    END IF;
    IF p ? 'donations' THEN
        -- Whoever comes next waits here until this posting is committed or undone: no number is left out, none given twice.
        INSERT INTO rewards_receiptbook AS b (program_id, last) VALUES (prog, jsonb_array_length(p->'donations'))
        ON CONFLICT (program_id) DO UPDATE SET last = b.last + excluded.last RETURNING b.last INTO latest;
        INSERT INTO rewards_donation (id, program_id, number, member_id, cause_id, unit_id, amount, worth_minor, parts, via,
            store_id, redemption_id, fact_id, given_at)
        SELECT d.id, prog, latest - count(*) OVER () + row_number() OVER (ORDER BY d.id), d.member_id, d.cause_id, d.unit_id,
            d.amount, d.worth_minor, d.parts, d.via, d.store_id, d.redemption_id, d.fact_id, d.given_at
        FROM jsonb_to_recordset(p->'donations') AS d(id bigint, member_id bigint, cause_id bigint, unit_id bigint,
            amount bigint, worth_minor bigint, parts jsonb, via text, store_id bigint, redemption_id bigint, fact_id bigint,
            given_at timestamptz);
    END IF;
END $$;
