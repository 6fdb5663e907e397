-- A term goes forward only, and what was paid and promised stays; savings are only added to.
CREATE OR REPLACE FUNCTION wafa_term_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state || '>' || NEW.state NOT IN ('active>active', 'active>leaving', 'active>ended', 'active>refunded',
            'leaving>leaving', 'leaving>active', 'leaving>ended', 'leaving>refunded')
        OR ROW(OLD.id, OLD.program_id, OLD.member_id, OLD.plan_id, OLD.number, OLD.streak, OLD.anchor_on, OLD.starts_at,
               OLD.ends_at, OLD.price_minor, OLD.paid_at, OLD.source, OLD.payment, OLD.refund_until, OLD.benefits, OLD.fact_id)
           IS DISTINCT FROM
           ROW(NEW.id, NEW.program_id, NEW.member_id, NEW.plan_id, NEW.number, NEW.streak, NEW.anchor_on, NEW.starts_at,
               NEW.ends_at, NEW.price_minor, NEW.paid_at, NEW.source, NEW.payment, NEW.refund_until, NEW.benefits, NEW.fact_id)
    THEN
        RAISE EXCEPTION 'a term goes forward only' USING ERRCODE = 'WF010';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER wafa_term_forward BEFORE UPDATE ON rewards_term
    FOR EACH ROW EXECUTE FUNCTION wafa_term_goes_on();
CREATE OR REPLACE TRIGGER wafa_term_stays BEFORE DELETE ON rewards_term
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
CREATE OR REPLACE TRIGGER wafa_saving_stays BEFORE UPDATE OR DELETE ON rewards_saving
    FOR EACH ROW EXECUTE FUNCTION wafa_refuse();
