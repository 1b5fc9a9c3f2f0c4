CREATE OR REPLACE VIEW transaction_summary AS
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
 WHERE t.captured_at IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5, t.currency;
