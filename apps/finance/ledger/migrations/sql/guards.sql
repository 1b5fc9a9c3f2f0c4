-- What the ledger's tables refuse, whoever writes. Works on PostgreSQL 15 to 18.
-- SQLSTATE class FL is ours; apps/finance/ledger/errors.py names each of them.

-- 1. Entries and lines are never changed, accounts and balances never removed ----------------
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'FL100';
END $$;

CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    EXECUTE FUNCTION ledger_refuse('the journal is append-only, correct it by a reversal');
CREATE TRIGGER ledger_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_line
    EXECUTE FUNCTION ledger_refuse('the journal is append-only, correct it by a reversal');
CREATE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON ledger_account
    EXECUTE FUNCTION ledger_refuse('an account is closed, never removed');
CREATE TRIGGER ledger_balance_kept BEFORE TRUNCATE ON ledger_balance
    EXECUTE FUNCTION ledger_refuse('balances follow from lines');
-- Depth 0 is a statement of a person or a program; the triggers below write at depth 1.
CREATE TRIGGER ledger_balance_follows BEFORE INSERT OR UPDATE OR DELETE ON ledger_balance
    WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION ledger_refuse('balances follow from lines');

-- 2. An account is what the chart says --------------------------------------------------------
CREATE FUNCTION ledger_account_from_chart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    node record;
BEGIN
    SELECT * INTO node FROM ledger_chart() c WHERE c.code = NEW.code;
    IF NOT FOUND
       OR (node.owner_kind = '') <> (NEW.owner = '')
       OR (node.owner_kind <> '' AND NEW.owner !~ ('^' || node.owner_kind || ':[A-Za-z0-9_.-]+$'))
    THEN
        RAISE EXCEPTION 'the chart has no account % for owner "%"', NEW.code, NEW.owner
            USING ERRCODE = 'FL003',
                  DETAIL = json_build_object('account', NEW.code, 'owner', NEW.owner);
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.code, NEW.owner, NEW.currency, NEW.opened_at)
        IS DISTINCT FROM (OLD.id, OLD.code, OLD.owner, OLD.currency, OLD.opened_at) THEN
        RAISE EXCEPTION 'an account keeps its code, owner and currency' USING ERRCODE = 'FL100';
    END IF;
    NEW.type := node.type;
    NEW.normal_side := node.normal_side;
    IF TG_OP = 'INSERT' THEN
        NEW.allows_overdraft := node.allows_overdraft;
        NEW.stripes := node.stripes;
    ELSE
        NEW.allows_overdraft := OLD.allows_overdraft;
        NEW.stripes := OLD.stripes;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_chart BEFORE INSERT OR UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_from_chart();

-- Its balance rows come and close with it, so that the row a posting locks tells all.
CREATE FUNCTION ledger_account_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ledger_balance
            (account_id, stripe, debits_minor, credits_minor, held_minor, bound, is_open)
        SELECT a.id, s, 0, 0, 0,
               CASE WHEN a.allows_overdraft THEN 0 WHEN a.normal_side = 'CREDIT' THEN 1 ELSE -1 END,
               a.closed_at IS NULL AND NOT a.is_frozen
          FROM changed a, generate_series(0, a.stripes - 1) s;
    ELSE
        UPDATE ledger_balance b SET is_open = a.closed_at IS NULL AND NOT a.is_frozen
          FROM changed a
         WHERE b.account_id = a.id
           AND b.is_open IS DISTINCT FROM (a.closed_at IS NULL AND NOT a.is_frozen);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_account_opened AFTER INSERT ON ledger_account
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION ledger_account_balances();
CREATE TRIGGER ledger_account_changed AFTER UPDATE ON ledger_account
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION ledger_account_balances();

-- 3. An entry comes with its lines, in one statement --------------------------------------------
CREATE FUNCTION ledger_entry_has_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bare text;
BEGIN
    SELECT e.source INTO bare FROM fresh e
     WHERE NOT EXISTS (SELECT FROM ledger_line l WHERE l.entry_id = e.id AND l.n = 1)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry "%" has no lines', bare
            USING ERRCODE = 'FL001', DETAIL = json_build_object('source', bare);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_lines AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION ledger_entry_has_lines();

-- 4. Lines balance, belong to their entry, and move the balances ---------------------------------
CREATE FUNCTION ledger_line_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
    v_missing int;
    v_moved bigint[];
