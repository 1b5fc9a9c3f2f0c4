-- Totals and chain, rolled forward behind the postings. Works on PostgreSQL 15 to 18.

-- 1. An entry's transaction has its xid before the entry has its id --------------------------
-- Why: docs/adr/0017-roll-forward-bookmark.md. ledger_post asks for the xid itself.
CREATE FUNCTION ledger_entry_xid_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_current_xact_id();
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_xid BEFORE INSERT ON ledger_entry
    EXECUTE FUNCTION ledger_entry_xid_first();

-- The owner under whom a line is totalled: the accounts of people are summed.
CREATE FUNCTION ledger_summed_owner(p_owner text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_owner LIKE 'profile:%' THEN '' ELSE p_owner END
$$;

-- 2. Lines after an entry id ------------------------------------------------------------------
-- The id is written into the statement, so that the planner sees how few rows there are. As the
-- function is STABLE, it reads the very state of the statement that calls it.
CREATE FUNCTION ledger_lines_after(p_id bigint, p_from date, p_to date)
RETURNS TABLE (account_id bigint, code varchar, owner varchar, currency varchar, cluster varchar,
               kind varchar, day date, posted_at timestamptz, amount bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT l.account_id, a.code, a.owner, l.currency, e.cluster, e.kind, l.effective_on,
                e.posted_at, l.amount_minor
           FROM ledger_line l
           JOIN ledger_entry e ON e.id = l.entry_id
           JOIN ledger_account a ON a.id = l.account_id
          WHERE l.entry_id > %1$s AND e.id > %1$s
            AND l.effective_on BETWEEN $1 AND $2', p_id) USING p_from, p_to;
END $$;

-- What is not yet in the totals.
CREATE FUNCTION ledger_tail(p_from date, p_to date)
RETURNS TABLE (account_id bigint, code varchar, owner varchar, currency varchar, cluster varchar,
               kind varchar, day date, posted_at timestamptz, amount bigint)
LANGUAGE sql STABLE AS $$
    SELECT * FROM ledger_lines_after(coalesce((SELECT low_id FROM ledger_bookmark), 0),
                                     p_from, p_to)
$$;

-- 3. One pass ------------------------------------------------------------------------------
-- p_seen is the last value of the sequence, read before this transaction took its own xid.
-- Answers how far it came, how many entries that were and whether there is more to do now;
-- NULL when another worker is at it.
CREATE FUNCTION ledger_roll(
    p_seen bigint, p_limit int, p_now timestamptz,
    OUT rolled_to bigint, OUT entries bigint, OUT more boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- Whoever calls: no further than numbers were drawn, and some way ahead.
    v_seen bigint := least(p_seen, (SELECT last_value FROM ledger_entry_id_seq));
    v_limit int := greatest(p_limit, 1);
    v_xid bigint := pg_current_xact_id()::text::bigint;
    v_mark ledger_bookmark;
    v_to bigint;
    v_snapshot pg_snapshot;
    v_announced boolean := false;
BEGIN
    INSERT INTO ledger_bookmark (id, low_id, pending_id, pending_xid, rolled_at)
    VALUES (1, 0, 0, 0, p_now) ON CONFLICT DO NOTHING;
    SELECT * INTO v_mark FROM ledger_bookmark WHERE id = 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF v_mark.pending_xid > v_xid THEN
        -- The books came from a dump: the numbers of transactions began anew. Wait again.
        v_mark.pending_id := v_mark.low_id;
    END IF;

    -- Has every transaction older than pending_xid ended? xmax is one past the newest that
    -- ended, so beyond it one may run that the list of those in progress does not name.
    v_snapshot := pg_current_snapshot();
    v_to := v_mark.low_id;
    IF pg_snapshot_xmax(v_snapshot)::text::bigint >= v_mark.pending_xid
       AND NOT EXISTS (SELECT FROM pg_snapshot_xip(v_snapshot) x
                        WHERE x::text::bigint < v_mark.pending_xid) THEN
        v_to := least(v_mark.pending_id, v_mark.low_id + v_limit);
    END IF;
    entries := 0;
    IF v_to > v_mark.low_id THEN
        PERFORM ledger_roll_totals(v_mark.low_id, v_to);
        entries := ledger_build_block(v_to, p_now);
    END IF;
    IF v_to >= v_mark.pending_id AND v_seen > v_mark.pending_id THEN
        v_mark.pending_id := v_seen;
        v_mark.pending_xid := v_xid;
        v_announced := true;
    END IF;
    UPDATE ledger_bookmark
       SET low_id = v_to, pending_id = greatest(v_mark.pending_id, v_to),
           pending_xid = v_mark.pending_xid, rolled_at = p_now
     WHERE id = 1;
    more := v_announced OR (v_to > v_mark.low_id AND v_to < v_mark.pending_id);
    rolled_to := v_to;
END $$;

-- Empties all totals, so that they are made again from the lines. The chain and the snapshots stay.
CREATE FUNCTION ledger_forget_totals() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM ledger_bookmark FOR UPDATE;
    DELETE FROM ledger_daytotal;
    DELETE FROM ledger_monthtotal;
    DELETE FROM ledger_accounttotal;
    DELETE FROM ledger_bookmark;
END $$;

-- Adds the entries after p_low up to p_to to all three totals, reading their lines once.
CREATE FUNCTION ledger_roll_totals(p_low bigint, p_to bigint) RETURNS void
LANGUAGE sql AS $$
    WITH fine AS MATERIALIZED (
        SELECT l.account_id, a.code, ledger_summed_owner(a.owner) AS owner, l.currency,
               e.cluster, e.kind, l.effective_on AS day,
               coalesce(sum(l.amount_minor) FILTER (WHERE l.amount_minor > 0), 0) AS debits,
               coalesce(-sum(l.amount_minor) FILTER (WHERE l.amount_minor < 0), 0) AS credits,
               count(*) AS lines
          FROM ledger_line l
          JOIN ledger_entry e ON e.id = l.entry_id
          JOIN ledger_account a ON a.id = l.account_id
         WHERE l.entry_id > p_low AND l.entry_id <= p_to AND e.id > p_low AND e.id <= p_to
         GROUP BY l.account_id, a.code, a.owner, l.currency, e.cluster, e.kind, l.effective_on
    ), days AS (
        INSERT INTO ledger_daytotal AS t (day, code, owner, currency, cluster, kind,
                                          debits_minor, credits_minor, lines)
        SELECT day, code, owner, currency, cluster, kind, sum(debits), sum(credits), sum(lines)
          FROM fine GROUP BY day, code, owner, currency, cluster, kind
            ON CONFLICT (day, code, owner, currency, cluster, kind) DO UPDATE
           SET debits_minor = t.debits_minor + excluded.debits_minor,
               credits_minor = t.credits_minor + excluded.credits_minor,
               lines = t.lines + excluded.lines
    ), months AS (
        INSERT INTO ledger_monthtotal AS t (month, code, owner, currency, cluster, kind,
                                            debits_minor, credits_minor, lines)
        SELECT date_trunc('month', day)::date, code, owner, currency, cluster, kind,
               sum(debits), sum(credits), sum(lines)
          FROM fine GROUP BY 1, code, owner, currency, cluster, kind
            ON CONFLICT (month, code, owner, currency, cluster, kind) DO UPDATE
           SET debits_minor = t.debits_minor + excluded.debits_minor,
               credits_minor = t.credits_minor + excluded.credits_minor,
               lines = t.lines + excluded.lines
    )
    INSERT INTO ledger_accounttotal AS t (account_id, month, cluster, kind,
                                          debits_minor, credits_minor, lines)
    SELECT account_id, date_trunc('month', day)::date, cluster, kind,
           sum(debits), sum(credits), sum(lines)
      FROM fine GROUP BY 1, 2, cluster, kind
        ON CONFLICT (account_id, month, cluster, kind) DO UPDATE
       SET debits_minor = t.debits_minor + excluded.debits_minor,
           credits_minor = t.credits_minor + excluded.credits_minor,
           lines = t.lines + excluded.lines
$$;

-- Rows of this month are rewritten at every pass: room on their page keeps the new version there.
ALTER TABLE ledger_daytotal SET (fillfactor = 70);
ALTER TABLE ledger_monthtotal SET (fillfactor = 70);
ALTER TABLE ledger_accounttotal SET (fillfactor = 80);
