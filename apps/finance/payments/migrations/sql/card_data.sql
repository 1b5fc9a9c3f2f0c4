-- What came is kept as it came, until its time is over: then it is emptied as a whole, once, and
-- the hash of the body takes its place. What waited sealed is hidden once, when it ends. Nothing
-- else of it ever changes.
CREATE OR REPLACE FUNCTION payments_keep_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.emptied_at IS NULL AND NEW.emptied_at IS NOT NULL AND OLD.processed_at IS NOT NULL
       AND (OLD.id, OLD.gateway, OLD.credentials, OLD.method, OLD.remote_ip, OLD.received_at,
            OLD.card_data)
           IS NOT DISTINCT FROM
           (NEW.id, NEW.gateway, NEW.credentials, NEW.method, NEW.remote_ip, NEW.received_at,
            NEW.card_data)
       AND NEW.body = '' AND NEW.query = '{}' AND NEW.raw_query = '' AND NEW.headers = '{}'
       AND NEW.body_sha256 = sha256(OLD.body) THEN
        RETURN NEW;
    END IF;
    IF OLD.card_data = 'SEALED' AND NEW.card_data = 'HIDDEN' AND OLD.status = 'RECEIVED'
       AND (OLD.id, OLD.gateway, OLD.credentials, OLD.method, OLD.remote_ip, OLD.received_at,
            OLD.emptied_at, OLD.body_sha256)
           IS NOT DISTINCT FROM
           (NEW.id, NEW.gateway, NEW.credentials, NEW.method, NEW.remote_ip, NEW.received_at,
            NEW.emptied_at, NEW.body_sha256) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER IF EXISTS payments_webhook_raw ON payments_webhookevent;
CREATE TRIGGER payments_webhook_raw BEFORE UPDATE ON payments_webhookevent
    FOR EACH ROW WHEN (
        (OLD.id, OLD.gateway, OLD.credentials, OLD.method, OLD.query, OLD.raw_query, OLD.headers, OLD.body,
         OLD.remote_ip, OLD.received_at, OLD.emptied_at, OLD.body_sha256, OLD.card_data)
        IS DISTINCT FROM
        (NEW.id, NEW.gateway, NEW.credentials, NEW.method, NEW.query, NEW.raw_query, NEW.headers, NEW.body,
         NEW.remote_ip, NEW.received_at, NEW.emptied_at, NEW.body_sha256, NEW.card_data)
    ) EXECUTE FUNCTION payments_keep_delivery();
