-- Beside the use of a coupon, in its own transaction: the last message that carried it to the member is redeemed, once, and
-- the log learns of it. A program whose messages carry no coupons pays one look into an empty index for each use.
CREATE OR REPLACE FUNCTION wafa_redeemed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH used AS (
        SELECT DISTINCT ON (f.member_id, f.coupon_id) f.*, (
            SELECT m.id FROM campaigns_message m
            WHERE m.member_id = f.member_id AND m.coupon_id = f.coupon_id AND m.redeemed_at IS NULL
                AND m.state IN ('sent', 'delivered', 'unknown')
            ORDER BY m.id DESC LIMIT 1) AS message
        FROM fresh f WHERE f.member_id IS NOT NULL ORDER BY f.member_id, f.coupon_id, f.id
    ), moved AS (
        UPDATE campaigns_message m SET redeemed_at = u.at, redeemed_order_id = u.order_id
        FROM used u WHERE m.id = u.message
        RETURNING m.id, m.program_id, m.member_id, m.template_id, m.channel, u.at
    )
    INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
    SELECT program_id, member_id, 'message.redeemed', at, at,
        jsonb_build_object('message', id, 'template', template_id, 'channel', channel)
    FROM moved;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER wafa_redeemed AFTER INSERT ON rewards_couponuse
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION wafa_redeemed();
