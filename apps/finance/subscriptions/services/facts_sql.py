"""The statements that make figures anew from the history; see ``facts`` and docs/metrics.md."""

from __future__ import annotations

#: What moved MRR in the histories of the fans and creators that lines (low, high] are about.
#:
#: ``lines`` is the whole history of each such pair; ``priced`` says what the paid period that
#: each moment left is worth a month; ``standing`` keeps a past due one at what it was before.
#: Returns the days, plans and cohorts of which a movement came, went or became another.
MOVES = """
WITH pairs AS (
    SELECT DISTINCT s.fan_id, s.creator_id
      FROM subscriptions_subscriptionevent e
      JOIN subscriptions_subscription s ON s.id = e.subscription_id
     WHERE e.id > %(low)s AND e.id <= %(high)s
), subs AS MATERIALIZED (
    SELECT s.id, s.fan_id, s.creator_id, s.cluster_id, s.plan_id, s.price_id, s.timezone,
           s.promotion_id
      FROM pairs
      JOIN subscriptions_subscription s USING (fan_id, creator_id)
), written AS (
    SELECT e.*, s.fan_id, s.creator_id, s.cluster_id, s.timezone, s.promotion_id,
           s.plan_id AS plan_now, s.price_id AS price_now,
           -- A line that names no plan leaves it as the one before did.
           count(e.plan_id) OVER (PARTITION BY e.subscription_id ORDER BY e.id) AS told,
           bool_or(e.what IN ('UPGRADED', 'SWITCHED') AND e.period_number IS NOT NULL)
               OVER (PARTITION BY e.subscription_id, e.period_number) AS was_changed,
           -- Lines of one moment are one step.
           lead(e.at) OVER (PARTITION BY e.subscription_id ORDER BY e.id) = e.at AS goes_on
      FROM subs s
      JOIN subscriptions_subscriptionevent e ON e.subscription_id = s.id
), lines AS (
    SELECT id, at, subscription_id, to_state, fan_id, creator_id, cluster_id, timezone,
           promotion_id, was_changed, goes_on,
           coalesce(first_value(plan_id) OVER same, plan_now) AS plan_id,
           CASE WHEN first_value(plan_id) OVER same IS NULL THEN price_now
                ELSE first_value(price_id) OVER same END AS price_id,
           coalesce(period_number, 2147483647) AS period_number
      FROM written
    WINDOW same AS (PARTITION BY subscription_id, told ORDER BY id)
), priced AS (
    SELECT l.*, p.currency,
           CASE WHEN l.to_state <> 'ACTIVE' OR price.months IS NULL OR price.months = 0
                  OR p.number IS NULL OR last.kind <> 'PAID' THEN 0
                ELSE (2 * CASE
                    -- A period in proportion, or the difference of a change, is worth its price
                    -- less what the promotion takes off.
                    WHEN l.was_changed OR p.until_at AT TIME ZONE l.timezone
                         < p.from_at AT TIME ZONE l.timezone
                           + make_interval(months => price.months)
                    THEN greatest(0, price.amount_minor - CASE
                        WHEN promotion.id IS NULL OR (promotion.periods > 0
                             AND p.nth > promotion.periods) THEN 0
                        WHEN promotion.discount = 'PERCENT'
                        THEN (price.amount_minor * promotion.percent_bps + 5000) / 10000
                        ELSE promotion.amount_minor END)
                    ELSE p.amount_minor END + price.months) / (2 * price.months)
           END AS monthly
      FROM lines l
      LEFT JOIN subscriptions_price price ON price.id = l.price_id
      LEFT JOIN subscriptions_promotion promotion ON promotion.id = l.promotion_id
      LEFT JOIN LATERAL (
          SELECT p.number, p.amount_minor, p.currency, p.from_at, p.until_at,
                 count(*) OVER (ORDER BY p.number) AS nth
            FROM subscriptions_period p
           WHERE p.subscription_id = l.subscription_id AND p.kind = 'PAID'
             AND p.state IN ('PAID', 'REFUNDED') AND p.number <= l.period_number
             AND p.paid_at <= l.at
           ORDER BY p.number DESC LIMIT 1
      ) p ON true
      LEFT JOIN LATERAL (
          SELECT p.kind
            FROM subscriptions_period p
           WHERE p.subscription_id = l.subscription_id AND p.number <= l.period_number
             AND p.at <= l.at
           ORDER BY p.number DESC LIMIT 1
      ) last ON true
     WHERE l.goes_on IS NOT TRUE
), grouped AS (
    SELECT priced.*,
           count(*) FILTER (WHERE to_state <> 'PAST_DUE')
               OVER (PARTITION BY subscription_id ORDER BY id) AS step
      FROM priced
), standing AS (
    SELECT id, at, subscription_id, fan_id, creator_id, cluster_id,
           CASE WHEN step = 0 THEN 0 ELSE first_value(monthly) OVER same END AS monthly,
           first_value(plan_id) OVER same AS plan_id,
           first_value(coalesce(currency, '')) OVER same AS currency
      FROM grouped
    WINDOW same AS (PARTITION BY subscription_id, step ORDER BY id)
), compared AS (
    SELECT standing.*,
           coalesce(lag(monthly) OVER own, 0) AS monthly_before,
           lag(plan_id) OVER own AS plan_before,
           lag(currency) OVER own AS currency_before,
           min(id) FILTER (WHERE monthly > 0) OVER (PARTITION BY fan_id, creator_id) AS first_id
      FROM standing
    WINDOW own AS (PARTITION BY subscription_id ORDER BY id)
), moved AS (
    SELECT c.*, first.plan_id AS cohort_plan_id,
           date_trunc('month', first.at AT TIME ZONE 'UTC')::date AS cohort,
           c.plan_id IS DISTINCT FROM c.plan_before AS other_plan,
           c.currency IS DISTINCT FROM c.currency_before AS other_currency
      FROM compared c
      JOIN standing first ON first.id = c.first_id
     WHERE c.monthly <> c.monthly_before
        OR (c.monthly > 0 AND (c.plan_id, c.currency)
            IS DISTINCT FROM (c.plan_before, c.currency_before))
), fresh AS MATERIALIZED (
    -- What came, or changed where it was.
    SELECT id AS event_id, subscription_id, at, cluster_id, creator_id, plan_id, currency,
           cohort, cohort_plan_id,
           CASE WHEN monthly_before = 0 AND id = first_id THEN 'NEW'
                WHEN monthly_before = 0 OR other_currency THEN 'REACTIVATION'
                WHEN monthly >= monthly_before THEN 'EXPANSION'
                ELSE 'CONTRACTION' END AS movement,
           1 AS count,
           CASE WHEN monthly_before = 0 OR other_plan OR other_currency THEN 1 ELSE 0 END
               AS subscribers,
           CASE WHEN other_plan OR other_currency THEN monthly ELSE monthly - monthly_before END
               AS minor
      FROM moved WHERE monthly > 0
    UNION ALL
    -- What went, or was left for another plan or currency.
    SELECT id, subscription_id, at, cluster_id, creator_id, plan_before, currency_before,
           cohort, cohort_plan_id,
           CASE WHEN monthly = 0 OR other_currency THEN 'CHURN'
                WHEN monthly >= monthly_before THEN 'EXPANSION'
                ELSE 'CONTRACTION' END,
           CASE WHEN monthly = 0 OR other_currency THEN 1 ELSE 0 END,
           -1, -monthly_before
      FROM moved
     WHERE monthly_before > 0 AND (monthly = 0 OR other_plan OR other_currency)
), old AS MATERIALIZED (
    SELECT m.* FROM subscriptions_mrrmove m JOIN subs ON subs.id = m.subscription_id
), differing AS MATERIALIZED (
    SELECT f.* FROM fresh f
      LEFT JOIN old o USING (event_id, plan_id, currency)
     WHERE o.id IS NULL OR (o.at, o.movement, o.count, o.subscribers, o.minor, o.cohort,
                            o.cohort_plan_id)
           IS DISTINCT FROM (f.at, f.movement, f.count, f.subscribers, f.minor, f.cohort,
                             f.cohort_plan_id)
), gone AS (
    DELETE FROM subscriptions_mrrmove m USING old o
     WHERE m.id = o.id AND NOT EXISTS (
         SELECT FROM fresh f WHERE f.event_id = o.event_id AND f.plan_id = o.plan_id
                               AND f.currency = o.currency)
    RETURNING m.day, m.plan_id, m.cohort, m.cohort_plan_id
), put AS (
    INSERT INTO subscriptions_mrrmove (event_id, subscription_id, at, day, cluster_id,
        creator_id, plan_id, currency, movement, count, subscribers, minor, cohort,
        cohort_plan_id)
    SELECT event_id, subscription_id, at, (at AT TIME ZONE 'UTC')::date, cluster_id,
           creator_id, plan_id, currency, movement, count, subscribers, minor, cohort,
           cohort_plan_id
      FROM differing
    ON CONFLICT (event_id, plan_id, currency) DO UPDATE SET
        at = excluded.at, day = excluded.day, movement = excluded.movement,
        count = excluded.count, subscribers = excluded.subscribers, minor = excluded.minor,
        cohort = excluded.cohort, cohort_plan_id = excluded.cohort_plan_id
    RETURNING day, plan_id, cohort, cohort_plan_id
)
SELECT day, plan_id, cohort, cohort_plan_id FROM gone
UNION SELECT day, plan_id, cohort, cohort_plan_id FROM put
UNION SELECT o.day, o.plan_id, o.cohort, o.cohort_plan_id
        FROM old o JOIN differing USING (event_id, plan_id, currency)
"""

