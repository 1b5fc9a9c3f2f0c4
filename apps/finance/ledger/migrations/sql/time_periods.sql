-- Periods of the books. Works on PostgreSQL 15 to 18.

-- 1. A month moves OPEN -> CLOSING -> CLOSED -> OPEN; months close in order, reopen from the last
CREATE FUNCTION ledger_period_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' THEN
            RAISE EXCEPTION 'a month begins open' USING ERRCODE = 'FL100';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.month <> OLD.month OR NEW.id <> OLD.id
       OR (OLD.state, NEW.state) NOT IN (('OPEN', 'CLOSING'), ('CLOSING', 'OPEN'),
                                         ('CLOSING', 'CLOSED'), ('CLOSED', 'OPEN'),
                                         ('OPEN', 'OPEN'), ('CLOSING', 'CLOSING'),
                                         ('CLOSED', 'CLOSED')) THEN
        RAISE EXCEPTION 'month % does not go from % to %', OLD.month, OLD.state, NEW.state
            USING ERRCODE = 'FL100';
    END IF;
    IF NEW.state <> OLD.state THEN
        -- Whoever moves it, in psql too, waits for the postings under way.
        PERFORM ledger_hold_month(NEW.month);
    END IF;
    IF NEW.state <> OLD.state
       AND EXISTS (SELECT FROM ledger_period p WHERE p.month > NEW.month AND p.state <> 'OPEN')
    THEN
        RAISE EXCEPTION 'month % is followed by one that is closed', OLD.month
            USING ERRCODE = 'FL100';
    END IF;
    -- The newest step in its history says who opens it again, and a CHECK there that they are two.
    IF OLD.state = 'CLOSED' AND NEW.state = 'OPEN'
       AND (SELECT (m.from_state, m.to_state) FROM ledger_periodmove m
             WHERE m.period_id = NEW.id ORDER BY m.id DESC LIMIT 1)
           IS DISTINCT FROM ('CLOSED'::varchar, 'OPEN'::varchar) THEN
        RAISE EXCEPTION 'month % is opened again by two people, who are written down', OLD.month
            USING ERRCODE = 'FL012', DETAIL = '{}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_period_in_order BEFORE INSERT OR UPDATE ON ledger_period
    FOR EACH ROW EXECUTE FUNCTION ledger_period_moves();
CREATE TRIGGER ledger_period_kept BEFORE DELETE OR TRUNCATE ON ledger_period
    EXECUTE FUNCTION ledger_refuse('a month of the books is kept');
CREATE TRIGGER ledger_periodmove_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_periodmove
    EXECUTE FUNCTION ledger_refuse('the history of a month is append-only');

-- 2. The lock that a posting shares and the closing of its month takes alone -------------------
-- One lock for each month, so that closing the last month keeps nobody of this one waiting.
-- What is dated more than a year from today shares one lock, number 0. Which one a posting takes
-- depends on its clock and time zone, so a closing takes both.
CREATE FUNCTION ledger_month_key(p_day date) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_day NOT BETWEEN current_date - 366 AND current_date + 366 THEN 0
                ELSE (extract(year FROM p_day) * 12 + extract(month FROM p_day))::int END
$$;

-- Whoever moves a month to another state calls this first, and reads the books after it. It
-- waits for the postings under way; the caller sets lock_timeout. The first close also shuts
-- every month before it, so those are taken as well: as many as can have a lock of their own.
CREATE FUNCTION ledger_hold_month(p_month date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(20035, k.key)
       FROM (SELECT 0 AS key
              UNION ALL
             SELECT (extract(year FROM p_month) * 12 + extract(month FROM p_month))::int - n
               FROM generate_series(0, 26) n
              ORDER BY key) k;
END $$;

-- Called by the trigger on ledger_entry, for all the entries of a statement: p_from and p_to
-- are their first and last accounting date, p_first_id the lowest id. Raises FL010 when the
-- first is in a closed month, FL100 when an id was not drawn by the transaction that uses it.
-- Returns NULL as a rule, else the month being closed: entries dated before its end must be of
-- a kind in ledger_closing_kinds(), which the caller judges (it has the rows).
CREATE FUNCTION ledger_refuse_closed(p_from date, p_to date, p_first_id bigint) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
    v_closed date;
    v_closing date;
    v_from date := date_trunc('month', p_from)::date;
BEGIN
    IF v_from = date_trunc('month', p_to)::date THEN
        PERFORM pg_advisory_xact_lock_shared(20035, ledger_month_key(p_from));
        IF p_from <> p_to THEN  -- a year ago today runs through the month
            PERFORM pg_advisory_xact_lock_shared(20035, ledger_month_key(p_to));
        END IF;
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
    SELECT max(month) FILTER (WHERE state = 'CLOSED'), max(month) FILTER (WHERE state = 'CLOSING')
      INTO v_closed, v_closing
      FROM ledger_period WHERE month >= v_from;
    IF v_closed IS NOT NULL THEN
        RAISE EXCEPTION '% is in a closed period: the books are closed to the end of %',
                p_from, to_char(v_closed, 'YYYY-MM')
            USING ERRCODE = 'FL010',
                  DETAIL = json_build_object('effective_on', p_from,
                                             'closed_month', to_char(v_closed, 'YYYY-MM'));
    END IF;
    -- The totals and the chain pass over an id once every transaction older than it has ended.
    IF p_first_id < 1
       OR EXISTS (SELECT FROM ledger_bookmark b
                WHERE p_first_id <= b.low_id
                   OR (p_first_id <= b.pending_id
                       AND pg_current_xact_id()::text::bigint > b.pending_xid)) THEN
        RAISE EXCEPTION 'entry % takes a number that was not drawn for it', p_first_id
            USING ERRCODE = 'FL100';
    END IF;
    RETURN v_closing;
END $$;

-- What may still be dated in a month that is being closed.
CREATE FUNCTION ledger_closing_kinds() RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    VALUES ('MANUAL_ADJUSTMENT'), ('CORRECTION'), ('REVERSAL'), ('PERIOD_CLOSE'), ('WRITE_OFF'),
           ('DEPRECIATION'), ('CURRENCY_REVALUED')
$$;
