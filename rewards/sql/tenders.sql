-- What paid for orders, and gift cards: rows are added by wafa_post; of a card only state and owner ever change.
CREATE OR REPLACE TRIGGER wafa_append_only BEFORE UPDATE OR DELETE ON rewards_tender
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
CREATE OR REPLACE TRIGGER wafa_no_truncate BEFORE TRUNCATE ON rewards_tender
    FOR EACH STATEMENT EXECUTE FUNCTION wafa_refuse();
ALTER TABLE rewards_tender ENABLE ALWAYS TRIGGER wafa_append_only;
ALTER TABLE rewards_tender ENABLE ALWAYS TRIGGER wafa_no_truncate;

CREATE OR REPLACE TRIGGER wafa_card_birth BEFORE UPDATE ON rewards_giftcard FOR EACH ROW
WHEN (to_jsonb(OLD) - ARRAY['state', 'member_id'] IS DISTINCT FROM to_jsonb(NEW) - ARRAY['state', 'member_id'])
EXECUTE FUNCTION wafa_refuse();
CREATE OR REPLACE TRIGGER wafa_card_stays BEFORE DELETE ON rewards_giftcard
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
