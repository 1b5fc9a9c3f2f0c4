-- Views for finance people and BI tools. Their names and columns are an interface: new columns
-- come at the end, none is renamed or removed. Amounts in smallest units are `..._minor`; beside
-- each stands the same amount in units of its currency, exact, as numeric.

-- Units of a currency out of its smallest ones. A product of numerics is exact, a quotient is not.
CREATE FUNCTION reports_units(p_minor numeric, p_currency text) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_minor * CASE p_currency
        WHEN 'USD' THEN 0.01 WHEN 'EUR' THEN 0.01 WHEN 'GBP' THEN 0.01 WHEN 'CAD' THEN 0.01
        WHEN 'AUD' THEN 0.01 WHEN 'JPY' THEN 1 WHEN 'BTC' THEN 0.00000001
        WHEN 'ETH' THEN 0.000000001 WHEN 'USDT' THEN 0.000001 WHEN 'USDC' THEN 0.000001 END
$$;

-- The chart's name of an account. The chart's function is named in a text on purpose: a view that
-- used it itself would keep the next chart from replacing it.
CREATE FUNCTION reports_account_name(p_code text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT c.name FROM ledger_chart() c WHERE c.code = p_code
$$;

-- 1. What stands on each account now --------------------------------------------------------
CREATE VIEW account_balances AS
SELECT a.id AS account_id,
       a.code::text AS code,
       reports_account_name(a.code) AS account_name,
       a.type::text AS account_type,
       a.normal_side::text AS normal_side,
       a.owner::text AS owner,
       CASE WHEN a.owner LIKE 'profile:%' THEN substr(a.owner, 9)::bigint END AS profile_id,
       a.currency::text AS currency,
       b.debits::numeric AS debits_minor,
       b.credits::numeric AS credits_minor,
       s.balance AS balance_minor,
       b.held::numeric AS held_minor,
       s.balance - b.held AS available_minor,
       reports_units(s.balance, a.currency) AS balance,
       reports_units(b.held, a.currency) AS held,
       reports_units(s.balance - b.held, a.currency) AS available,
       a.is_frozen,
       a.opened_at,
       a.closed_at
  FROM ledger_account a
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(x.debits_minor), 0) AS debits,
              coalesce(sum(x.credits_minor), 0) AS credits,
              coalesce(sum(x.held_minor), 0) AS held
         FROM ledger_balance x WHERE x.account_id = a.id) b
 CROSS JOIN LATERAL (
       SELECT CASE a.normal_side WHEN 'DEBIT' THEN b.debits - b.credits
                                 ELSE b.credits - b.debits END AS balance) s;

-- 2. What fans paid, day by day ----------------------------------------------------------------
CREATE VIEW transaction_summary AS
SELECT (t.captured_at AT TIME ZONE 'UTC')::date AS day,
       c.slug::text AS brand,
       t.kind::text AS kind,
       t.method::text AS method,
       t.gateway::text AS gateway,
       t.currency::text AS currency,
       count(*) AS payments,
       count(DISTINCT t.payer_id) AS payers,
       sum(t.amount_minor) AS gross_minor,
       sum(t.platform_fee_minor) AS platform_fee_minor,
       sum(t.processing_fee_minor) AS processing_fee_minor,
       sum(t.tax_minor) AS tax_minor,
       sum(t.net_minor) AS net_minor,
       reports_units(sum(t.amount_minor), t.currency) AS gross,
       reports_units(sum(t.platform_fee_minor), t.currency) AS platform_fee,
       reports_units(sum(t.processing_fee_minor), t.currency) AS processing_fee,
       reports_units(sum(t.tax_minor), t.currency) AS tax,
       reports_units(sum(t.net_minor), t.currency) AS net
  FROM payments_transaction t
  JOIN clusters_cluster c ON c.id = t.cluster_id
 WHERE t.status = 'CAPTURED'
 GROUP BY 1, 2, 3, 4, 5, t.currency;

