-- The history of entitlements is written once.
CREATE FUNCTION entitlements_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entitlements_change_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON entitlements_entitlementchange
    FOR EACH STATEMENT EXECUTE FUNCTION entitlements_refuse_change();

-- Renewals change one column that stands in no index: room for the new version in the same page.
ALTER TABLE entitlements_entitlement SET (fillfactor = 80);
