-- The figures of one program by hand, as somebody would write them who need not keep them up to date: into tables with the
-- same keys and indexes, from the same rows, in one transaction. No lines, lots and awards: the data of these benches have none.
CREATE TEMP TABLE placed ON COMMIT DROP AS
SELECT o.id, member_id, (occurred_at AT TIME ZONE p.time_zone)::date AS day, coalesce(store_id, 0) AS store_id, channel,
    total_minor AS amount, basis_minor, lag((occurred_at AT TIME ZONE p.time_zone)::date) OVER turn AS since,
    lag((occurred_at AT TIME ZONE p.time_zone)::date, 2) OVER turn AS earlier,
    first_value((occurred_at AT TIME ZONE p.time_zone)::date) OVER turn AS first_on, row_number() OVER turn AS place
FROM members_order o JOIN members_program p ON p.id = o.program_id
WHERE program_id = 1 AND state IN ('placed', 'paid') AND member_id IS NOT NULL
WINDOW turn AS (PARTITION BY member_id ORDER BY occurred_at, o.id);
CREATE TEMP TABLE used ON COMMIT DROP AS
SELECT DISTINCT w.holder_id AS member_id, (e.at AT TIME ZONE p.time_zone)::date AS day
FROM rewards_entry e JOIN rewards_wallet w ON w.id = e.wallet_id JOIN members_program p ON p.id = e.program_id
WHERE e.program_id = 1 AND e.kind IN ('spend', 'donate');
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT holder_id AS member_id, (joined_at AT TIME ZONE p.time_zone)::date AS joined_on, (m.state = 'blocked')::int AS blocked
FROM members_member m JOIN members_program p ON p.id = m.program_id WHERE program_id = 1 AND m.state <> 'closed';
ANALYZE placed, used, people;

INSERT INTO floor_day (program_id, day, members, blocked, orders, member_orders, revenue_minor, returns, returned_minor)
SELECT 1, day, sum(members), sum(blocked), sum(orders), sum(orders), sum(amount), 0, 0 FROM (
    SELECT day, 0 AS members, 0 AS blocked, count(*) AS orders, sum(amount) AS amount FROM placed GROUP BY 1
    UNION ALL SELECT joined_on, count(*), sum(blocked), 0, 0 FROM people GROUP BY 1
) AS s GROUP BY 2;
INSERT INTO floor_tradeday (program_id, day, store_id, channel, is_member, orders, revenue_minor, margin_minor, costed_minor, bare_minor)
SELECT 1, day, store_id, channel, true, count(*), sum(amount), 0, 0, 0 FROM placed GROUP BY 2, 3, 4;
INSERT INTO floor_unitday (program_id, unit_id, day, issued, spent, expired, reversed, adjusted, moved, held, arrears)
SELECT 1, w.unit_id, (e.at AT TIME ZONE p.time_zone)::date, coalesce(sum(active_change) FILTER (WHERE kind = 'earn'), 0),
    coalesce(-sum(active_change) FILTER (WHERE kind = 'spend'), 0), 0, 0, 0, 0, sum(active_change), 0
FROM rewards_entry e JOIN rewards_wallet w ON w.id = e.wallet_id JOIN members_program p ON p.id = e.program_id
WHERE e.program_id = 1 GROUP BY 2, 3;

INSERT INTO floor_memberfigure (member_id, program_id, joined_on, days, amounts, used, orders, revenue_minor, returned_minor)
SELECT m.member_id, 1, m.joined_on, coalesce(o.days, '{}'), coalesce(o.amounts, '{}'), coalesce(u.days, '{}'),
    coalesce(o.orders, 0), coalesce(o.amount, 0), 0
FROM people m LEFT JOIN (
    SELECT member_id, array_agg(day ORDER BY place) AS days, array_agg(amount ORDER BY place) AS amounts, count(*) AS orders,
        sum(amount) AS amount FROM placed GROUP BY 1
) o USING (member_id) LEFT JOIN (SELECT member_id, array_agg(day ORDER BY day) AS days FROM used GROUP BY 1) u USING (member_id);