-- 3. What creators earned, month by month -----------------------------------------------------
CREATE VIEW creator_earnings_summary AS
WITH moved AS (
    SELECT t.account_id, t.month, t.cluster, t.kind, t.credits_minor - t.debits_minor AS amount
      FROM ledger_accounttotal t
     UNION ALL
    SELECT l.account_id, date_trunc('month', l.effective_on)::date, e.cluster, e.kind,
           -l.amount_minor
      FROM ledger_line l
      JOIN ledger_entry e ON e.id = l.entry_id
     WHERE l.entry_id > coalesce((SELECT low_id FROM ledger_bookmark), 0)
), sums AS (
    SELECT m.month,
           substr(a.owner, 9)::bigint AS profile_id,
           m.cluster::text AS brand,
           a.currency::text AS currency,
           coalesce(sum(m.amount) FILTER (WHERE k.section = 'sales'), 0) AS sales,
           coalesce(sum(m.amount) FILTER (WHERE k.section = 'refunds'), 0) AS refunds,
           coalesce(sum(m.amount) FILTER (WHERE k.section = 'chargebacks'), 0) AS chargebacks,
           coalesce(sum(m.amount) FILTER (WHERE k.section = 'payouts'), 0) AS payouts,
           coalesce(sum(m.amount) FILTER (WHERE k.section IS NULL), 0) AS other,
           sum(m.amount) AS total,
           coalesce(sum(m.amount) FILTER (WHERE a.code = '2150'), 0) AS reserve,
           coalesce(-sum(m.amount) FILTER (WHERE a.code = '1300'), 0) AS owed
      FROM moved m
      JOIN ledger_account a ON a.id = m.account_id
      LEFT JOIN (VALUES
           ('TIP_CARD', 'sales'), ('TIP_WALLET', 'sales'),
           ('SUBSCRIPTION_CARD', 'sales'), ('SUBSCRIPTION_WALLET', 'sales'),
           ('RENEWAL_CARD', 'sales'), ('RENEWAL_WALLET', 'sales'),
           ('TRIAL_CARD', 'sales'), ('TRIAL_WALLET', 'sales'),
           ('PPV_CONTENT_CARD', 'sales'), ('PPV_CONTENT_WALLET', 'sales'),
           ('PPV_MESSAGE_CARD', 'sales'), ('PPV_MESSAGE_WALLET', 'sales'),
           ('REFUND_CARD', 'refunds'), ('REFUND_WALLET', 'refunds'),
           ('CHARGEBACK_OPENED', 'chargebacks'), ('CHARGEBACK_FEE', 'chargebacks'),
           ('CHARGEBACK_WON', 'chargebacks'), ('CHARGEBACK_LOST', 'chargebacks'),
           ('PAYOUT_RESERVED', 'payouts'), ('PAYOUT_CANCELLED', 'payouts'),
           ('PAYOUT_RETURNED', 'payouts'), ('PAYOUT_SETTLED', 'payouts')
           ) k(kind, section) ON k.kind = m.kind
     WHERE a.code IN ('2100', '2150', '1300') AND a.owner LIKE 'profile:%'
     GROUP BY 1, 2, 3, 4
)
SELECT s.month,
       s.profile_id,
       p.handle::text AS handle,
       s.brand,
       s.currency,
       s.sales AS sales_minor,
       s.refunds AS refunds_minor,
       s.chargebacks AS chargebacks_minor,
       s.payouts AS payouts_minor,
       s.other AS other_minor,
       s.total AS change_minor,
       s.reserve AS reserve_change_minor,
       s.owed AS owed_change_minor,
       reports_units(s.sales, s.currency) AS sales,
       reports_units(s.refunds, s.currency) AS refunds,
       reports_units(s.chargebacks, s.currency) AS chargebacks,
       reports_units(s.payouts, s.currency) AS payouts,
       reports_units(s.other, s.currency) AS other,
       reports_units(s.total, s.currency) AS change,
       reports_units(s.reserve, s.currency) AS reserve_change,
       reports_units(s.owed, s.currency) AS owed_change
  FROM sums s
  LEFT JOIN accounts_profile p ON p.id = s.profile_id;

