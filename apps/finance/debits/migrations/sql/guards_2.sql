-- A file that was handed over may still be refused by the bank, once; else it is kept as it is.
DROP TRIGGER debits_file_kept ON debits_debitfile;
CREATE TRIGGER debits_file_kept BEFORE UPDATE ON debits_debitfile
    FOR EACH ROW WHEN (
        (OLD.id, OLD.merchant_account_id, OLD.scheme, OLD.cut_off, OLD.collect_on, OLD.name,
         OLD.body, OLD.sha256, OLD.size, OLD.items, OLD.total_minor, OLD.currency, OLD.entry_hash,
         OLD.made_at, OLD.message_id)
        IS DISTINCT FROM
        (NEW.id, NEW.merchant_account_id, NEW.scheme, NEW.cut_off, NEW.collect_on, NEW.name,
         NEW.body, NEW.sha256, NEW.size, NEW.items, NEW.total_minor, NEW.currency, NEW.entry_hash,
         NEW.made_at, NEW.message_id)
        OR OLD.state = 'REFUSED'
        OR (OLD.state = 'HANDED_OVER' AND (
            NEW.state NOT IN ('HANDED_OVER', 'REFUSED')
            OR OLD.handed_at IS DISTINCT FROM NEW.handed_at
            OR OLD.handed_to_id IS DISTINCT FROM NEW.handed_to_id))
    ) EXECUTE FUNCTION debits_refuse_change();
-- A copy that was claimed only becomes surer: where it lies, or why nobody knows.
DROP TRIGGER debits_copy_kept ON debits_filecopy;
CREATE TRIGGER debits_copy_kept BEFORE UPDATE ON debits_filecopy
    FOR EACH ROW WHEN (
        OLD.taken_at IS NOT NULL AND (
            OLD.place = '' OR OLD.placed_at IS NOT NULL
            OR (OLD.id, OLD.file_id, OLD.number, OLD.released_by_id, OLD.released_at, OLD.reason,
                OLD.taken_by_id, OLD.taken_at, OLD.place)
            IS DISTINCT FROM
               (NEW.id, NEW.file_id, NEW.number, NEW.released_by_id, NEW.released_at, NEW.reason,
                NEW.taken_by_id, NEW.taken_at, NEW.place))
    ) EXECUTE FUNCTION debits_refuse_change();
CREATE TRIGGER debits_found_stays BEFORE DELETE ON debits_foundfile
    FOR EACH ROW EXECUTE FUNCTION debits_refuse_change();
