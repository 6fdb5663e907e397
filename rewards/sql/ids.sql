-- One sequence gives the ids of all rows that a posting links to each other, so that a process can take a block of ids
-- ahead and write whole postings in one statement.
CREATE SEQUENCE IF NOT EXISTS wafa_ids;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['members_holder', 'members_fact', 'members_order', 'members_return', 'rewards_wallet',
                                'rewards_lot', 'rewards_entry'] LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN id DROP IDENTITY IF EXISTS', name);
        EXECUTE format('ALTER TABLE %I ALTER COLUMN id SET DEFAULT nextval(''wafa_ids'')', name);
    END LOOP;
END $$;

-- Finds what was spent on an order and given back, for its return.
CREATE INDEX IF NOT EXISTS entry_spent_on_order ON rewards_entry (order_id)
WHERE kind IN ('spend', 'restore') AND order_id IS NOT NULL;
