-- The guards of the books, second edition. Works on PostgreSQL 15 to 18.
--
-- Functions that write balances run as the owner of the tables (SECURITY DEFINER), so that the
-- role of the application needs no right to write balances, entries or lines at all. Each has a
-- fixed search_path, and each asks TG_RELID, so that it guards the real table and no other.
-- SQLSTATE class FL is ours; apps/finance/ledger/errors.py names each of them.

-- Exact and fast: sum(bigint) counts in numeric. What does not fit a BIGINT raises 22003.
CREATE AGGREGATE ledger_sum(bigint) (SFUNC = int8pl, STYPE = bigint);

-- 1. Which accounts each kind of entry may touch: ledger_kinds() as a table, to be looked up ----
CREATE TABLE ledger_kind_rule (
    kind text COLLATE "C", code text COLLATE "C",
    may_debit boolean NOT NULL, may_credit boolean NOT NULL, PRIMARY KEY (kind, code)
);
-- A migration that changes ledger_kinds() calls this after it.
CREATE FUNCTION ledger_adopt_kinds() RETURNS void LANGUAGE sql AS $$
    DELETE FROM ledger_kind_rule;
    INSERT INTO ledger_kind_rule SELECT kind, code, may_debit, may_credit FROM ledger_kinds();
$$;
SELECT ledger_adopt_kinds();

-- 2. Accounts: as the chart says; closed only when empty; balance rows come and close with them --
ALTER FUNCTION ledger_account_from_chart() SECURITY DEFINER SET search_path = public, pg_temp;

CREATE OR REPLACE FUNCTION ledger_account_balances() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    IF TG_RELID <> 'public.ledger_account'::regclass THEN
        RAISE EXCEPTION 'this guards the accounts only' USING ERRCODE = 'FL100';
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ledger_balance
            (account_id, stripe, debits_minor, credits_minor, held_minor, bound, is_open)
        SELECT a.id, s, 0, 0, 0,
               CASE WHEN a.allows_overdraft THEN 0 WHEN a.normal_side = 'CREDIT' THEN 1 ELSE -1 END,
               a.closed_at IS NULL AND NOT a.is_frozen
          FROM changed a, generate_series(0, a.stripes - 1) s;
        RETURN NULL;
    END IF;
    -- A posting holds a row of these to its end. The statements after this one see what it did.
    PERFORM FROM ledger_balance b JOIN changed a ON a.id = b.account_id
      ORDER BY b.account_id, b.stripe FOR NO KEY UPDATE OF b;
    SELECT a.code, a.owner, a.currency, sum(b.debits_minor - b.credits_minor) AS left_minor,
           sum(b.held_minor) AS held_minor
      INTO bad
      FROM changed a JOIN ledger_balance b ON b.account_id = a.id
     WHERE a.closed_at IS NOT NULL
     GROUP BY a.id, a.code, a.owner, a.currency
    HAVING sum(b.debits_minor - b.credits_minor) <> 0 OR sum(b.held_minor) <> 0
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % % has a balance or open holds', bad.code, bad.owner
            USING ERRCODE = 'FL014',
                  DETAIL = json_build_object('account', bad.code, 'owner', bad.owner,
                      'currency', bad.currency, 'balance_minor', bad.left_minor,
                      'held_minor', bad.held_minor);
    END IF;
    UPDATE ledger_balance b SET is_open = a.closed_at IS NULL AND NOT a.is_frozen
      FROM changed a
     WHERE b.account_id = a.id
       AND b.is_open IS DISTINCT FROM (a.closed_at IS NULL AND NOT a.is_frozen);
    RETURN NULL;
END $$;

-- 3. An entry comes with its lines, in one statement ---------------------------------------------
CREATE OR REPLACE FUNCTION ledger_entry_has_lines() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bare text;
BEGIN
    IF TG_RELID <> 'public.ledger_entry'::regclass THEN
        RAISE EXCEPTION 'this guards the entries only' USING ERRCODE = 'FL100';
    END IF;
    -- A difference of two sets, not a join: as cheap for thousands as for one, whatever the
    -- planner thinks there are.
    IF EXISTS (SELECT id FROM fresh
               EXCEPT
               SELECT entry_id FROM ledger_line
                WHERE n = 1 AND entry_id BETWEEN (SELECT min(id) FROM fresh)
                                             AND (SELECT max(id) FROM fresh)) THEN
        SELECT e.source INTO bare FROM fresh e
         WHERE NOT EXISTS (SELECT FROM ledger_line l WHERE l.entry_id = e.id AND l.n = 1)
         LIMIT 1;
        RAISE EXCEPTION 'entry "%" has no lines', bare
            USING ERRCODE = 'FL001', DETAIL = json_build_object('source', bare);
    END IF;
    RETURN NULL;
END $$;

-- 4. What takes an entry back is its exact opposite, or a part of it ------------------------------
-- Called for reversals and corrections alone; the WHEN of the trigger costs other entries nothing.
CREATE FUNCTION ledger_entry_takes_back() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target record;
    bad record;
    v_target bigint := coalesce(NEW.reverses_id, NEW.corrects_id);
    v_facts text := json_build_object('source', NEW.source, 'entry_id', v_target);
