DROP FUNCTION ledger_post_one;
DROP FUNCTION ledger_judge_taking_back;
DROP FUNCTION ledger_judge_approved;
