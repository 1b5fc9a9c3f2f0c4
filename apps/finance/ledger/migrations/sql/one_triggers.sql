-- What the triggers judge, made cheap for one entry. Works on PostgreSQL 15 to 18.
--
-- To start a statement costs more than what it does to four rows: so there are few, and they are small.
-- Nothing else is judged than before, and a batch is judged as it was.

-- 1. One look at the entries: their lines are there; rare kinds are judged one by one -----------
-- A WHEN of a row trigger is read in anew for every statement, though it is hardly ever true.
DROP TRIGGER ledger_entry_takes_back ON ledger_entry;
DROP TRIGGER ledger_entry_approved ON ledger_entry;
DROP FUNCTION ledger_entry_takes_back();
DROP FUNCTION ledger_entry_approved();

CREATE FUNCTION ledger_judge_taking_back(p_new ledger_entry) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    target record;
    bad record;
    v_target bigint := coalesce(p_new.reverses_id, p_new.corrects_id);
    v_facts text := json_build_object('source', p_new.source, 'entry_id', v_target);
BEGIN
    -- Two that take the same entry back come one after the other; the later one sees the earlier,
    -- as the line trigger lets nobody post with an older snapshot.
    SELECT e.id, e.kind, e.line_count INTO target
      FROM ledger_entry e WHERE e.id = v_target FOR NO KEY UPDATE;
    -- A closing is taken back by another closing: a reversal of it would count as a result.
    IF NOT FOUND OR target.id = p_new.id OR target.kind IN ('REVERSAL', 'PERIOD_CLOSE')
       OR (target.kind = 'CORRECTION' AND p_new.corrects_id IS NOT NULL) THEN
        RAISE EXCEPTION 'entry % cannot be taken back', v_target
            USING ERRCODE = 'FL011', DETAIL = v_facts;
    END IF;
    IF p_new.reverses_id IS NOT NULL THEN
        IF EXISTS (SELECT FROM ledger_entry c WHERE c.corrects_id = v_target
                      AND NOT EXISTS (SELECT FROM ledger_entry r WHERE r.reverses_id = c.id)) THEN
            RAISE EXCEPTION 'entry % is corrected: reverse its corrections first', v_target
                USING ERRCODE = 'FL011', DETAIL = v_facts;
        END IF;
        -- As many lines, and none of them without its opposite there.
        IF p_new.line_count <> target.line_count
           OR EXISTS (SELECT account_id, -amount_minor FROM ledger_line WHERE entry_id = p_new.id
                      EXCEPT ALL
                      SELECT account_id, amount_minor FROM ledger_line WHERE entry_id = v_target)
        THEN
            RAISE EXCEPTION 'entry "%" is not the opposite of entry %', p_new.source, v_target
                USING ERRCODE = 'FL011', DETAIL = v_facts;
        END IF;
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM ledger_entry r WHERE r.reverses_id = v_target) THEN
        RAISE EXCEPTION 'entry % is already reversed', v_target
            USING ERRCODE = 'FL008', DETAIL = v_facts;
    END IF;
    -- Per account, this one and all others together take back at most what the entry moved.
    SELECT a.code, a.owner, coalesce(t.moved, 0) AS moved, o.taken
      INTO bad
      FROM (SELECT account_id, sum(amount_minor) AS now FROM ledger_line
             WHERE entry_id = p_new.id GROUP BY account_id) n
      JOIN ledger_account a ON a.id = n.account_id
      LEFT JOIN (SELECT account_id, sum(amount_minor) AS moved FROM ledger_line
                  WHERE entry_id = v_target GROUP BY account_id) t ON t.account_id = n.account_id
      JOIN (SELECT l.account_id, sum(l.amount_minor) AS taken
              FROM ledger_entry c JOIN ledger_line l ON l.entry_id = c.id
             WHERE c.corrects_id = v_target
               AND NOT EXISTS (SELECT FROM ledger_entry r WHERE r.reverses_id = c.id)
             GROUP BY l.account_id) o ON o.account_id = n.account_id
     WHERE coalesce(t.moved, 0) = 0 OR sign(n.now) = sign(t.moved) OR abs(o.taken) > abs(t.moved)
     ORDER BY a.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'corrections of entry % would take back % of % on account % %',
                v_target, -bad.taken, bad.moved, bad.code, bad.owner
            USING ERRCODE = 'FL011',
                  DETAIL = json_build_object('source', p_new.source, 'entry_id', v_target,
                      'account', bad.code, 'owner', bad.owner,
                      'moved_minor', bad.moved, 'taken_back_minor', -bad.taken);
    END IF;