-- Active: 30 days from each visit; often: while the second and the fourth visit are that near; tiers: from their day on.
CREATE TEMP TABLE spans ON COMMIT DROP AS
SELECT member_id, of_id, range_agg(daterange(day, since + 30)) AS spans FROM (
    SELECT member_id, day, lag(day, 1) OVER turn AS second, lag(day, 3) OVER turn AS fourth
    FROM (SELECT DISTINCT member_id, day, store_id FROM placed WHERE basis_minor > 0) AS v
    WINDOW turn AS (PARTITION BY member_id ORDER BY day)
) AS visits CROSS JOIN LATERAL (VALUES (0::bigint, day), (-2, second), (-4, fourth)) AS n(of_id, since)
WHERE since + 30 > day GROUP BY 1, 2
UNION ALL
SELECT member_id, tier_id, datemultirange(daterange((s.since AT TIME ZONE p.time_zone)::date, NULL))
FROM rewards_standing s JOIN members_program p ON p.id = s.program_id WHERE s.program_id = 1 AND ended_at IS NULL;
INSERT INTO floor_presence (member_id, of_id, program_id, spans) SELECT member_id, of_id, 1, spans FROM spans;
INSERT INTO floor_presenceday (program_id, of_id, day, change)
SELECT 1, of_id, day, sum(change) FROM (
    SELECT of_id, lower(s) AS day, 1 AS change FROM spans, unnest(spans) s
    UNION ALL SELECT of_id, upper(s), -1 FROM spans, unnest(spans) s WHERE NOT upper_inf(s)
) AS steps GROUP BY 2, 3;

CREATE TEMP TABLE pairs ON COMMIT DROP AS
SELECT 1::smallint AS kind, day, coalesce(since, '-infinity') AS since, count(*) AS times, 0::bigint AS orders, sum(amount) AS amount
FROM placed GROUP BY 2, 3
UNION ALL SELECT 2, day, coalesce(earlier, '-infinity'), count(*), 0, 0 FROM placed GROUP BY 2, 3
UNION ALL SELECT 3, day, coalesce(since, '-infinity'), count(*), 0, 0
    FROM (SELECT day, lag(day) OVER (PARTITION BY member_id ORDER BY day) AS since FROM used) AS u GROUP BY 2, 3
UNION ALL SELECT 4, day, coalesce(since, '-infinity'), count(*), 0, 0 FROM (
    SELECT day, lag(day) OVER (PARTITION BY member_id ORDER BY day) AS since
    FROM (SELECT member_id, day FROM placed UNION ALL SELECT member_id, day FROM used) AS deeds
) AS d GROUP BY 2, 3
UNION ALL SELECT 5, o.day, joined_on, count(*), 0, 0 FROM placed o JOIN people USING (member_id) WHERE place = 1 GROUP BY 2, 3
UNION ALL SELECT 6, day, first_on, count(*), 0, 0 FROM placed WHERE place = 2 GROUP BY 2, 3
UNION ALL SELECT 7, o.day, joined_on, count(*), 0, 0 FROM placed o JOIN people USING (member_id) WHERE place = 2 GROUP BY 2, 3
UNION ALL SELECT 8, u.day, joined_on, count(*), 0, 0
    FROM (SELECT member_id, min(day) AS day FROM used GROUP BY 1) u JOIN people USING (member_id) GROUP BY 2, 3
UNION ALL SELECT 9, date_trunc('month', day)::date, date_trunc('month', first_on)::date,
    count(*) FILTER (WHERE since IS NULL OR since < date_trunc('month', day)), count(*), sum(amount) FROM placed GROUP BY 2, 3
UNION ALL SELECT 10, date_trunc('month', day)::date, date_trunc('month', joined_on)::date,
    count(*) FILTER (WHERE since IS NULL OR since < date_trunc('month', day)), count(*), sum(amount)
    FROM placed JOIN people USING (member_id) GROUP BY 2, 3
UNION ALL SELECT 11, joined_on, joined_on, count(*), 0, 0 FROM people GROUP BY 2, 3;
INSERT INTO floor_pair (program_id, kind, day, since, times, orders, amount_minor) SELECT 1, kind, day, since, times, orders, amount FROM pairs;
INSERT INTO floor_pairday (program_id, kind, days, is_since, day, times, near, far, amount_minor)
SELECT 1, kind, days, day IS NULL, coalesce(day, since), CASE WHEN day IS NULL THEN 0 ELSE sum(times) END,
    coalesce(sum(times) FILTER (WHERE since > on_day - days), 0),
    coalesce(sum(times) FILTER (WHERE since <= on_day - days AND since > on_day - 2 * days), 0),
    CASE WHEN day IS NULL THEN 0 ELSE sum(amount) END
FROM (SELECT *, day AS on_day FROM pairs WHERE kind <= 5) AS p CROSS JOIN (VALUES (7), (30), (90), (91), (365), (366)) AS w(days)
GROUP BY GROUPING SETS ((kind, days, day), (kind, days, since)) HAVING coalesce(day, since) > '-infinity';
