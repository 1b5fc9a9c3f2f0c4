-- The history of payments, and deliveries as they came, are written once.
CREATE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER payments_history_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_transactionevent
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();

CREATE TRIGGER payments_webhook_kept BEFORE DELETE OR TRUNCATE ON payments_webhookevent
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
-- Its state changes while it is processed; what came does not.
CREATE TRIGGER payments_webhook_raw BEFORE UPDATE ON payments_webhookevent
    FOR EACH ROW WHEN (
        (OLD.id, OLD.gateway, OLD.query, OLD.headers, OLD.body, OLD.remote_ip, OLD.received_at)
        IS DISTINCT FROM
        (NEW.id, NEW.gateway, NEW.query, NEW.headers, NEW.body, NEW.remote_ip, NEW.received_at)
    ) EXECUTE FUNCTION payments_refuse_change();
