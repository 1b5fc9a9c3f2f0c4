-- What no program may do to statements and matches, whoever writes.
-- FR001 lines of a statement that is not being loaded   FR002 content changed
-- FR003 matched again                                   FR004 the sides of a match differ

CREATE FUNCTION reconciliation_only_while_loading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT statement_id FROM touched) t
        LEFT JOIN reconciliation_statement s ON s.id = t.statement_id
        WHERE s.state IS DISTINCT FROM 'LOADING'
    ) THEN
        RAISE EXCEPTION 'lines come and go only while their statement is loading'
            USING ERRCODE = 'FR001';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER reconciliation_line_added AFTER INSERT ON reconciliation_statementline
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_only_while_loading();
CREATE TRIGGER reconciliation_line_removed AFTER DELETE ON reconciliation_statementline
    REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_only_while_loading();

CREATE FUNCTION reconciliation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is kept as it came', TG_TABLE_NAME USING ERRCODE = 'FR002';
END $$;

CREATE TRIGGER reconciliation_line_kept BEFORE UPDATE ON reconciliation_statementline
    FOR EACH ROW WHEN (
        (OLD.id, OLD.statement_id, OLD.n, OLD.booked_on, OLD.value_on, OLD.amount_minor,
         OLD.fee_minor, OLD.compared_minor, OLD.reference, OLD.counterparty, OLD.text)
        IS DISTINCT FROM
        (NEW.id, NEW.statement_id, NEW.n, NEW.booked_on, NEW.value_on, NEW.amount_minor,
         NEW.fee_minor, NEW.compared_minor, NEW.reference, NEW.counterparty, NEW.text)
    ) EXECUTE FUNCTION reconciliation_refuse_change();
CREATE TRIGGER reconciliation_item_kept BEFORE UPDATE ON reconciliation_bookitem
    FOR EACH ROW WHEN (
        (OLD.id, OLD.source_id, OLD.entry_id, OLD.n, OLD.amount_minor, OLD.effective_on,
         OLD.event, OLD.reference)
        IS DISTINCT FROM
        (NEW.id, NEW.source_id, NEW.entry_id, NEW.n, NEW.amount_minor, NEW.effective_on,
         NEW.event, NEW.reference)
    ) EXECUTE FUNCTION reconciliation_refuse_change();
CREATE TRIGGER reconciliation_item_stays BEFORE DELETE OR TRUNCATE ON reconciliation_bookitem
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_refuse_change();
CREATE TRIGGER reconciliation_match_stays BEFORE DELETE OR TRUNCATE ON reconciliation_match
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_refuse_change();
CREATE TRIGGER reconciliation_line_stays BEFORE TRUNCATE ON reconciliation_statementline
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_refuse_change();

-- Two sessions that match the same line: the second waits for the row, then stands here.
CREATE FUNCTION reconciliation_refuse_second_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % is matched already', TG_TABLE_NAME, OLD.id USING ERRCODE = 'FR003';
END $$;

CREATE TRIGGER reconciliation_line_matched_once BEFORE UPDATE ON reconciliation_statementline
    FOR EACH ROW WHEN (OLD.match_id IS NOT NULL AND NEW.match_id IS NOT NULL)
    EXECUTE FUNCTION reconciliation_refuse_second_match();
CREATE TRIGGER reconciliation_item_matched_once BEFORE UPDATE ON reconciliation_bookitem
    FOR EACH ROW WHEN (OLD.match_id IS NOT NULL AND NEW.match_id IS NOT NULL)
    EXECUTE FUNCTION reconciliation_refuse_second_match();

-- Judged at the end of the statement that writes lines and items together. EXECUTE has it
-- planned for as many rows as there are.
CREATE FUNCTION reconciliation_sides_agree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    EXECUTE '
        WITH touched AS (
            SELECT match_id FROM after_rows WHERE match_id IS NOT NULL
            UNION SELECT match_id FROM before_rows WHERE match_id IS NOT NULL
        ), parts AS (
            SELECT l.match_id, l.compared_minor AS minor, s.source_id
            FROM reconciliation_statementline l
            JOIN reconciliation_statement s ON s.id = l.statement_id
            WHERE l.match_id > 0 AND l.match_id IN (SELECT match_id FROM touched)
            UNION ALL
            SELECT i.match_id, -i.amount_minor, i.source_id
            FROM reconciliation_bookitem i
            WHERE i.match_id > 0 AND i.match_id IN (SELECT match_id FROM touched)
            UNION ALL
            SELECT match_id, 0, NULL FROM touched
        ), sums AS (
            SELECT match_id, sum(minor) AS difference, min(source_id) AS least,
                   max(source_id) AS most
            FROM parts GROUP BY match_id
        )
        SELECT s.match_id FROM sums s
        LEFT JOIN reconciliation_match m ON m.id = s.match_id
        WHERE m.id IS NULL
           OR CASE WHEN m.undone_at IS NULL
                   THEN s.difference <> m.difference_minor
                        OR s.least IS DISTINCT FROM m.source_id
                        OR s.most IS DISTINCT FROM m.source_id
                   ELSE s.least IS NOT NULL END
        LIMIT 1' INTO wrong;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the sides of match % do not agree', wrong USING ERRCODE = 'FR004';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER reconciliation_line_agrees AFTER UPDATE ON reconciliation_statementline
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_sides_agree();
CREATE TRIGGER reconciliation_item_agrees AFTER UPDATE ON reconciliation_bookitem
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_sides_agree();

-- A match may be undone, and is otherwise as it was made.
CREATE TRIGGER reconciliation_match_kept BEFORE UPDATE ON reconciliation_match
    FOR EACH ROW WHEN (
        OLD.undone_at IS NOT NULL
        OR (OLD.id, OLD.source_id, OLD.statement_id, OLD.rule, OLD.difference_minor,
            OLD.matched_at, OLD.matched_by_id, OLD.reason)
           IS DISTINCT FROM
           (NEW.id, NEW.source_id, NEW.statement_id, NEW.rule, NEW.difference_minor,
            NEW.matched_at, NEW.matched_by_id, NEW.reason)
    ) EXECUTE FUNCTION reconciliation_refuse_change();

-- No two statements of an account cover the same day. Ranges need no extension for this.
ALTER TABLE reconciliation_statement ADD CONSTRAINT reconciliation_periods_apart
    EXCLUDE USING gist (
        int8range(source_id, source_id, '[]') WITH &&,
        daterange(period_start, period_end, '[]') WITH &&
    ) WHERE (state <> 'REFUSED');
