ALTER TABLE entitlements_entitlement RESET (fillfactor);
DROP TRIGGER entitlements_change_kept ON entitlements_entitlementchange;
DROP FUNCTION entitlements_refuse_change();
