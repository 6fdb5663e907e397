-- What the database itself refuses, whoever asks.

-- 1. Append-only tables: no row is ever changed or removed.
CREATE OR REPLACE FUNCTION wafa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'WF010';
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'rewards_entry', 'rewards_allocation', 'rewards_pricing', 'rewards_award', 'rewards_settlement', 'rewards_seal',
        'rewards_sealedhead', 'members_fact', 'members_event', 'members_auditentry'
    ] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER wafa_append_only BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION wafa_refuse()', name);
        EXECUTE format('CREATE OR REPLACE TRIGGER wafa_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION wafa_refuse()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER wafa_append_only', name);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER wafa_no_truncate', name);
    END LOOP;
END $$;

-- 2. What a lot was born with stays; lots and wallets are never removed.
CREATE OR REPLACE TRIGGER wafa_lot_birth BEFORE UPDATE ON rewards_lot FOR EACH ROW
WHEN (ROW(OLD.id, OLD.wallet_id, OLD.program_id, OLD.granted, OLD.earned_at, OLD.active_at, OLD.expires_at, OLD.awaits,
          OLD.fact_id, OLD.order_id, OLD.version_id, OLD.origin_id)
      IS DISTINCT FROM
      ROW(NEW.id, NEW.wallet_id, NEW.program_id, NEW.granted, NEW.earned_at, NEW.active_at, NEW.expires_at, NEW.awaits,
          NEW.fact_id, NEW.order_id, NEW.version_id, NEW.origin_id))
EXECUTE FUNCTION wafa_refuse();
CREATE OR REPLACE TRIGGER wafa_lot_stays BEFORE DELETE ON rewards_lot FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
CREATE OR REPLACE TRIGGER wafa_wallet_stays BEFORE DELETE ON rewards_wallet FOR EACH ROW EXECUTE FUNCTION wafa_refuse();

-- 3. A published rule version is never changed (its end: see rules.sql) nor deleted.
CREATE OR REPLACE TRIGGER wafa_version_stays BEFORE DELETE ON rewards_ruleversion FOR EACH ROW
WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION wafa_refuse();

-- 4. At every commit: a wallet equals its last entry, the last entry equals its predecessor plus its change, and the
--    open lots sum to pending, active and reserved (SEMANTICS 4). Returns the wallets that are wrong.
CREATE OR REPLACE FUNCTION wafa_wrong_wallets(ids bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT w.id
    FROM rewards_wallet w
    LEFT JOIN rewards_entry e ON e.wallet_id = w.id AND e.seq = w.seq
    LEFT JOIN rewards_entry p ON p.wallet_id = w.id AND p.seq = w.seq - 1
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.remaining) FILTER (WHERE NOT l.is_active), 0) AS pending,
               coalesce(sum(l.remaining - l.reserved) FILTER (WHERE l.is_active), 0) AS active,
               coalesce(sum(l.reserved), 0) AS reserved
        FROM rewards_lot l WHERE l.wallet_id = w.id AND l.is_open
    ) lots
    WHERE w.id = ANY (ids) AND NOT (
        w.pending = lots.pending AND w.active = lots.active AND w.reserved = lots.reserved
        AND CASE WHEN w.seq = 0
            THEN w.pending = 0 AND w.active = 0 AND w.reserved = 0 AND w.arrears = 0 AND e.id IS NULL
            ELSE e.id IS NOT NULL AND w.digest = e.digest AND (w.seq = 1) = (p.id IS NULL)
                AND w.pending = e.pending AND w.active = e.active
                AND w.reserved = e.reserved AND w.arrears = e.arrears
                AND e.pending = coalesce(p.pending, 0) + e.pending_change
                AND e.active = coalesce(p.active, 0) + e.active_change
                AND e.reserved = coalesce(p.reserved, 0) + e.reserved_change
                AND e.arrears = coalesce(p.arrears, 0) + e.arrears_change
                AND NOT EXISTS (SELECT 1 FROM rewards_entry n WHERE n.wallet_id = w.id AND n.seq > w.seq)
            END)
$$;

CREATE OR REPLACE FUNCTION wafa_check_commit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE target bigint;
BEGIN
    -- Not one CASE: a record must have every field that an expression names.
    IF TG_TABLE_NAME = 'rewards_wallet' THEN target := NEW.id; ELSE target := NEW.wallet_id; END IF;
    IF EXISTS (SELECT 1 FROM wafa_wrong_wallets(ARRAY[target])) THEN
        RAISE EXCEPTION 'wallet % disagrees with its entries or lots', target USING ERRCODE = 'WF011';
    END IF;
    RETURN NULL;
END $$;

-- wafa_post checks all its wallets at once before it returns and says so through this setting; only its owner may
-- write these tables, so nobody else gains anything by setting it.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rewards_wallet', 'rewards_entry', 'rewards_lot'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS wafa_commit_check ON %I', name);
        EXECUTE format('CREATE CONSTRAINT TRIGGER wafa_commit_check AFTER INSERT OR UPDATE ON %I
                        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                        WHEN (current_setting(''wafa.posting'', true) IS DISTINCT FROM ''on'')
                        EXECUTE FUNCTION wafa_check_commit()', name);
    END LOOP;
END $$;

ALTER TABLE members_holder SET (fillfactor = 70);
ALTER TABLE rewards_wallet SET (fillfactor = 70);
ALTER TABLE rewards_lot SET (fillfactor = 70);
ALTER TABLE rewards_counter SET (fillfactor = 80);
ALTER TABLE rewards_metric SET (fillfactor = 80);
