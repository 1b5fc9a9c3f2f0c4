DROP TRIGGER IF EXISTS debits_found_stays ON debits_foundfile;
DROP TRIGGER debits_file_kept ON debits_debitfile;
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
DROP TRIGGER debits_copy_kept ON debits_filecopy;
CREATE TRIGGER debits_copy_kept BEFORE UPDATE ON debits_filecopy
    FOR EACH ROW WHEN (OLD.taken_at IS NOT NULL) EXECUTE FUNCTION debits_refuse_change();
