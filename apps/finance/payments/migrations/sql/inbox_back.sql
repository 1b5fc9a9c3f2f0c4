DROP TRIGGER IF EXISTS payments_webhook_raw ON payments_webhookevent;
CREATE TRIGGER payments_webhook_raw BEFORE UPDATE ON payments_webhookevent
    FOR EACH ROW WHEN (
        (OLD.id, OLD.gateway, OLD.query, OLD.headers, OLD.body, OLD.remote_ip, OLD.received_at)
        IS DISTINCT FROM
        (NEW.id, NEW.gateway, NEW.query, NEW.headers, NEW.body, NEW.remote_ip, NEW.received_at)
    ) EXECUTE FUNCTION payments_refuse_change();
DROP FUNCTION IF EXISTS payments_keep_delivery();