END $$;

CREATE FUNCTION ledger_judge_approved(p_source text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM ledger_proposal p
      WHERE p_source = 'proposal:' || p.id
        AND p.id = nullif(substring(p_source FROM '^proposal:([0-9]{1,18})$'), '')::bigint
        AND p.state = 'APPROVED' AND p.kind = 'ENTRY';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry "%" has no approved proposal', p_source
            USING ERRCODE = 'FL012', DETAIL = json_build_object('source', p_source);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION ledger_entry_has_lines() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_new ledger_entry;
BEGIN
    IF TG_RELID <> 'public.ledger_entry'::regclass THEN
        RAISE EXCEPTION 'this guards the entries only' USING ERRCODE = 'FL100';
    END IF;
    -- The first line is looked up for each, never joined: as good for one as for thousands,
    -- whatever the planner thinks there are.
    IF EXISTS (SELECT FROM fresh e
                WHERE (SELECT l.n FROM ledger_line l WHERE l.entry_id = e.id AND l.n = 1) IS NULL
                   OR e.kind = 'MANUAL_ADJUSTMENT'
                   OR e.reverses_id IS NOT NULL OR e.corrects_id IS NOT NULL) THEN
        FOR v_new IN
            SELECT * FROM fresh e
             WHERE (SELECT l.n FROM ledger_line l WHERE l.entry_id = e.id AND l.n = 1) IS NULL
                OR e.kind = 'MANUAL_ADJUSTMENT'
                OR e.reverses_id IS NOT NULL OR e.corrects_id IS NOT NULL
             ORDER BY e.id
        LOOP
            IF v_new.kind = 'MANUAL_ADJUSTMENT' THEN
                PERFORM ledger_judge_approved(v_new.source);
            END IF;
            PERFORM FROM ledger_line l WHERE l.entry_id = v_new.id AND l.n = 1;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'entry "%" has no lines', v_new.source
                    USING ERRCODE = 'FL001', DETAIL = json_build_object('source', v_new.source);
            END IF;
            IF v_new.reverses_id IS NOT NULL OR v_new.corrects_id IS NOT NULL THEN
                PERFORM ledger_judge_taking_back(v_new);
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

-- 2. The month, the numbers: one statement after the lock ----------------------------------------
-- Called by the trigger on ledger_entry, for all the entries of a statement: p_from and p_to
-- are their first and last accounting date, p_first_id the lowest id. Raises FL010 when the
-- first is in a closed month, FL100 when an id was not drawn by the transaction that uses it.
-- Returns NULL as a rule, else the month being closed: entries dated before its end must be of
-- a kind in ledger_closing_kinds(), which the caller judges (it has the rows).
CREATE OR REPLACE FUNCTION ledger_refuse_closed(p_from date, p_to date, p_first_id bigint) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
    v_closed date;
    v_closing date;
    v_passed boolean;
    v_from date := p_from - extract(day FROM p_from)::int + 1;
BEGIN
    IF p_from = p_to THEN
        -- An expression, where waiting is a statement. It waits when a closing waits already.
        IF NOT pg_try_advisory_xact_lock_shared(20035, ledger_month_key(p_from)) THEN
            PERFORM pg_advisory_xact_lock_shared(20035, ledger_month_key(p_from));
        END IF;
    ELSIF v_from = date_trunc('month', p_to)::date THEN
        PERFORM pg_advisory_xact_lock_shared(20035, ledger_month_key(p_from));
        -- A year ago today runs through the month.
        PERFORM pg_advisory_xact_lock_shared(20035, ledger_month_key(p_to));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(20035, k.key)
           FROM (SELECT ledger_month_key(p_from) AS key
                  UNION
                 SELECT ledger_month_key(p_to)
                  UNION
                 SELECT ledger_month_key(m::date)
                   FROM generate_series(greatest(v_from, current_date - 400),
                                        least(p_to, current_date + 400), interval '1 month') m
                  ORDER BY key) k;
    END IF;
    -- A statement after the lock: it sees the state that no closing can change under us.
    SELECT max(month) FILTER (WHERE state = 'CLOSED'), max(month) FILTER (WHERE state = 'CLOSING'),
           EXISTS (SELECT FROM ledger_bookmark b
                    WHERE p_first_id <= b.low_id
                       OR (p_first_id <= b.pending_id
                           AND pg_current_xact_id()::text::bigint > b.pending_xid))
      INTO v_closed, v_closing, v_passed
      FROM ledger_period WHERE month >= v_from;
    IF v_closed IS NOT NULL THEN
        RAISE EXCEPTION '% is in a closed period: the books are closed to the end of %',
                p_from, to_char(v_closed, 'YYYY-MM')
            USING ERRCODE = 'FL010',
                  DETAIL = json_build_object('effective_on', p_from,
                                             'closed_month', to_char(v_closed, 'YYYY-MM'));
    END IF;
    -- The totals and the chain pass over an id once every transaction older than it has ended.
    IF p_first_id < 1 OR v_passed THEN
        RAISE EXCEPTION 'entry % takes a number that was not drawn for it', p_first_id
            USING ERRCODE = 'FL100';
    END IF;
    RETURN v_closing;
END $$;

-- 3. Lines: what ledger_line_posted judged, at one look where one entry is without a fault --------
-- The settings make one plan for all: nested loops over the tables' keys, in the order given.
-- That order is the order of the locks, own accounts by id, then the shared ones by id.
CREATE OR REPLACE FUNCTION ledger_line_posted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    whole record;
    bad record;
    v_bad bigint := 0;
    v_id bigint;
    v_day date;
    v_kind text;
    v_last_kind text;
    v_missing int;
    v_moved bigint[];
    v_misfits int;
    v_mixed boolean;
    v_closing date;
BEGIN
    IF TG_RELID <> 'public.ledger_line'::regclass THEN
        RAISE EXCEPTION 'this guards the lines only' USING ERRCODE = 'FL100';
    END IF;
    -- What others did is judged after waiting for them: an older snapshot would not show it.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'postings run in READ COMMITTED, they lock what they judge'
            USING ERRCODE = 'FL100';
    END IF;

    <<judged>>
    BEGIN
        -- One entry without a fault, of one currency and each account once, is known at one look, of
        -- so many lines at most. Everything else is looked at below, to judge it whole or to say what
        -- is wrong with it.
        SELECT g.first_id, e.effective_on, e.kind, g.lines INTO v_id, v_day, v_kind, v_missing
          FROM (SELECT min(entry_id) AS first_id, max(entry_id) AS last_id, count(*) AS lines,
                       min(n) AS low, max(n) AS top, ledger_sum(amount_minor) AS total,
                       min(abs(amount_minor)) AS least, max(abs(amount_minor)) AS most,
                       count(DISTINCT account_id) AS accounts,
                       min(effective_on) AS first_day, max(effective_on) AS last_day,
                       min(currency COLLATE "C") AS currency, max(currency COLLATE "C") AS last_currency
                  FROM (SELECT * FROM fresh LIMIT 33) f) g
          JOIN ledger_entry e ON e.id = g.first_id
         WHERE g.last_id = g.first_id AND g.lines = e.line_count AND g.top = e.line_count
           AND g.low = 1 AND g.total = 0 AND g.least > 0 AND g.most <= 1000000000000000
           AND g.accounts = g.lines AND g.currency = g.last_currency
           AND g.first_day = e.effective_on AND g.last_day = e.effective_on
           AND e.effective_on BETWEEN '2000-01-01' AND '2199-12-31'
           AND e.posted_at BETWEEN '2000-01-01 Z' AND '2200-01-01 Z' AND e.source <> ''
           AND (e.kind = 'REVERSAL') = (e.reverses_id IS NOT NULL)
           AND (e.kind = 'CORRECTION') = (e.corrects_id IS NOT NULL);
        IF FOUND THEN
            v_closing := ledger_refuse_closed(v_day, v_day, v_id);
            IF v_closing IS NULL OR v_day >= v_closing + interval '1 month'
               OR v_kind IN (SELECT ledger_closing_kinds()) THEN
                WITH moved AS (
                    UPDATE ledger_balance b
                       SET debits_minor = b.debits_minor + greatest(t.amount_minor, 0),
                           credits_minor = b.credits_minor - least(t.amount_minor, 0)
                      FROM (SELECT a.id, a.code, a.stripes, f.amount_minor
                              FROM fresh f
                              JOIN ledger_account a ON a.id = f.account_id AND a.currency = f.currency
                             ORDER BY a.stripes > 1 OR a.owner = '', a.id OFFSET 0) t
                     WHERE b.account_id = t.id AND b.stripe = pg_backend_pid() % t.stripes
                       AND b.is_open
                       AND (b.bound = 0 OR b.bound * (b.credits_minor - b.debits_minor
                                                      - t.amount_minor) >= b.held_minor)
                    RETURNING b.account_id, t.code, t.amount_minor
                )
                SELECT v_missing - count(*), array_agg(m.account_id),
                       count(*) FILTER (WHERE CASE WHEN m.amount_minor > 0 THEN r.may_debit
                                                   ELSE r.may_credit END IS NOT TRUE)
                  INTO v_missing, v_moved, v_misfits
                  FROM moved m LEFT JOIN ledger_kind_rule r ON r.kind = v_kind AND r.code = m.code;
                IF v_missing = 0 AND v_misfits = 0 THEN
                    RETURN NULL;
                END IF;
                v_last_kind := v_kind;
                EXIT judged;
            END IF;
        END IF;

        -- Sums per entry and currency are zero: as no line is zero, each currency has two or more.
        -- The lines are exactly those the entry counts, so that none can be added to it later.
        -- What could be a CHECK is judged here: PostgreSQL reads those anew for every statement.
        -- Lines of one entry with two dates are two groups, and neither is as many as the entry counts.
        SELECT count(*) FILTER (WHERE e.id IS NULL OR g.lines <> e.line_count OR g.top <> e.line_count
                                   OR g.off OR g.day <> e.effective_on OR g.total <> 0) AS bad,
               count(*) FILTER (WHERE e.source = ''
                                   OR e.effective_on NOT BETWEEN '2000-01-01' AND '2199-12-31'
                                   OR e.posted_at NOT BETWEEN '2000-01-01 Z' AND '2200-01-01 Z'
                                   OR (e.kind = 'REVERSAL') <> (e.reverses_id IS NOT NULL)
                                   OR (e.kind = 'CORRECTION') <> (e.corrects_id IS NOT NULL)
                               ) AS malformed,
               min(g.entry_id) AS first_id, min(g.day) AS first_day, max(g.day) AS last_day,
               min(e.kind COLLATE "C") AS kind, max(e.kind COLLATE "C") AS last_kind
          INTO whole
          FROM (SELECT entry_id, effective_on AS day, ledger_sum(amount_minor) AS total,
                       count(*) AS lines, max(n) AS top,
                       bool_or(n < 1 OR amount_minor = 0
                               OR amount_minor NOT BETWEEN -1000000000000000 AND 1000000000000000
                              ) AS off
                  FROM fresh GROUP BY entry_id, effective_on) g
          LEFT JOIN ledger_entry e ON e.id = g.entry_id;
        -- What is read sums up lines of thousands: one near the end of BIGINT would stop all reports.
        IF whole.bad > 0
           AND EXISTS (SELECT FROM fresh
                        WHERE amount_minor = 0
                           OR amount_minor NOT BETWEEN -1000000000000000 AND 1000000000000000) THEN
            RAISE EXCEPTION 'a line moves nothing, or more than the books can add up'
                USING ERRCODE = 'FL007', DETAIL = '{}';
        END IF;
        IF whole.malformed > 0 THEN
            SELECT e.source, e.kind INTO bad
              FROM fresh f JOIN ledger_entry e ON e.id = f.entry_id
             ORDER BY (e.source = '' OR e.effective_on NOT BETWEEN '2000-01-01' AND '2199-12-31'
                       OR e.posted_at NOT BETWEEN '2000-01-01 Z' AND '2200-01-01 Z'
                       OR (e.kind = 'REVERSAL') <> (e.reverses_id IS NOT NULL)
                       OR (e.kind = 'CORRECTION') <> (e.corrects_id IS NOT NULL)) DESC, e.id
             LIMIT 1;
            RAISE EXCEPTION 'entry "%" has no source or kind, a date the books do not reach, or names'
                    ' an entry where its kind does not', bad.source
                USING ERRCODE = 'FL013',
                      DETAIL = json_build_object('source', bad.source, 'kind', bad.kind);
        END IF;
        IF whole.first_id IS NULL THEN
            RETURN NULL;  -- no line at all
        END IF;
        v_bad := whole.bad;
        v_kind := whole.kind;
        v_last_kind := whole.last_kind;

        IF v_bad = 0 THEN
            v_closing := ledger_refuse_closed(whole.first_day, whole.last_day, whole.first_id);
            IF v_closing IS NOT NULL THEN
                SELECT e.source, e.kind, e.effective_on INTO bad
                  FROM fresh f JOIN ledger_entry e ON e.id = f.entry_id
                 WHERE e.effective_on < v_closing + interval '1 month'
                   AND e.kind NOT IN (SELECT ledger_closing_kinds())
                 ORDER BY e.id LIMIT 1;
                IF FOUND THEN
                    RAISE EXCEPTION '% is in a period that is being closed', bad.effective_on
                        USING ERRCODE = 'FL010',
                              DETAIL = json_build_object('source', bad.source, 'kind', bad.kind,
                                  'effective_on', bad.effective_on,
                                  'closing_month', to_char(v_closing, 'YYYY-MM'));
                END IF;
            END IF;

            -- The rows are locked in the order of t. A row that another posting moved meanwhile is judged
            -- anew as that posting left it, by all the conditions.
            WITH d AS MATERIALIZED (
                SELECT account_id, currency,
                       coalesce(ledger_sum(amount_minor) FILTER (WHERE amount_minor > 0), 0) AS debits,
                       -coalesce(ledger_sum(amount_minor) FILTER (WHERE amount_minor < 0), 0) AS credits
                  FROM fresh GROUP BY account_id, currency
            ), moved AS (
                UPDATE ledger_balance b
                   SET debits_minor = b.debits_minor + t.debits,
                       credits_minor = b.credits_minor + t.credits
                  FROM (SELECT a.id, a.code, a.stripes, d.debits, d.credits
                          FROM d JOIN ledger_account a ON a.id = d.account_id AND a.currency = d.currency
                         ORDER BY a.stripes > 1 OR a.owner = '', a.id OFFSET 0) t
                 WHERE b.account_id = t.id AND b.stripe = pg_backend_pid() % t.stripes AND b.is_open
                   AND (b.bound = 0 OR b.bound * (b.credits_minor + t.credits
                                                  - b.debits_minor - t.debits) >= b.held_minor)
                RETURNING b.account_id, t.code, t.debits, t.credits
            )
            SELECT (SELECT count(*) FROM d) - count(*), array_agg(m.account_id),
                   (SELECT min(currency COLLATE "C") <> max(currency COLLATE "C") FROM d),
                   count(*) FILTER (WHERE r.code IS NULL OR (m.debits > 0 AND NOT r.may_debit)
                                       OR (m.credits > 0 AND NOT r.may_credit))
              INTO v_missing, v_moved, v_mixed, v_misfits
              FROM moved m LEFT JOIN ledger_kind_rule r ON r.kind = v_kind AND r.code = m.code;
            -- Sums of zero over all currencies are seen above; in each of several it is asked here.
            IF v_mixed THEN
                v_bad := (SELECT count(*) FROM (SELECT FROM fresh GROUP BY entry_id, currency
                                                    HAVING ledger_sum(amount_minor) <> 0) o);
            END IF;
        END IF;
    END;
    IF v_bad > 0 THEN
        SELECT g.entry_id, e.source INTO bad
          FROM (SELECT c.entry_id, sum(c.lines) AS lines, max(c.top) AS top, min(c.first) AS first,
                       max(c.last) AS last, bool_or(c.total <> 0) AS off
                  FROM (SELECT entry_id, sum(amount_minor) AS total, count(*) AS lines,
                               max(n) AS top, min(effective_on) AS first,
                               max(effective_on) AS last
                          FROM fresh GROUP BY entry_id, currency) c
                 GROUP BY c.entry_id) g
          LEFT JOIN ledger_entry e ON e.id = g.entry_id
         ORDER BY (g.off OR e.id IS NULL OR g.lines <> e.line_count OR g.top <> e.line_count
                   OR g.first <> e.effective_on OR g.last <> e.effective_on) DESC, g.entry_id
         LIMIT 1;
        RAISE EXCEPTION 'entry % ("%") is not balanced or not whole', bad.entry_id, bad.source
            USING ERRCODE = 'FL001',
                  DETAIL = json_build_object('source', bad.source, 'off_by',
                      (SELECT json_object_agg(currency, total)
                         FROM (SELECT currency, sum(amount_minor) AS total FROM fresh
                                WHERE entry_id = bad.entry_id GROUP BY currency) t
                        WHERE total <> 0));
    END IF;
    IF v_missing <> 0 THEN
        PERFORM ledger_say_refused(account_id, currency) FROM (
            SELECT f.account_id, f.currency FROM fresh f
              LEFT JOIN ledger_account a ON a.id = f.account_id
             WHERE a.id IS NULL OR f.currency <> a.currency OR v_moved IS NULL
                OR a.id <> ALL (v_moved)
             ORDER BY a.id IS NOT NULL, f.currency = a.currency,
                      a.stripes > 1 OR a.owner = '', a.id
             LIMIT 1) f;
    END IF;
    IF v_misfits > 0 OR v_kind <> v_last_kind THEN
        SELECT e.source, e.kind, a.code, f.amount_minor > 0 AS debit INTO bad
          FROM fresh f
          JOIN ledger_entry e ON e.id = f.entry_id
          JOIN ledger_account a ON a.id = f.account_id
          LEFT JOIN ledger_kind_rule r ON r.kind = e.kind AND r.code = a.code
         WHERE r.code IS NULL OR NOT CASE WHEN f.amount_minor > 0 THEN r.may_debit
                                          ELSE r.may_credit END
         ORDER BY e.id, f.n LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'an entry % may not % account %', bad.kind,
                    CASE WHEN bad.debit THEN 'debit' ELSE 'credit' END, bad.code
                USING ERRCODE = 'FL009',
                      DETAIL = json_build_object('source', bad.source, 'kind', bad.kind,
                          'account', bad.code,
                          'side', CASE WHEN bad.debit THEN 'DEBIT' ELSE 'CREDIT' END);
        END IF;
    END IF;
    RETURN NULL;
END $$;
