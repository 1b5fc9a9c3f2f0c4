-- The history of subscriptions is written once, and so is what a period was paid with.
CREATE FUNCTION subscriptions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER subscriptions_history_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON subscriptions_subscriptionevent
    FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_refuse_change();

-- An open period may still be charged another amount; one that is paid is what it is. Its end may
-- move: days that a pause kept are given back.
CREATE TRIGGER subscriptions_period_paid BEFORE UPDATE ON subscriptions_period
    FOR EACH ROW WHEN (
        (OLD.id, OLD.subscription_id, OLD.number)
        IS DISTINCT FROM (NEW.id, NEW.subscription_id, NEW.number)
        OR (
            OLD.state IN ('PAID', 'REFUNDED') AND (
                (OLD.kind, OLD.amount_minor, OLD.currency, OLD.transaction_id, OLD.paid_at)
                IS DISTINCT FROM
                (NEW.kind, NEW.amount_minor, NEW.currency, NEW.transaction_id, NEW.paid_at)
                OR NEW.state NOT IN ('PAID', 'REFUNDED')
            )
        )
    ) EXECUTE FUNCTION subscriptions_refuse_change();
CREATE TRIGGER subscriptions_period_kept BEFORE DELETE ON subscriptions_period
    FOR EACH ROW WHEN (OLD.state IN ('PAID', 'REFUNDED'))
    EXECUTE FUNCTION subscriptions_refuse_change();
CREATE TRIGGER subscriptions_periods_kept BEFORE TRUNCATE ON subscriptions_period
    FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_refuse_change();

-- A price is never edited: who subscribed at it keeps it.
CREATE TRIGGER subscriptions_price_kept BEFORE UPDATE ON subscriptions_price
    FOR EACH ROW WHEN (
        (OLD.id, OLD.public_id, OLD.plan_id, OLD.months, OLD.amount_minor, OLD.currency,
         OLD.created_at)
        IS DISTINCT FROM
        (NEW.id, NEW.public_id, NEW.plan_id, NEW.months, NEW.amount_minor, NEW.currency,
         NEW.created_at)
    ) EXECUTE FUNCTION subscriptions_refuse_change();
CREATE TRIGGER subscriptions_prices_kept BEFORE DELETE OR TRUNCATE ON subscriptions_price
    FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_refuse_change();
