-- What goes back of a payment is never more than it: refunds that are, or may be, gone, and what
-- banks took of what was left. The payment's row is locked, so two at once are judged in turn.
CREATE FUNCTION payments_check_given_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    payment BIGINT;
    paid BIGINT;
    back NUMERIC;
BEGIN
    IF TG_TABLE_NAME = 'payments_refund' THEN
        payment := NEW.transaction_id;
    ELSE
        SELECT transaction_id INTO payment FROM payments_dispute WHERE id = NEW.dispute_id;
    END IF;
    SELECT amount_minor INTO paid FROM payments_transaction
     WHERE id = payment FOR NO KEY UPDATE;
    SELECT coalesce((SELECT sum(amount_minor) FROM payments_refund
                      WHERE transaction_id = payment AND state NOT IN ('FAILED', 'REJECTED')), 0)
         + coalesce((SELECT sum(r.covered_minor)
                       FROM payments_disputeround r
                       JOIN payments_dispute d ON d.id = r.dispute_id
                      WHERE d.transaction_id = payment), 0)
      INTO back;
    IF back > paid THEN
        RAISE EXCEPTION 'more goes back of payment % than was paid', payment
              USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_never_more_than_paid';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER payments_refund_fits AFTER INSERT ON payments_refund
    FOR EACH ROW EXECUTE FUNCTION payments_check_given_back();
CREATE TRIGGER payments_refund_fits_again AFTER UPDATE OF state ON payments_refund
    FOR EACH ROW WHEN (
        OLD.state IN ('FAILED', 'REJECTED') AND NEW.state NOT IN ('FAILED', 'REJECTED')
    ) EXECUTE FUNCTION payments_check_given_back();
CREATE TRIGGER payments_round_fits AFTER INSERT ON payments_disputeround
    FOR EACH ROW EXECUTE FUNCTION payments_check_given_back();
CREATE TRIGGER payments_round_fits_again AFTER UPDATE OF covered_minor ON payments_disputeround
    FOR EACH ROW WHEN (NEW.covered_minor > OLD.covered_minor)
    EXECUTE FUNCTION payments_check_given_back();

-- What was asked for, and by whom, does not change afterwards.
CREATE TRIGGER payments_refund_asked BEFORE UPDATE ON payments_refund
    FOR EACH ROW WHEN (
        (OLD.id, OLD.public_id, OLD.transaction_id, OLD.amount_minor, OLD.currency, OLD.key,
         OLD.origin, OLD.by_id, OLD.created_at)
        IS DISTINCT FROM
        (NEW.id, NEW.public_id, NEW.transaction_id, NEW.amount_minor, NEW.currency, NEW.key,
         NEW.origin, NEW.by_id, NEW.created_at)
    ) EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_refund_kept BEFORE DELETE OR TRUNCATE ON payments_refund
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_refund_history_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_refundevent FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_refund_policy_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_refundpolicy FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_dispute_kept BEFORE DELETE OR TRUNCATE ON payments_dispute
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_round_kept BEFORE DELETE OR TRUNCATE ON payments_disputeround
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_dispute_history_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_disputeevent FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_fraud_report_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_fraudreport FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_evidence_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_evidencepack FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_recovery_kept BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payments_recovery FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
