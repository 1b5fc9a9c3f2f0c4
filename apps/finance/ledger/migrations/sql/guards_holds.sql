-- Holds: money promised. Works on PostgreSQL 15 to 18.

-- 1. A hold makes legal moves only ----------------------------------------------------------------
CREATE FUNCTION ledger_hold_moves() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' OR NEW.captured_minor <> 0 OR NEW.released_minor <> 0 THEN
            RAISE EXCEPTION 'a hold begins open and whole' USING ERRCODE = 'FL100';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.account_id, NEW.amount_minor, NEW.source, NEW.cluster, NEW.memo,
        NEW.expires_at, NEW.placed_at)
       IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.amount_minor, OLD.source, OLD.cluster,
        OLD.memo, OLD.expires_at, OLD.placed_at)
       OR OLD.state <> 'OPEN'
       OR NEW.captured_minor < OLD.captured_minor OR NEW.released_minor < OLD.released_minor
       -- The word for its end follows from how it ended.
       OR (NEW.state = 'CAPTURED' AND NEW.captured_minor = 0)
       OR (NEW.state = 'RELEASED' AND NEW.captured_minor > 0)
       OR (NEW.state = 'EXPIRED' AND (NEW.captured_minor > OLD.captured_minor
                                      OR coalesce(NEW.ended_at < OLD.expires_at, true))) THEN
        RAISE EXCEPTION 'hold % does not move from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'FL100';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_hold_moves BEFORE INSERT OR UPDATE ON ledger_hold
    FOR EACH ROW EXECUTE FUNCTION ledger_hold_moves();
CREATE TRIGGER ledger_hold_kept BEFORE DELETE OR TRUNCATE ON ledger_hold
    EXECUTE FUNCTION ledger_refuse('a hold is released, never removed');

-- 2. What is held follows the holds, and never exceeds what is there --------------------------------
-- Own accounts by id, as a posting locks them. Giving back is possible on a frozen account too.
CREATE FUNCTION ledger_hold_held() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_accounts bigint[];
    v_deltas bigint[];
    v_account bigint;
    v_currency text;
BEGIN
    IF TG_RELID <> 'public.ledger_hold'::regclass THEN
        RAISE EXCEPTION 'this guards the holds only' USING ERRCODE = 'FL100';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'holds move in READ COMMITTED, they lock what they judge'
            USING ERRCODE = 'FL100';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(h.account_id ORDER BY h.account_id),
               array_agg(h.delta ORDER BY h.account_id)
          INTO v_accounts, v_deltas
          FROM (SELECT account_id, ledger_sum(amount_minor) AS delta FROM fresh
                 GROUP BY account_id) h;
    ELSE
        SELECT array_agg(h.account_id ORDER BY h.account_id),
               array_agg(h.delta ORDER BY h.account_id)
          INTO v_accounts, v_deltas
          FROM (SELECT n.account_id, ledger_sum(o.captured_minor + o.released_minor
                                              - n.captured_minor - n.released_minor) AS delta
                  FROM fresh n JOIN stale o USING (id) GROUP BY n.account_id) h;
    END IF;
    IF v_accounts IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM ledger_balance b WHERE b.account_id = ANY (v_accounts)
      ORDER BY b.account_id, b.stripe FOR NO KEY UPDATE;
    -- A statement of its own: it sees each row as it is now that nobody else can move it.
    WITH d AS (SELECT * FROM unnest(v_accounts, v_deltas) d(account_id, delta)), moved AS (
        UPDATE ledger_balance b SET held_minor = b.held_minor + d.delta
          FROM d
         WHERE b.account_id = d.account_id AND b.stripe = 0 AND b.bound <> 0
           AND (d.delta <= 0 OR (b.is_open AND b.bound * (b.credits_minor - b.debits_minor)
                                               >= b.held_minor + d.delta))
        RETURNING b.account_id
    )
    SELECT d.account_id, a.currency INTO v_account, v_currency
      FROM d LEFT JOIN ledger_account a ON a.id = d.account_id
     WHERE d.account_id NOT IN (SELECT account_id FROM moved)
     ORDER BY d.account_id LIMIT 1;
    IF FOUND THEN
        IF EXISTS (SELECT FROM ledger_balance b WHERE b.account_id = v_account AND b.bound = 0)
        THEN
            RAISE EXCEPTION 'account % may be overdrawn, nothing can be held on it', v_account
                USING ERRCODE = 'FL015', DETAIL = json_build_object('account', v_account);
        END IF;
        PERFORM ledger_say_refused(v_account, v_currency);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_hold_placed AFTER INSERT ON ledger_hold
    REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION ledger_hold_held();
CREATE TRIGGER ledger_hold_moved AFTER UPDATE ON ledger_hold
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh EXECUTE FUNCTION ledger_hold_held();

-- 3. Lock what a posting will move, in the order in which a posting locks it -------------------------
-- For a capture, which moves the hold's account before it posts, and for postings in several
-- statements: the accounts to open, the month of the accounting date (shared with every posting,
-- taken alone by a closing), then the balances. What the chart refuses is left to the posting.
CREATE FUNCTION ledger_lock_accounts(
    p_day date, p_code text[], p_owner text[], p_currency text[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO ledger_account (code, owner, currency, type, normal_side, allows_overdraft, stripes,
                                opened_at, is_frozen)
    SELECT DISTINCT w.code COLLATE "C", w.owner COLLATE "C", w.currency COLLATE "C", '', '', false,
           1, now(), false
      FROM unnest(p_code, p_owner, p_currency) w(code, owner, currency)
      JOIN ledger_chart() c ON c.code = w.code AND NOT c.is_group
     WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.code = w.code AND a.owner = w.owner
                          AND a.currency = w.currency)
       AND CASE WHEN c.owner_kind = '' THEN w.owner = ''
                ELSE w.owner ~ ('^' || c.owner_kind || ':[A-Za-z0-9_.-]+$') END
     ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING;
    PERFORM pg_advisory_xact_lock_shared(20035, ledger_month_key(p_day));
    PERFORM FROM unnest(p_code, p_owner, p_currency) w(code, owner, currency)
       JOIN ledger_account a ON a.code = w.code AND a.owner = w.owner AND a.currency = w.currency
       JOIN ledger_balance b ON b.account_id = a.id AND b.stripe = pg_backend_pid() % a.stripes
      ORDER BY a.stripes > 1 OR a.owner = '', a.id
        FOR NO KEY UPDATE OF b;
END $$;
