-- The digests of a chain, one after the other: over a wallet's new entries in order, beginning with its last digest.
CREATE OR REPLACE FUNCTION wafa_next_digest(digest bytea, before bytea, canonical text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN RETURN sha256(coalesce(digest, before) || convert_to(canonical, 'UTF8')); END $$;

CREATE OR REPLACE AGGREGATE wafa_chain(before bytea, canonical text) (SFUNC = wafa_next_digest, STYPE = bytea);

-- Activates and expires what is due in a program up to `moment`, in the order in which it became due (SEMANTICS 10):
-- at most so many wallets, those that wait longest and whose holders nobody else works on. What somebody else works on
-- is settled there, or next time: so any number of workers may do this at once, and none waits or is waited for.
-- `since` is where to begin; `latest` where to go on (the wallets before it are done). A wallet that lapses by `moment`,
-- or whose clock must be started, is left to settling.settle_due, which knows the unit's policy.
-- It writes what Dues.settle() of rewards/books writes, and runs with its owner's rights like wafa_post.
CREATE OR REPLACE FUNCTION wafa_settle(
    prog bigint, moment timestamptz, since timestamptz, most int, OUT moved int, OUT latest timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan SET work_mem = '64MB'
AS $$
DECLARE
    holders bigint[];
    touched bigint[];
BEGIN
    -- 1. The guard: nobody else moves these holders until this transaction ends.
    SELECT array_agg(DISTINCT due.id), max(due.next_due_at) INTO holders, latest FROM (
        SELECT h.id, w.next_due_at FROM rewards_wallet w JOIN members_holder h ON h.id = w.holder_id
        JOIN rewards_unit u ON u.id = w.unit_id
        WHERE w.program_id = prog AND w.next_due_at <= moment AND w.next_due_at >= since
            AND (w.lapses_at > moment OR (w.lapses_at IS NULL AND u.lapse = '{}'))
        ORDER BY w.next_due_at LIMIT most FOR NO KEY UPDATE OF h SKIP LOCKED
    ) due;
    moved := 0;
    IF holders IS NULL THEN RETURN; END IF;
    PERFORM set_config('wafa.posting', 'on', true);

    -- 2. In a statement of its own, so that it sees what was committed before the lock was had.
    WITH lots AS MATERIALIZED (
        SELECT w.id AS wallet_id, w.seq, w.pending, w.active, w.reserved, w.arrears, w.digest, w.lapses_at,
            l.id AS lot_id, l.granted, l.remaining, l.reserved AS held, l.is_active, l.earned_at, l.active_at,
            l.expires_at, coalesce(l.expires_at, 'infinity') AS ends_at, l.fact_id, l.order_id,
            coalesce(NOT l.is_active AND l.active_at <= moment, false) AS wakes
        FROM rewards_wallet w JOIN rewards_unit u ON u.id = w.unit_id
        LEFT JOIN LATERAL (SELECT * FROM rewards_lot l WHERE l.wallet_id = w.id AND l.is_open OFFSET 0) l ON true
        WHERE w.holder_id = ANY (holders) AND w.next_due_at <= moment
            AND (w.lapses_at > moment OR (w.lapses_at IS NULL AND u.lapse = '{}'))
    ), woken AS MATERIALIZED (
        -- What wakes repays arrears first (26), one lot after the other.
        SELECT *, CASE WHEN wakes THEN least(arrears, upto) - least(arrears, upto - remaining) ELSE 0 END AS repaid
        FROM (SELECT *, (sum(CASE WHEN wakes THEN remaining ELSE 0 END) OVER (
            PARTITION BY wallet_id ORDER BY active_at, ends_at, earned_at, lot_id ROWS UNBOUNDED PRECEDING
        ))::bigint AS upto FROM lots) l
    ), ended AS MATERIALIZED (
        SELECT *, CASE WHEN (is_active OR wakes) AND expires_at <= moment THEN remaining - repaid - held ELSE 0 END AS gone
        FROM woken
    ), steps AS MATERIALIZED (
        SELECT wallet_id, seq, pending, active, reserved, arrears, digest, lot_id, granted, active_at, expires_at, ends_at,
            earned_at, fact_id, order_id, 'activate' AS kind, active_at AS at, -remaining AS pending_change,
            remaining - repaid AS active_change, -repaid AS arrears_change, repaid AS used
        FROM ended WHERE wakes
        UNION ALL
        SELECT wallet_id, seq, pending, active, reserved, arrears, digest, lot_id, granted, active_at, expires_at, ends_at,
            earned_at, fact_id, order_id, 'expire', expires_at, 0, -gone, 0, gone
        FROM ended WHERE gone > 0
    ), summed AS MATERIALIZED (
        SELECT *, seq + row_number() OVER after AS number, pending + (sum(pending_change) OVER after)::bigint AS pending_after,
            active + (sum(active_change) OVER after)::bigint AS active_after,
            arrears + (sum(arrears_change) OVER after)::bigint AS arrears_after
        FROM steps WINDOW after AS (PARTITION BY wallet_id ORDER BY greatest(at, active_at), ends_at, earned_at, lot_id, kind
            ROWS UNBOUNDED PRECEDING)
    ), chained AS MATERIALIZED (
        -- The text is that of canonical.sql.
        SELECT nextval('wafa_ids') AS entry_id, *, wafa_chain(digest, prog || '|' || wallet_id || '|' || number || '|' || kind
            || '|' || wafa_micros(at) || '|' || wafa_micros(moment) || '|' || pending_change || '|' || active_change || '|0|'
            || arrears_change || '|' || pending_after || '|' || active_after || '|' || reserved || '|' || arrears_after || '|'
            || CASE kind WHEN 'activate' THEN lot_id || '|' || granted || '|' || wafa_micros(active_at) || '|'
                || wafa_micros(expires_at) ELSE '|||' END
            || '|' || coalesce(fact_id::text, '') || '|' || coalesce(order_id::text, '') || '|'
        ) OVER (PARTITION BY wallet_id ORDER BY number ROWS UNBOUNDED PRECEDING) AS digest_after
        FROM summed
    ), entries AS (
        INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
            reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, fact_id, order_id, digest)
        SELECT entry_id, wallet_id, prog, number, kind, at, moment, pending_change, active_change, 0, arrears_change,
            pending_after, active_after, reserved, arrears_after, CASE kind WHEN 'activate' THEN lot_id END, fact_id, order_id,
            digest_after
        FROM chained
    ), allocations AS (
        INSERT INTO rewards_allocation (entry_id, lot_id, amount) SELECT entry_id, lot_id, used FROM chained WHERE used > 0
    ), changed AS (
        UPDATE rewards_lot l SET is_active = true, remaining = e.remaining - e.repaid - e.gone, expired = l.expired + e.gone
        FROM ended e WHERE l.id = e.lot_id AND (e.wakes OR e.gone > 0)
    ), totals AS MATERIALIZED (
        -- A wallet's last entry and its next moment, each from its own rows: no join between sets of unknown size.
        SELECT wallet_id, max(number) AS number, min(due_at) AS due_at, max(lapses_at) AS lapses_at,
            (sum(pending_change))::bigint AS pending_change, (sum(active_change))::bigint AS active_change,
            (sum(arrears_change))::bigint AS arrears_change,
            (array_agg(digest_after ORDER BY number DESC) FILTER (WHERE number IS NOT NULL))[1] AS digest_after
        FROM (
            SELECT wallet_id, number, NULL::timestamptz AS due_at, NULL::timestamptz AS lapses_at, pending_change,
                active_change, arrears_change, digest_after FROM chained
            UNION ALL
            SELECT wallet_id, NULL, CASE WHEN remaining - repaid - gone > 0 THEN
                    CASE WHEN NOT (is_active OR wakes) THEN active_at
                        WHEN remaining - repaid - gone > held THEN expires_at END END,
                lapses_at, 0, 0, 0, NULL FROM ended
        ) u GROUP BY wallet_id
    ), wallets AS (
        UPDATE rewards_wallet w SET seq = coalesce(t.number, w.seq), pending = w.pending + t.pending_change,
            active = w.active + t.active_change, arrears = w.arrears + t.arrears_change,
            digest = coalesce(t.digest_after, w.digest),
            next_due_at = least(t.due_at, CASE WHEN w.active + t.active_change > 0 THEN t.lapses_at END)
        FROM totals t WHERE w.id = t.wallet_id
    ), guards AS (
        UPDATE members_holder h SET seq = h.seq + 1
        WHERE h.id = ANY (ARRAY(SELECT w.holder_id FROM rewards_wallet w JOIN totals t ON t.wallet_id = w.id))
    )
    SELECT array_agg(wallet_id), count(number) INTO touched, moved FROM totals;

    -- 3. Nothing leaves this function that does not add up.
    IF EXISTS (SELECT 1 FROM wafa_wrong_wallets(touched)) THEN
        RAISE EXCEPTION 'wallets % disagree with their entries or lots',
            ARRAY(SELECT * FROM wafa_wrong_wallets(touched) LIMIT 5) USING ERRCODE = 'WF011';
    END IF;
    PERFORM set_config('wafa.posting', 'off', true);
END $$;

-- Starts the clock of inactivity where a unit begins to have one: members keep what they have until `until` at least.
-- At most so many wallets; how many. Whose holder somebody works on comes next time.
CREATE OR REPLACE FUNCTION wafa_start_lapses(prog bigint, of_unit bigint, until timestamptz, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE holders bigint[];
BEGIN
    holders := ARRAY(
        SELECT h.id FROM rewards_wallet w JOIN members_holder h ON h.id = w.holder_id
        -- What a cause was given never ends.
        WHERE w.program_id = prog AND w.unit_id = of_unit AND w.lapses_at IS NULL AND w.active > 0 AND h.kind <> 'cause'
        LIMIT most FOR NO KEY UPDATE OF h SKIP LOCKED
    );
    PERFORM set_config('wafa.posting', 'on', true);
    UPDATE members_holder h SET seq = seq + 1 WHERE h.id = ANY (holders);
    UPDATE rewards_wallet w SET lapses_at = until, next_due_at = least(w.next_due_at, until)
    WHERE w.holder_id = ANY (holders) AND w.unit_id = of_unit AND w.lapses_at IS NULL AND w.active > 0;
    PERFORM set_config('wafa.posting', 'off', true);
    RETURN cardinality(holders);
END $$;
