-- A published rule version is never changed. Its end may be set once; one that has not come yet may be moved or taken
-- away, but only to a moment that has not come either: what was in force stays what it was.
CREATE OR REPLACE TRIGGER wafa_version_fixed BEFORE UPDATE ON rewards_ruleversion FOR EACH ROW
WHEN (OLD.published_at IS NOT NULL AND (
        ROW(OLD.rule_id, OLD.number, OLD.definition, OLD.since, OLD.published_at)
        IS DISTINCT FROM ROW(NEW.rule_id, NEW.number, NEW.definition, NEW.since, NEW.published_at)
        OR (OLD.until IS NOT NULL AND OLD.until IS DISTINCT FROM NEW.until
            AND NOT (OLD.until > now() AND coalesce(NEW.until > now(), true)))))
EXECUTE FUNCTION wafa_refuse();
