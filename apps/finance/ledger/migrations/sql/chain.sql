-- The hash chain behind the postings. Works on PostgreSQL 15 to 18.
-- The canonical text is documented in docs/adr/0018-hash-chain-behind-the-postings.md and
-- computed again by an independent program in tests/finance/ledger/test_chain.py.

CREATE TRIGGER ledger_block_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_block
    EXECUTE FUNCTION ledger_refuse('a link of the chain is never changed');

-- One entry with its lines as one JSON array; the same text on every version.
CREATE FUNCTION ledger_entry_texts(p_first bigint, p_last bigint)
RETURNS TABLE (entry_id bigint, body text) LANGUAGE sql STABLE AS $$
    SELECT e.id,
           json_build_array(
               e.id, e.kind, e.source, encode(e.request_hash, 'hex'), e.line_count, e.cluster,
               to_char(e.effective_on, 'YYYY-MM-DD'),
               to_char(e.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               e.reverses_id, e.corrects_id, e.actor_id, e.memo, coalesce(w.lines, '[]')::json)::text
      FROM ledger_entry e
      LEFT JOIN (
           SELECT l.entry_id,
                  '[' || string_agg(
                      json_build_array(l.n, a.code, a.owner, l.currency, l.amount_minor,
                                       to_char(l.effective_on, 'YYYY-MM-DD'))::text,
                      ', ' ORDER BY l.n) || ']' AS lines
             FROM ledger_line l LEFT JOIN ledger_account a ON a.id = l.account_id
            WHERE l.entry_id BETWEEN p_first AND p_last
            GROUP BY l.entry_id) w ON w.entry_id = e.id
     WHERE e.id BETWEEN p_first AND p_last
$$;

CREATE FUNCTION ledger_block_hash(
    p_number bigint, p_first bigint, p_last bigint, p_previous text,
    OUT entries bigint, OUT hash text
) LANGUAGE sql STABLE AS $$
    SELECT count(*),
           encode(sha256(
               convert_to(json_build_array(p_number, p_first, p_last, count(*), p_previous)::text,
                          'UTF8')
               || coalesce(string_agg(sha256(convert_to(body, 'UTF8')), ''::bytea
                                      ORDER BY entry_id), ''::bytea)), 'hex')
      FROM ledger_entry_texts(p_first, p_last)
$$;

-- Adds the block that ends with entry p_to; none when there is nothing in it. How many entries.
CREATE FUNCTION ledger_build_block(p_to bigint, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_last ledger_block;
    v_first bigint;
    v_newest timestamptz;
    v_entries bigint;
    v_hash text;
BEGIN
    SELECT * INTO v_last FROM ledger_block ORDER BY number DESC LIMIT 1;
    v_first := coalesce(v_last.last_id, 0) + 1;
    SELECT max(posted_at) INTO v_newest FROM ledger_entry WHERE id BETWEEN v_first AND p_to;
    IF v_newest IS NULL THEN
        RETURN 0;
    END IF;
    SELECT h.entries, h.hash INTO v_entries, v_hash
      FROM ledger_block_hash(coalesce(v_last.number, 0) + 1, v_first, p_to,
                             coalesce(v_last.hash, repeat('0', 64))) h;
    INSERT INTO ledger_block (number, first_id, last_id, entries, newest_posted_at,
                              previous_hash, hash, built_at)
    VALUES (coalesce(v_last.number, 0) + 1, v_first, p_to, v_entries,
            greatest(v_newest, v_last.newest_posted_at), coalesce(v_last.hash, repeat('0', 64)),
            v_hash, p_now);
    RETURN v_entries;
END $$;
