-- Rates and exchanges are written once; a correction is a newer row.
CREATE FUNCTION fx_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'FL100';
END $$;

CREATE TRIGGER fx_rate_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON fx_exchangerate
    FOR EACH STATEMENT EXECUTE FUNCTION fx_refuse_change();

CREATE TRIGGER fx_exchange_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON fx_exchange
    FOR EACH STATEMENT EXECUTE FUNCTION fx_refuse_change();
