-- The same number from 0 to 9999 for a member and a salt, today and in ten years: a lot that is never drawn anew. Called
-- STABLE, as its parts are: only so is it taken into the statement that asks, at a tenth of the cost for a million members.
CREATE OR REPLACE FUNCTION wafa_lot(salt text, member bigint) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT (substr(sha256(convert_to(salt || ':' || member, 'UTF8')), 1, 4)::bigint % 10000)::int $$;

-- The moment of a local time: of two the first; of none the moment at which the clocks jumped over it.
CREATE OR REPLACE FUNCTION wafa_local(wall timestamp, zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
    at timestamptz := wall AT TIME ZONE zone;
    low timestamptz;
    high timestamptz;
    middle timestamptz;
BEGIN
    IF at AT TIME ZONE zone = wall THEN
        -- PostgreSQL takes the second of two; the first is up to some hours before.
        FOR minutes IN REVERSE 180..15 BY 15 LOOP
            IF (at - make_interval(mins => minutes)) AT TIME ZONE zone = wall THEN
                RETURN at - make_interval(mins => minutes);
            END IF;
        END LOOP;
        RETURN at;
    END IF;
    -- The first moment whose local time is past the one that does not exist, to the minute.
    low := at - interval '1 day'; high := at + interval '1 day';
    WHILE high - low > interval '1 second' LOOP
        middle := low + (high - low) / 2;
        IF middle AT TIME ZONE zone >= wall THEN high := middle; ELSE low := middle; END IF;
    END LOOP;
    RETURN date_trunc('minute', high);
END $$;

-- The next moment after `since` at which clocks in the zone show this hour and minute, on one of these days (0 is Monday;
-- none: any day). In spring an hour that does not exist is the moment after the gap, in autumn the first of the two.
CREATE OR REPLACE FUNCTION wafa_next_local(since timestamptz, zone text, hour int, minute int, weekdays int[])
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT min(at) FROM (
        SELECT d, wafa_local(((since AT TIME ZONE zone)::date + d) + make_time(hour, minute, 0), zone) AS at
        FROM generate_series(0, 8) d
    ) days
    WHERE at > since AND (weekdays IS NULL OR weekdays = '{}'
        OR (extract(isodow FROM (since AT TIME ZONE zone)::date + d)::int - 1) = ANY (weekdays))
$$;

-- Who leaves a journey gets no message of it any more: what is not sent yet is cancelled.
CREATE OR REPLACE FUNCTION wafa_left(enrolments bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS (
        UPDATE campaigns_message m SET state = 'cancelled', reason = 'exit'
        WHERE m.enrolment_id = ANY (enrolments) AND m.state IN ('queued', 'held')
        RETURNING m.member_id, m.day, m.channel, m.kind
    ), held AS (
        -- The promise for its day is taken back, as campaigns/messages/outbox.py does it.
        SELECT t.id, g.n FROM campaigns_touch t JOIN (
            SELECT member_id, day, channel, kind, count(*) AS n FROM gone GROUP BY 1, 2, 3, 4
        ) g USING (member_id, day, channel, kind) ORDER BY t.member_id FOR UPDATE OF t
    )
    UPDATE campaigns_touch t SET n = greatest(t.n - held.n, 0) FROM held WHERE t.id = held.id;
END $$;

-- Beside an event, in its own transaction: whoever it sends out of a journey leaves, whoever waits for it goes on, and
-- whoever it lets in is written down. A program without journeys pays one look into a small table.
CREATE OR REPLACE FUNCTION wafa_journeys() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ear record;
    people bigint[];
    gone bigint[];
BEGIN
    FOR ear IN
        SELECT l.*, v.journey_id FROM campaigns_listener l JOIN campaigns_journeyversion v ON v.id = l.version_id
        WHERE EXISTS (SELECT FROM fresh f WHERE f.program_id = l.program_id AND f.kind = l.kind)
        ORDER BY CASE l.purpose WHEN 'exit' THEN 1 WHEN 'wait' THEN 2 ELSE 3 END, l.id
    LOOP
        SELECT array_agg(DISTINCT f.holder_id) INTO people FROM fresh f
        WHERE f.program_id = ear.program_id AND f.kind = ear.kind AND f.holder_id IS NOT NULL AND f.data @> ear.match;
        IF people IS NULL THEN CONTINUE; END IF;
        IF ear.test <> '' THEN
            EXECUTE 'SELECT array_agg(holder_id) FROM members_member WHERE holder_id = ANY ($1) AND (' || ear.test || ')'
                INTO people USING people;
            IF people IS NULL THEN CONTINUE; END IF;
        END IF;
        IF ear.purpose = 'exit' THEN
            -- First who is not in yet: whoever lets them in at this moment is waited for, and seen by what follows.
            DELETE FROM campaigns_arrival a USING fresh f
            WHERE a.version_id = ear.version_id AND a.member_id = ANY (people) AND f.holder_id = a.member_id
                AND f.kind = ear.kind AND f.data @> ear.match AND a.event_id <> f.id
                AND f.occurred_at >= a.at - interval '1 hour';
            WITH left_now AS (
                UPDATE campaigns_enrolment e SET status = 'exited', reason = ear.kind, ended_at = f.recorded_at, due_at = NULL
                FROM fresh f
                WHERE e.version_id = ear.version_id AND e.member_id = ANY (people) AND e.status = 'waiting'
                    AND f.holder_id = e.member_id AND f.kind = ear.kind AND f.data @> ear.match
                    AND e.event_id IS DISTINCT FROM f.id AND f.occurred_at >= e.entered_at - interval '1 hour'
                RETURNING e.id
            ) SELECT array_agg(id) INTO gone FROM left_now;
            IF gone IS NOT NULL THEN PERFORM wafa_left(gone); END IF;
        ELSIF ear.purpose = 'wait' THEN
            UPDATE campaigns_enrolment e SET woken = true, due_at = least(e.due_at, f.recorded_at) FROM fresh f
            WHERE e.step_id = ear.step_id AND e.member_id = ANY (people) AND e.status = 'waiting' AND NOT e.woken
                AND f.holder_id = e.member_id AND f.kind = ear.kind AND f.data @> ear.match
                AND e.event_id IS DISTINCT FROM f.id;
        ELSE
            INSERT INTO campaigns_arrival (program_id, version_id, member_id, event_id, order_id, at, context)
            SELECT f.program_id, ear.version_id, f.holder_id, f.id, f.order_id, f.occurred_at,
                jsonb_build_object('event', f.id, 'data', f.data)
                    || CASE WHEN f.order_id IS NULL THEN '{}' ELSE jsonb_build_object('order', f.order_id) END
            FROM fresh f
            WHERE f.program_id = ear.program_id AND f.kind = ear.kind AND f.data @> ear.match
                AND f.holder_id = ANY (people)
                AND f.occurred_at >= f.recorded_at - make_interval(hours => ear.late_hours);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