-- 4. What the platform earned, day by day -----------------------------------------------------
CREATE VIEW platform_revenue_summary AS
WITH moved AS (
    SELECT t.day, t.cluster, t.kind, t.currency, t.code,
           t.credits_minor - t.debits_minor AS amount
      FROM ledger_daytotal t
     UNION ALL
    SELECT l.effective_on, e.cluster, e.kind, l.currency, a.code, -l.amount_minor
      FROM ledger_line l
      JOIN ledger_entry e ON e.id = l.entry_id
      JOIN ledger_account a ON a.id = l.account_id
     WHERE l.entry_id > coalesce((SELECT low_id FROM ledger_bookmark), 0)
), sums AS (
    SELECT day,
           cluster::text AS brand,
           kind::text AS kind,
           currency::text AS currency,
           coalesce(sum(amount) FILTER (WHERE code = '4000'), 0) AS revenue,
           coalesce(sum(amount) FILTER (WHERE code LIKE '4%' AND code <> '4000'), 0)
               AS other_income,
           coalesce(-sum(amount) FILTER (WHERE code LIKE '5%'), 0) AS costs,
           sum(amount) AS result
      FROM moved
     WHERE code ~ '^[45]' AND kind <> 'PERIOD_CLOSE'
     GROUP BY 1, 2, 3, 4
)
SELECT day,
       date_trunc('month', day)::date AS month,
       brand,
       kind,
       currency,
       revenue AS revenue_minor,
       other_income AS other_income_minor,
       costs AS costs_minor,
       result AS result_minor,
       reports_units(revenue, currency) AS revenue,
       reports_units(other_income, currency) AS other_income,
       reports_units(costs, currency) AS costs,
       reports_units(result, currency) AS result
  FROM sums;

-- What each of them means -------------------------------------------------------------------
COMMENT ON VIEW account_balances IS
    'What stands on each account now: one row for each account.';
COMMENT ON COLUMN account_balances.account_id IS
    'Id of the account.';
COMMENT ON COLUMN account_balances.code IS
    'Code of the chart of accounts.';
COMMENT ON COLUMN account_balances.account_name IS
    'Name of the code in the chart.';
COMMENT ON COLUMN account_balances.account_type IS
    'ASSET, LIABILITY, EQUITY, INCOME or EXPENSE.';
COMMENT ON COLUMN account_balances.normal_side IS
    'DEBIT or CREDIT: the side on which the balance is positive.';
COMMENT ON COLUMN account_balances.owner IS
    'Whose account it is, such as profile:17 or processor:ccbill; empty: the platform''s own.';
COMMENT ON COLUMN account_balances.profile_id IS
    'Id of the profile where the owner is one, else NULL.';
COMMENT ON COLUMN account_balances.currency IS
    'Currency of the account.';
COMMENT ON COLUMN account_balances.debits_minor IS
    'All debits ever posted, in smallest units.';
COMMENT ON COLUMN account_balances.credits_minor IS
    'All credits ever posted, in smallest units.';
COMMENT ON COLUMN account_balances.balance_minor IS
    'Posted balance on the normal side, in smallest units.';
COMMENT ON COLUMN account_balances.held_minor IS
    'Promised by open holds and not yet posted, in smallest units.';
COMMENT ON COLUMN account_balances.available_minor IS
    'Balance less what is held, in smallest units.';
COMMENT ON COLUMN account_balances.balance IS
    'balance_minor in units of the currency.';
COMMENT ON COLUMN account_balances.held IS
    'held_minor in units of the currency.';
COMMENT ON COLUMN account_balances.available IS
    'available_minor in units of the currency.';
COMMENT ON COLUMN account_balances.is_frozen IS
    'Takes no lines at present.';
COMMENT ON COLUMN account_balances.opened_at IS
    'When the first posting opened it.';
COMMENT ON COLUMN account_balances.closed_at IS
    'When it was closed; NULL while it is open.';
COMMENT ON VIEW transaction_summary IS
    'Payments of fans that were captured: one row for each day, brand, kind, method, gateway and currency.';
COMMENT ON COLUMN transaction_summary.day IS
    'Day of the capture, in UTC; the accounting date of its entry.';
COMMENT ON COLUMN transaction_summary.brand IS
    'Slug of the brand.';
COMMENT ON COLUMN transaction_summary.kind IS
    'What was paid for: TIP, WALLET_DEPOSIT and so on.';
COMMENT ON COLUMN transaction_summary.method IS
    'CARD or WALLET.';
COMMENT ON COLUMN transaction_summary.gateway IS
    'Card processor; empty for payments from the wallet.';
COMMENT ON COLUMN transaction_summary.currency IS
    'Currency of the payments.';
COMMENT ON COLUMN transaction_summary.payments IS
    'Number of payments.';
COMMENT ON COLUMN transaction_summary.payers IS
    'Number of profiles that paid. Not to be added up over rows.';
COMMENT ON COLUMN transaction_summary.gross_minor IS
    'What fans paid, in smallest units.';
COMMENT ON COLUMN transaction_summary.platform_fee_minor IS
    'The platform''s fee fixed at capture, in smallest units. Refunds do not change it.';
