-- Who approved a payout, and what happened to it, is written once.
CREATE FUNCTION payouts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER payouts_approval_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts_payoutapproval
    FOR EACH STATEMENT EXECUTE FUNCTION payouts_refuse_change();
CREATE TRIGGER payouts_event_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts_payoutevent
    FOR EACH STATEMENT EXECUTE FUNCTION payouts_refuse_change();
