DROP VIEW platform_revenue_summary, creator_earnings_summary, transaction_summary, account_balances;
DROP FUNCTION reports_account_name(text);
DROP FUNCTION reports_units(numeric, text);
