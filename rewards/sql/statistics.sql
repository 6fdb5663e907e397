-- Looks again at the tables that have doubled since the planner's statistics were taken, and by a thousand rows at least;
-- how many. What autovacuum does too, but up to a minute later: until then plans are made for a handful of rows. With its
-- owner's rights, since only who owns a table may do it; a table that somebody else looks at is left to them.
CREATE OR REPLACE FUNCTION wafa_take_statistics() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    grown text;
    looked int := 0;
BEGIN
    FOR grown IN
        SELECT format('%I.%I', s.schemaname, s.relname)
        FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
        WHERE s.schemaname = 'public' AND c.relkind = 'r' AND c.relowner = current_user::regrole
            AND s.n_mod_since_analyze > greatest(1000, c.reltuples)
        ORDER BY 1
    LOOP
        EXECUTE 'ANALYZE (SKIP_LOCKED) ' || grown;
        looked := looked + 1;
    END LOOP;
    RETURN looked;
END
$$;
