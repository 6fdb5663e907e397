-- Concatenating numbers is only stable for PostgreSQL, and a function that promises more than its body keeps is never
-- inlined. Said truly, check_ledger derives digests several times faster; the text stays the same.
ALTER FUNCTION wafa_micros(timestamptz) STABLE;
ALTER FUNCTION wafa_canonical(rewards_entry, bigint, timestamptz, timestamptz) STABLE;