FORGET_DAYS = """
DELETE FROM subscriptions_dailyfact f
 USING unnest(%(days)s::date[], %(plans)s::bigint[]) AS k(day, plan_id)
 WHERE f.day = k.day AND f.plan_id = k.plan_id
"""

MAKE_DAYS = """
INSERT INTO subscriptions_dailyfact
    (day, cluster_id, creator_id, plan_id, currency, movement, count, subscribers, minor)
SELECT m.day, m.cluster_id, m.creator_id, m.plan_id, m.currency, m.movement,
       sum(m.count), sum(m.subscribers), sum(m.minor)
  FROM unnest(%(days)s::date[], %(plans)s::bigint[]) AS k(day, plan_id)
  JOIN subscriptions_mrrmove m ON m.day = k.day AND m.plan_id = k.plan_id
 GROUP BY 1, 2, 3, 4, 5, 6
"""

FORGET_COHORTS = """
DELETE FROM subscriptions_cohort c
 USING unnest(%(days)s::date[], %(plans)s::bigint[]) AS k(month, plan_id)
 WHERE c.month = k.month AND c.plan_id = k.plan_id
"""

#: The ages of the cohorts asked for, and of those that lack the ages up to a month: who began,
#: and who of them paid at the end of the month of that age, or now.
MAKE_COHORTS = """
INSERT INTO subscriptions_cohort (month, age, cluster_id, creator_id, plan_id, began, stayed)
SELECT k.month, age.n, plan.cluster_id, plan.creator_id, k.plan_id, found.began, found.stayed
  FROM (
       SELECT month, plan_id, 0 AS first
         FROM unnest(%(days)s::date[], %(plans)s::bigint[]) AS asked(month, plan_id)
        UNION ALL
       SELECT month, plan_id, max(age) + 1
         FROM subscriptions_cohort WHERE %(ages_all)s
        GROUP BY month, plan_id
  ) k
  JOIN subscriptions_plan plan ON plan.id = k.plan_id
 CROSS JOIN LATERAL generate_series(
       k.first,
       (extract(year FROM age(%(month)s::date, k.month)) * 12
        + extract(month FROM age(%(month)s::date, k.month)))::integer) AS age(n)
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE m.movement = 'NEW') AS began,
              coalesce(sum(m.subscribers) FILTER (
                  WHERE m.day < k.month + make_interval(months => age.n + 1)), 0) AS stayed
         FROM subscriptions_mrrmove m
        WHERE m.cohort = k.month AND m.cohort_plan_id = k.plan_id) found
 WHERE found.began > 0
"""
