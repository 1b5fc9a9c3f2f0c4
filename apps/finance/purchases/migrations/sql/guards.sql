-- What something cost when is written once.
CREATE FUNCTION purchases_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER purchases_price_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON purchases_itemprice
    FOR EACH STATEMENT EXECUTE FUNCTION purchases_refuse_change();
