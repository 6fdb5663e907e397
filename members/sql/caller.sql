-- Whose key this is, and what was answered before under an idempotency key; no row for a secret that nobody has.
-- Planned once a connection, always by the indexes: a plan made while few answers were kept would read all of them, call
-- after call, as they become many.
CREATE OR REPLACE FUNCTION wafa_caller(p_key text, p_digest bytea)
RETURNS TABLE (
    key_id bigint, prefix text, scopes text[], reads_per_minute int, writes_per_minute int, author_id bigint,
    is_owner boolean, expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz, program_id bigint,
    version text, fingerprint bytea, status int, body bytea
)
LANGUAGE plpgsql STABLE ROWS 1
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT k.id, k.prefix::text, k.scopes::text[], k.reads_per_minute, k.writes_per_minute,
        coalesce(k.handed_to_id, k.created_by_id), t.id IS NOT NULL, k.expires_at, k.revoked_at, k.last_used_at,
        k.program_id, p.xmin::text || p.ctid::text, a.fingerprint, a.status::int, a.body
    FROM members_apikey k
    LEFT JOIN members_teammembership t ON t.program_id = k.program_id AND t.role = 'owner'
        AND t.user_id = coalesce(k.handed_to_id, k.created_by_id)
    JOIN members_program p ON p.id = k.program_id
    LEFT JOIN members_apianswer a ON a.program_id = k.program_id AND a.key = p_key
    WHERE k.digest = p_digest;
END $$;
