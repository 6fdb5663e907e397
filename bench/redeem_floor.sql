-- The floor of a redemption: the spend of bench/spend_floor.sql and the row of the redemption, in one function.
CREATE OR REPLACE FUNCTION bench_redeem(p_wallet bigint, p_reward bigint, p_price bigint, p_key text, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    w rewards_wallet;
    done bigint := bench_spend(p_wallet, p_price, p_key, p_now);
    number bigint := nextval('wafa_ids');
BEGIN
    SELECT * INTO w FROM rewards_wallet WHERE id = p_wallet;
    INSERT INTO rewards_redemption (id, program_id, member_id, reward_id, state, via, price, money_minor, benefit, parts,
        code_digest, code_sealed, is_given_back, stage, tracking, reserved_at, issued_at)
    VALUES (number, w.program_id, w.holder_id, p_reward, 'issued', 'portal', jsonb_build_object('points', p_price), 0, '{}',
        '[]', sha256(convert_to(p_key, 'UTF8')), sha256(convert_to(p_key, 'UTF8')), false, '', '', p_now, p_now);
    RETURN number;
END $$;
GRANT EXECUTE ON FUNCTION bench_redeem TO PUBLIC;
CREATE TABLE IF NOT EXISTS bench_stock (id int PRIMARY KEY, taken bigint NOT NULL, stock bigint NOT NULL);
INSERT INTO bench_stock VALUES (1, 0, 1000);
GRANT SELECT, UPDATE ON bench_stock TO PUBLIC;
