-- Post one entry: what ledger_post does, for one, where most postings are new and in good order.
-- Works on PostgreSQL 15 to 18.
--
-- code .. amount are per line. An account that is not opened yet, a source that is in the books,
-- whatever is refused: each undoes the attempt and is left to ledger_post, which opens, replays or
-- says why not. So no rule stands here. Runs as the owner of the tables, as ledger_post does.
CREATE FUNCTION ledger_post_one(
    p_now timestamptz, p_source text, p_kind text, p_hash bytea, p_cluster text, p_memo text,
    p_effective_on date, p_reverses bigint, p_corrects bigint, p_actor bigint,
    p_code text[], p_owner text[], p_currency text[], p_amount bigint[],
    OUT id bigint, OUT replayed boolean, OUT refusal text, OUT facts text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_lines int := cardinality(p_amount);
BEGIN
    -- Before any number is drawn: who follows the books knows by it which numbers may still come.
    PERFORM pg_current_xact_id();
    -- What is taken back is locked first, which ledger_post does.
    IF p_reverses IS NULL AND p_corrects IS NULL THEN
        id := nextval('ledger_entry_id_seq');
        BEGIN
            WITH entry AS (
                INSERT INTO ledger_entry (id, kind, source, request_hash, line_count, cluster,
                                          effective_on, posted_at, actor_id, memo)
                VALUES (ledger_post_one.id, p_kind, p_source, p_hash, v_lines, p_cluster,
                        p_effective_on, p_now, p_actor, p_memo)
            )
            INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency, effective_on)
            SELECT ledger_post_one.id, w.n, a.id, w.amount, w.currency, p_effective_on
              FROM unnest(p_code, p_owner, p_currency, p_amount) WITH ORDINALITY
                   w(code, owner, currency, amount, n)
              LEFT JOIN ledger_account a ON a.code = w.code AND a.owner = w.owner
                                        AND a.currency = w.currency;
            replayed := false;
            RETURN;
        EXCEPTION
            WHEN not_null_violation OR unique_violation OR numeric_value_out_of_range
              OR SQLSTATE 'FL001' OR SQLSTATE 'FL002' OR SQLSTATE 'FL003' OR SQLSTATE 'FL004'
              OR SQLSTATE 'FL005' OR SQLSTATE 'FL006' OR SQLSTATE 'FL008' OR SQLSTATE 'FL009'
              OR SQLSTATE 'FL007' OR SQLSTATE 'FL010' OR SQLSTATE 'FL011' OR SQLSTATE 'FL012'
              OR SQLSTATE 'FL013' THEN
                NULL;
        END;
    END IF;
    SELECT p.ids[1], coalesce(p.replayed[1], false), p.refusal, p.facts
      INTO id, replayed, refusal, facts
      FROM ledger_post(
               p_now, ARRAY[p_source], ARRAY[p_kind], p_hash, ARRAY[p_cluster], ARRAY[p_memo],
               ARRAY[p_effective_on], ARRAY[p_reverses], ARRAY[p_corrects], ARRAY[p_actor],
               ARRAY[v_lines]::smallint[], p_code, p_owner,
               ARRAY(SELECT generate_series(1, v_lines)), p_currency, '{}', '{}',
               ARRAY(SELECT generate_series(1, v_lines))::bigint[], p_amount) p;
END $$;