BEGIN
    IF TG_RELID <> 'public.ledger_entry'::regclass THEN
        RAISE EXCEPTION 'this guards the entries only' USING ERRCODE = 'FL100';
    END IF;
    -- Two that take the same entry back come one after the other; the later one sees the earlier,
    -- as the line trigger lets nobody post with an older snapshot.
    SELECT e.id, e.kind, e.line_count INTO target
      FROM ledger_entry e WHERE e.id = v_target FOR NO KEY UPDATE;
    -- A closing is taken back by another closing: a reversal of it would count as a result.
    IF NOT FOUND OR target.id = NEW.id OR target.kind IN ('REVERSAL', 'PERIOD_CLOSE')
       OR (target.kind = 'CORRECTION' AND NEW.corrects_id IS NOT NULL) THEN
        RAISE EXCEPTION 'entry % cannot be taken back', v_target
            USING ERRCODE = 'FL011', DETAIL = v_facts;
    END IF;
    IF NEW.reverses_id IS NOT NULL THEN
        IF EXISTS (SELECT FROM ledger_entry c WHERE c.corrects_id = v_target
                      AND NOT EXISTS (SELECT FROM ledger_entry r WHERE r.reverses_id = c.id)) THEN
            RAISE EXCEPTION 'entry % is corrected: reverse its corrections first', v_target
                USING ERRCODE = 'FL011', DETAIL = v_facts;
        END IF;
        -- As many lines, and none of them without its opposite there.
        IF NEW.line_count <> target.line_count
           OR EXISTS (SELECT account_id, -amount_minor FROM ledger_line WHERE entry_id = NEW.id
                      EXCEPT ALL
                      SELECT account_id, amount_minor FROM ledger_line WHERE entry_id = v_target)
        THEN
            RAISE EXCEPTION 'entry "%" is not the opposite of entry %', NEW.source, v_target
                USING ERRCODE = 'FL011', DETAIL = v_facts;
        END IF;
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM ledger_entry r WHERE r.reverses_id = v_target) THEN
        RAISE EXCEPTION 'entry % is already reversed', v_target
            USING ERRCODE = 'FL008', DETAIL = v_facts;
    END IF;
    -- Per account, this one and all others together take back at most what the entry moved.
    SELECT a.code, a.owner, coalesce(t.moved, 0) AS moved, o.taken
      INTO bad
      FROM (SELECT account_id, sum(amount_minor) AS now FROM ledger_line
             WHERE entry_id = NEW.id GROUP BY account_id) n
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
                  DETAIL = json_build_object('source', NEW.source, 'entry_id', v_target,
                      'account', bad.code, 'owner', bad.owner,
                      'moved_minor', bad.moved, 'taken_back_minor', -bad.taken);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_takes_back AFTER INSERT ON ledger_entry
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL OR NEW.corrects_id IS NOT NULL)
    EXECUTE FUNCTION ledger_entry_takes_back();

-- 5. Lines balance, belong to their entry, suit its kind, and move the balances -------------------
-- The settings make one plan for all: nested loops over the tables' keys, in the order given.
-- That order is the order of the locks, own accounts by id, then the shared ones by id.
CREATE OR REPLACE FUNCTION ledger_line_posted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    whole record;
    bad record;
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

    IF whole.bad = 0 THEN
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
          FROM moved m LEFT JOIN ledger_kind_rule r ON r.kind = whole.kind AND r.code = m.code;
        -- Sums of zero over all currencies are seen above; in each of several it is asked here.
        IF v_mixed THEN
            whole.bad := (SELECT count(*) FROM (SELECT FROM fresh GROUP BY entry_id, currency
                                                HAVING ledger_sum(amount_minor) <> 0) o);
        END IF;
    END IF;
    IF whole.bad > 0 THEN
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
    IF v_misfits > 0 OR whole.kind <> whole.last_kind THEN
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

-- Raise what is wrong with one line's account: unknown, other currency, not open, too little.
CREATE FUNCTION ledger_say_refused(p_account bigint, p_currency text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT a.id, a.code, a.owner, a.currency, b.is_open,
           b.bound * (b.credits_minor - b.debits_minor) - b.held_minor AS available
      INTO bad
      FROM ledger_account a
      JOIN ledger_balance b ON b.account_id = a.id AND b.stripe = pg_backend_pid() % a.stripes
     WHERE a.id = p_account;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no account with id %', p_account
            USING ERRCODE = 'FL003', DETAIL = json_build_object('account', p_account);
    ELSIF bad.currency <> p_currency THEN
        RAISE EXCEPTION 'a line in % on account % % in %',
                p_currency, bad.code, bad.owner, bad.currency
            USING ERRCODE = 'FL006',
                  DETAIL = json_build_object('account', bad.code, 'owner', bad.owner,
                      'currency', p_currency, 'account_currency', bad.currency);
    ELSIF NOT bad.is_open THEN
        RAISE EXCEPTION 'account % % is closed or frozen', bad.code, bad.owner
            USING ERRCODE = 'FL004',
                  DETAIL = json_build_object('account', bad.code, 'owner', bad.owner);
    END IF;
    RAISE EXCEPTION 'account % % has % % available', bad.code, bad.owner, bad.available,
            bad.currency
        USING ERRCODE = 'FL002',
              DETAIL = json_build_object('account', bad.code, 'owner', bad.owner,
                  'currency', bad.currency, 'available_minor', bad.available);
END $$;
