DROP TRIGGER ledger_entry_approved ON ledger_entry;
DROP FUNCTION ledger_entry_approved;
DROP TRIGGER ledger_proposal_begins ON ledger_proposal;
DROP FUNCTION ledger_proposal_begins;
DROP TRIGGER ledger_proposal_stays ON ledger_proposal;
DROP TRIGGER ledger_proposal_kept ON ledger_proposal;
DROP FUNCTION ledger_proposal_kept;