BEGIN
    -- Sums per entry and currency are zero: as no line is zero, each currency has two or more.
    -- The lines are exactly those the entry counts, so that none can be added to it later.
    SELECT g.entry_id, e.source INTO bad
      FROM (SELECT c.entry_id, sum(c.lines) AS lines, max(c.top) AS top, min(c.first) AS first,
                   max(c.last) AS last, bool_or(c.total <> 0) AS off
              FROM (SELECT entry_id, sum(amount_minor) AS total, count(*) AS lines,
                           max(n) AS top, min(effective_on) AS first, max(effective_on) AS last
                      FROM fresh GROUP BY entry_id, currency) c
             GROUP BY c.entry_id) g
      LEFT JOIN ledger_entry e ON e.id = g.entry_id
     WHERE g.off OR e.id IS NULL OR g.lines <> e.line_count OR g.top <> e.line_count
        OR g.first <> e.effective_on OR g.last <> e.effective_on
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % ("%") is not balanced or not whole', bad.entry_id, bad.source
            USING ERRCODE = 'FL001',
                  DETAIL = json_build_object('source', bad.source, 'off_by',
                      (SELECT json_object_agg(currency, total)
                         FROM (SELECT currency, sum(amount_minor) AS total FROM fresh
                                WHERE entry_id = bad.entry_id GROUP BY currency) t
                        WHERE total <> 0));
    END IF;

    -- One fixed order for every writer: own accounts by id, then the shared ones by id.
    PERFORM FROM (SELECT DISTINCT account_id FROM fresh) d
       JOIN ledger_account a ON a.id = d.account_id
       JOIN ledger_balance b ON b.account_id = a.id AND b.stripe = pg_backend_pid() % a.stripes
      ORDER BY a.stripes > 1 OR a.owner = '', a.id
        FOR NO KEY UPDATE OF b;
    -- A statement of its own: it sees each row as it is now that nobody else can move it.
    WITH d AS MATERIALIZED (
        SELECT account_id, currency,
               sum(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END)::bigint AS debits,
               sum(CASE WHEN amount_minor < 0 THEN -amount_minor ELSE 0 END)::bigint AS credits
          FROM fresh GROUP BY account_id, currency
    ), moved AS (
        UPDATE ledger_balance b
           SET debits_minor = b.debits_minor + d.debits,
               credits_minor = b.credits_minor + d.credits
          FROM d JOIN ledger_account a ON a.id = d.account_id AND a.currency = d.currency
         WHERE b.account_id = a.id AND b.stripe = pg_backend_pid() % a.stripes AND b.is_open
           AND (b.bound = 0 OR b.bound * (b.credits_minor + d.credits
                                          - b.debits_minor - d.debits) >= b.held_minor)
        RETURNING b.account_id
    )
    SELECT (SELECT count(*) FROM d) - count(*), array_agg(account_id) INTO v_missing, v_moved
      FROM moved;
    IF v_missing = 0 THEN
        RETURN NULL;
    END IF;

    -- Something was refused: say the first of it.
    SELECT f.account_id, f.currency, a.id, a.code, a.owner, a.currency AS account_currency,
           b.is_open, b.bound * (b.credits_minor - b.debits_minor) - b.held_minor AS available
      INTO bad
      FROM fresh f
      LEFT JOIN ledger_account a ON a.id = f.account_id
      LEFT JOIN ledger_balance b ON b.account_id = a.id AND b.stripe = pg_backend_pid() % a.stripes
     WHERE a.id IS NULL OR f.currency <> a.currency OR v_moved IS NULL OR a.id <> ALL (v_moved)
     ORDER BY a.id IS NOT NULL, f.currency = a.currency, a.stripes > 1 OR a.owner = '', a.id
     LIMIT 1;
    IF bad.id IS NULL THEN
        RAISE EXCEPTION 'there is no account with id %', bad.account_id
            USING ERRCODE = 'FL003', DETAIL = json_build_object('account', bad.account_id);
    ELSIF bad.currency <> bad.account_currency THEN
        RAISE EXCEPTION 'a line in % on account % % in %',
                bad.currency, bad.code, bad.owner, bad.account_currency
            USING ERRCODE = 'FL006',
                  DETAIL = json_build_object('account', bad.code, 'owner', bad.owner,
                      'currency', bad.currency, 'account_currency', bad.account_currency);
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
CREATE TRIGGER ledger_line_balances AFTER INSERT ON ledger_line
    REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION ledger_line_posted();

-- A balance row is rewritten at every posting: room on its page keeps the new version there.
ALTER TABLE ledger_balance SET (fillfactor = 40);