COMMENT ON COLUMN transaction_summary.processing_fee_minor IS
    'The processor''s fee, in smallest units, whoever bears it.';
COMMENT ON COLUMN transaction_summary.tax_minor IS
    'Tax in what fans paid, in smallest units.';
COMMENT ON COLUMN transaction_summary.net_minor IS
    'What creators or wallets got, in smallest units.';
COMMENT ON COLUMN transaction_summary.gross IS
    'gross_minor in units of the currency.';
COMMENT ON COLUMN transaction_summary.platform_fee IS
    'platform_fee_minor in units of the currency.';
COMMENT ON COLUMN transaction_summary.processing_fee IS
    'processing_fee_minor in units of the currency.';
COMMENT ON COLUMN transaction_summary.tax IS
    'tax_minor in units of the currency.';
COMMENT ON COLUMN transaction_summary.net IS
    'net_minor in units of the currency.';
COMMENT ON VIEW creator_earnings_summary IS
    'What creators earned and what became of it: one row for each month, creator, brand and currency. Positive is to the creator.';
COMMENT ON COLUMN creator_earnings_summary.month IS
    'First day of the month, by accounting date.';
COMMENT ON COLUMN creator_earnings_summary.profile_id IS
    'Id of the creator''s profile.';
COMMENT ON COLUMN creator_earnings_summary.handle IS
    'The creator''s public name on the brand.';
COMMENT ON COLUMN creator_earnings_summary.brand IS
    'Slug of the brand of the entries.';
COMMENT ON COLUMN creator_earnings_summary.currency IS
    'Currency of the amounts.';
COMMENT ON COLUMN creator_earnings_summary.sales_minor IS
    'Earned by sales after fees, in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.refunds_minor IS
    'Taken back by refunds (below zero), in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.chargebacks_minor IS
    'Taken back by chargebacks and their fees (below zero), in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.payouts_minor IS
    'Taken for payouts (below zero), less what came back, in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.other_minor IS
    'Everything else: tax withheld, reversals, adjustments, in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.change_minor IS
    'The sum of the five before: change of what the creator has, in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.reserve_change_minor IS
    'Of change_minor: into the reserve, less what came out, in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.owed_change_minor IS
    'Change of what the creator owes the platform, in smallest units.';
COMMENT ON COLUMN creator_earnings_summary.sales IS
    'sales_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.refunds IS
    'refunds_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.chargebacks IS
    'chargebacks_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.payouts IS
    'payouts_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.other IS
    'other_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.change IS
    'change_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.reserve_change IS
    'reserve_change_minor in units of the currency.';
COMMENT ON COLUMN creator_earnings_summary.owed_change IS
    'owed_change_minor in units of the currency.';
COMMENT ON VIEW platform_revenue_summary IS
    'What the platform earned and spent: one row for each day, brand, kind of entry and currency. The entries that close a year are left out.';
COMMENT ON COLUMN platform_revenue_summary.day IS
    'Accounting date.';
COMMENT ON COLUMN platform_revenue_summary.month IS
    'First day of the month of day.';
COMMENT ON COLUMN platform_revenue_summary.brand IS
    'Slug of the brand; empty for entries of no brand.';
COMMENT ON COLUMN platform_revenue_summary.kind IS
    'Kind of entry, such as TIP_CARD.';
COMMENT ON COLUMN platform_revenue_summary.currency IS
    'Currency of the amounts.';
COMMENT ON COLUMN platform_revenue_summary.revenue_minor IS
    'Platform revenue (4000), in smallest units; below zero where it was given back.';
COMMENT ON COLUMN platform_revenue_summary.other_income_minor IS
    'All other income accounts, in smallest units.';
COMMENT ON COLUMN platform_revenue_summary.costs_minor IS
    'All expense accounts, positive, in smallest units.';
COMMENT ON COLUMN platform_revenue_summary.result_minor IS
    'Revenue and other income less costs, in smallest units.';
COMMENT ON COLUMN platform_revenue_summary.revenue IS
    'revenue_minor in units of the currency.';
COMMENT ON COLUMN platform_revenue_summary.other_income IS
    'other_income_minor in units of the currency.';
COMMENT ON COLUMN platform_revenue_summary.costs IS
    'costs_minor in units of the currency.';
COMMENT ON COLUMN platform_revenue_summary.result IS
    'result_minor in units of the currency.';
