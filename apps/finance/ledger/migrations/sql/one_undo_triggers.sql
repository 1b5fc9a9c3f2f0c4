CREATE TRIGGER ledger_entry_takes_back AFTER INSERT ON ledger_entry
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL OR NEW.corrects_id IS NOT NULL)
    EXECUTE FUNCTION ledger_entry_takes_back();
CREATE TRIGGER ledger_entry_approved BEFORE INSERT ON ledger_entry
    FOR EACH ROW WHEN (NEW.kind = 'MANUAL_ADJUSTMENT')
    EXECUTE FUNCTION ledger_entry_approved();
