-- Codes and coupons: what the database refuses. What a posting must know of them, read_codes.sql reads.

-- What an order was given by a code stays; it is given back at most once, and no row is removed.
CREATE OR REPLACE FUNCTION wafa_couponuse_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.given_back_at IS NOT NULL
        OR ROW(OLD.id, OLD.program_id, OLD.coupon_id, OLD.code_id, OLD.order_id, OLD.fact_id, OLD.at)
           IS DISTINCT FROM ROW(NEW.id, NEW.program_id, NEW.coupon_id, NEW.code_id, NEW.order_id, NEW.fact_id, NEW.at)
    THEN
        RAISE EXCEPTION 'a use of a coupon goes forward only' USING ERRCODE = 'WF010';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER wafa_couponuse_forward BEFORE UPDATE ON rewards_couponuse
    FOR EACH ROW EXECUTE FUNCTION wafa_couponuse_goes_on();
CREATE OR REPLACE TRIGGER wafa_couponuse_stays BEFORE DELETE ON rewards_couponuse
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
