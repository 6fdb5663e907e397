-- The canonical text of an entry: what its digest covers. No free text and no personal data, only ids, kinds,
-- moments (microseconds since 1970 UTC) and amounts. rewards/books/chains.py writes the very same text.
CREATE OR REPLACE FUNCTION wafa_micros(moment timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((extract(epoch FROM moment) * 1000000)::bigint::text, '');

CREATE OR REPLACE FUNCTION wafa_canonical(
    e rewards_entry, granted bigint, active_at timestamptz, expires_at timestamptz
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN e.program_id || '|' || e.wallet_id || '|' || e.seq || '|' || e.kind || '|' || wafa_micros(e.at) || '|'
    || wafa_micros(e.posted_at) || '|' || e.pending_change || '|' || e.active_change || '|' || e.reserved_change || '|'
    || e.arrears_change || '|' || e.pending || '|' || e.active || '|' || e.reserved || '|' || e.arrears || '|'
    || coalesce(e.lot_id::text, '') || '|' || coalesce(granted::text, '') || '|' || wafa_micros(active_at) || '|'
    || wafa_micros(expires_at) || '|' || coalesce(e.fact_id::text, '') || '|' || coalesce(e.order_id::text, '') || '|'
    || coalesce(e.mends_id::text, '');
