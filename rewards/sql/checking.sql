-- Concatenating numbers is only stable for PostgreSQL, and a function that promises more than its body keeps is never
-- inlined. Said truly, check_ledger derives digests several times faster; the text stays the same.
-- A moment is sent as its microseconds since 2000, which is quicker than by way of an exact fraction of seconds.
CREATE OR REPLACE FUNCTION wafa_micros(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((timestamptz_send(moment)::bigint + 946684800000000)::text, '');

ALTER FUNCTION wafa_canonical(rewards_entry, bigint, timestamptz, timestamptz) STABLE;
