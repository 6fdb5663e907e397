-- What happens to terms of plans by time. Any number of workers may call these at once, and none waits: whom somebody
-- else works on is left to the next call. They run with their owner's rights like wafa_post.

-- Ends the terms whose time is over by `moment`, at most so many. Who has no next term is told.
CREATE OR REPLACE FUNCTION wafa_end_terms(prog bigint, moment timestamptz, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    holders bigint[];
    done int;
BEGIN
    SELECT array_agg(DISTINCT due.id) INTO holders FROM (
        SELECT h.id FROM rewards_term t JOIN members_holder h ON h.id = t.member_id
        WHERE t.program_id = prog AND t.state IN ('active', 'leaving') AND t.ends_at IS NOT NULL AND t.ends_at <= moment
        ORDER BY t.ends_at LIMIT most FOR NO KEY UPDATE OF h SKIP LOCKED
    ) due;
    IF holders IS NULL THEN RETURN 0; END IF;
    UPDATE members_holder SET seq = seq + 1 WHERE id = ANY (holders);
    -- In a statement of its own, so that it sees what was committed before the lock was had.
    WITH ended AS (
        UPDATE rewards_term t SET state = 'ended'
        WHERE t.member_id = ANY (holders) AND t.program_id = prog AND t.state IN ('active', 'leaving') AND t.ends_at <= moment
        RETURNING t.id, t.member_id, t.plan_id, t.ends_at
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT prog, e.member_id, 'plan.ended', e.ends_at, moment, jsonb_build_object('plan', p.key, 'term', e.id)
        FROM ended e JOIN rewards_plan p ON p.id = e.plan_id
        WHERE NOT EXISTS (
            SELECT 1 FROM rewards_term n WHERE n.member_id = e.member_id AND n.plan_id = e.plan_id AND n.id <> e.id
                AND n.state <> 'refunded' AND n.starts_at = e.ends_at)
    )
    SELECT count(*) INTO done FROM ended;
    RETURN done;
END $$;

-- Tells, once for each term, that it ends within its plan's days of notice and is not renewed yet. Only where it can be:
-- who leaves and stays after all within these days is told then, and a plan that is over tells nobody.
CREATE OR REPLACE FUNCTION wafa_announce_terms(prog bigint, moment timestamptz, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    done int;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT t.id FROM rewards_term t JOIN rewards_plan p ON p.id = t.plan_id
        WHERE t.program_id = prog AND t.state = 'active' AND p.state = 'live' AND t.ends_at IS NOT NULL
            AND t.noticed_at IS NULL AND t.ends_at > moment AND t.ends_at <= moment + make_interval(days => p.notice_days)
            AND NOT EXISTS (
                SELECT 1 FROM rewards_term f WHERE f.member_id = t.member_id AND f.plan_id = t.plan_id
                    AND f.state <> 'refunded' AND f.starts_at = t.ends_at)
        ORDER BY t.ends_at LIMIT most FOR NO KEY UPDATE OF t SKIP LOCKED
    ), noted AS (
        UPDATE rewards_term t SET noticed_at = moment FROM due WHERE t.id = due.id
        RETURNING t.id, t.member_id, t.plan_id, t.ends_at
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT prog, n.member_id, 'plan.ending', moment, moment,
            jsonb_build_object('plan', p.key, 'term', n.id, 'ends_at', n.ends_at, 'price_minor', p.price_minor)
        FROM noted n JOIN rewards_plan p ON p.id = n.plan_id
    )
    SELECT count(*) INTO done FROM noted;
    RETURN done;
END $$;
