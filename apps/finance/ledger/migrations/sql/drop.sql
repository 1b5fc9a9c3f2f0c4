DROP FUNCTION ledger_post;
DROP FUNCTION ledger_line_posted CASCADE;
DROP FUNCTION ledger_entry_has_lines CASCADE;
DROP FUNCTION ledger_account_balances CASCADE;
DROP FUNCTION ledger_account_from_chart CASCADE;
DROP FUNCTION ledger_refuse CASCADE;
