-- What no program may do to what a bank was given, or was told. FD001: it is kept as it is.
CREATE FUNCTION debits_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is kept as it is', TG_TABLE_NAME USING ERRCODE = 'FD001';
END $$;

CREATE TRIGGER debits_file_kept BEFORE UPDATE ON debits_debitfile
    FOR EACH ROW WHEN (
        (OLD.id, OLD.merchant_account_id, OLD.scheme, OLD.cut_off, OLD.collect_on, OLD.name,
         OLD.body, OLD.sha256, OLD.size, OLD.items, OLD.total_minor, OLD.currency, OLD.entry_hash,
         OLD.made_at)
        IS DISTINCT FROM
        (NEW.id, NEW.merchant_account_id, NEW.scheme, NEW.cut_off, NEW.collect_on, NEW.name,
         NEW.body, NEW.sha256, NEW.size, NEW.items, NEW.total_minor, NEW.currency, NEW.entry_hash,
         NEW.made_at)
        OR OLD.state = 'HANDED_OVER'
    ) EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_file_stays BEFORE DELETE ON debits_debitfile
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_item_kept BEFORE UPDATE OR DELETE ON debits_fileitem
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_approval_kept BEFORE UPDATE OR DELETE ON debits_fileapproval
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_history_kept BEFORE UPDATE OR DELETE ON debits_debitevent
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_mandate_history_kept BEFORE UPDATE OR DELETE ON debits_mandateevent
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_news_stays BEFORE DELETE ON debits_bankitem
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_copy_kept BEFORE UPDATE ON debits_filecopy
    FOR EACH ROW WHEN (OLD.taken_at IS NOT NULL) EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_copy_stays BEFORE DELETE ON debits_filecopy
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
