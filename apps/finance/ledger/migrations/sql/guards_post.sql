-- Post one entry or many: one call, one round trip. Works on PostgreSQL 15 to 18.
--
-- Per entry: source .. line_count; the hashes are one value, 32 bytes each. Per distinct account:
-- code .. currency (an index into p_currencies). Per line: entry and account (indexes from 1), its
-- number n, amount.
-- What is the same for all entries may come once: kind, cluster, memo, effective_on, actor,
-- line_count, and that nothing is reversed or corrected. Where all have the same number of lines,
-- p_entry and p_n may be empty. Most batches are so, and long arrays are dear to read. For the same
-- reason an array is only indexed where that is fast: numbers, and none of them missing.
-- A refusal is an answer (SQLSTATE and facts), not an error: nothing is written, and the
-- caller's transaction can go on. Runs as the owner of the tables: this is the only way in that
-- the role of the application has. The triggers judge it as they judge anybody.
DROP FUNCTION ledger_post;
CREATE FUNCTION ledger_post(
    p_now timestamptz,
    p_source text[], p_kind text[], p_hash bytea, p_cluster text[], p_memo text[],
    p_effective_on date[], p_reverses bigint[], p_corrects bigint[], p_actor bigint[],
    p_line_count smallint[],
    p_code text[], p_owner text[], p_currency int[], p_currencies text[],
    p_entry int[], p_n smallint[], p_account bigint[], p_amount bigint[],
    OUT ids bigint[], OUT replayed boolean[], OUT refusal text, OUT facts text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_accounts bigint[];
    v_ids bigint[];
    v_written int;
    v_name text;
    v_reused text;
    v_currency text := CASE WHEN cardinality(p_currencies) = 1 THEN p_currencies[1] END;
    v_day date := CASE WHEN cardinality(p_effective_on) = 1 THEN p_effective_on[1] END;
    v_actor bigint := CASE WHEN cardinality(p_actor) = 1 THEN p_actor[1] END;
    v_lines int := p_line_count[1];
BEGIN
    -- Before any number is drawn: who follows the books knows by it which numbers may still come.
    PERFORM pg_current_xact_id();
    -- What is taken back is locked first: the triggers do it before or after the balances,
    -- whichever attempt it is. A missing array element reads as nothing.
    IF cardinality(p_reverses) + cardinality(p_corrects) <> 2
       OR p_reverses[1] IS NOT NULL OR p_corrects[1] IS NOT NULL THEN
        PERFORM FROM ledger_entry e WHERE e.id = ANY (p_reverses || p_corrects)
          ORDER BY e.id FOR NO KEY UPDATE;
    END IF;
    -- Most sources are new: the first attempt leaves it to the unique index to say so. The second
    -- writes what is not in the books yet. Both are sorted by source, as two batches with common
    -- sources wait for each other.
    FOR attempt IN 1..2 LOOP
        BEGIN
            v_accounts := NULL;
            FOR opening IN 1..2 LOOP
                SELECT array_agg(a.id ORDER BY w.i) INTO v_accounts
                  FROM unnest(p_code, p_owner, p_currency) WITH ORDINALITY
                       w(code, owner, currency, i)
                  LEFT JOIN ledger_account a ON a.code = w.code AND a.owner = w.owner
                                            AND a.currency = p_currencies[w.currency];
                EXIT WHEN array_position(v_accounts, NULL) IS NULL;
                -- Sorted, as two postings that open the same accounts wait for each other.
                INSERT INTO ledger_account (code, owner, currency, type, normal_side,
                                            allows_overdraft, stripes, opened_at, is_frozen)
                SELECT w.code, w.owner, p_currencies[w.currency], '', '', false, 1, p_now, false
                  FROM unnest(p_code, p_owner, p_currency, v_accounts) w(code, owner, currency, id)
                 WHERE w.id IS NULL
                 ORDER BY w.code COLLATE "C", w.owner COLLATE "C",
                          p_currencies[w.currency] COLLATE "C"
                    ON CONFLICT DO NOTHING;
            END LOOP;
            -- Entries and lines come in one statement: their triggers run at its end, see both.
            v_ids := ARRAY(SELECT nextval('ledger_entry_id_seq')
                             FROM generate_series(1, cardinality(p_source)));
            IF attempt = 1 THEN
                WITH entry AS (
                    INSERT INTO ledger_entry (id, kind, source, request_hash, line_count, cluster,
                           effective_on, posted_at, reverses_id, corrects_id, actor_id, memo)
                    SELECT v_ids[h.i], coalesce(h.kind, p_kind[1]), h.source,
                           substr(p_hash, 32 * h.i::int - 31, 32),
                           coalesce(h.line_count, p_line_count[1]),
                           coalesce(h.cluster, p_cluster[1]), coalesce(h.effective_on, v_day),
                           p_now, h.reverses, h.corrects, coalesce(h.actor, v_actor),
                           coalesce(h.memo, p_memo[1])
                      FROM unnest(p_source, p_kind, p_cluster, p_memo, p_effective_on,
                                  p_reverses, p_corrects, p_actor, p_line_count) WITH ORDINALITY
                           h(source, kind, cluster, memo, effective_on, reverses, corrects,
                             actor, line_count, i)
                     ORDER BY h.source COLLATE "C"
                )
                INSERT INTO ledger_line
                       (entry_id, n, account_id, amount_minor, currency, effective_on)
                SELECT v_ids[coalesce(p_entry[i], (i - 1) / v_lines + 1)],
                       coalesce(p_n[i], (i - 1) % v_lines + 1),
                       v_accounts[p_account[i]], p_amount[i],
                       coalesce(v_currency, p_currencies[p_currency[p_account[i]]]),
                       coalesce(v_day, p_effective_on[coalesce(p_entry[i], (i - 1) / v_lines + 1)])
                  FROM generate_series(1, cardinality(p_amount)) i;
                ids := v_ids;
                RETURN;
            END IF;
            WITH entry AS (
                INSERT INTO ledger_entry (id, kind, source, request_hash, line_count, cluster,
                       effective_on, posted_at, reverses_id, corrects_id, actor_id, memo)
                SELECT v_ids[h.i], coalesce(h.kind, p_kind[1]), h.source,
                       substr(p_hash, 32 * h.i::int - 31, 32),
                       coalesce(h.line_count, p_line_count[1]),
                       coalesce(h.cluster, p_cluster[1]), coalesce(h.effective_on, v_day),
                       p_now, h.reverses, h.corrects, coalesce(h.actor, v_actor),
                       coalesce(h.memo, p_memo[1])
                  FROM unnest(p_source, p_kind, p_cluster, p_memo, p_effective_on,
                              p_reverses, p_corrects, p_actor, p_line_count) WITH ORDINALITY
                       h(source, kind, cluster, memo, effective_on, reverses, corrects,
                         actor, line_count, i)
                 ORDER BY h.source COLLATE "C"
                    ON CONFLICT (source) DO NOTHING
                RETURNING id
            ), line AS (
                INSERT INTO ledger_line
                       (entry_id, n, account_id, amount_minor, currency, effective_on)
                SELECT v_ids[coalesce(p_entry[i], (i - 1) / v_lines + 1)],
                       coalesce(p_n[i], (i - 1) % v_lines + 1),
                       v_accounts[p_account[i]], p_amount[i],
                       coalesce(v_currency, p_currencies[p_currency[p_account[i]]]),
                       coalesce(v_day, p_effective_on[coalesce(p_entry[i], (i - 1) / v_lines + 1)])
                  FROM generate_series(1, cardinality(p_amount)) i
                       -- IS TRUE keeps this a hashed lookup, whatever the planner knows.
                 WHERE (v_ids[coalesce(p_entry[i], (i - 1) / v_lines + 1)]
                        IN (SELECT id FROM entry)) IS TRUE
            )
            SELECT count(*) INTO v_written FROM entry;
            -- A new statement sees what a rival just committed.
            SELECT array_agg(e.id ORDER BY h.i), array_agg(e.id <> v_ids[h.i] ORDER BY h.i),
                   min(h.source) FILTER (WHERE e.request_hash
                                               <> substr(p_hash, 32 * h.i::int - 31, 32))
              INTO ids, replayed, v_reused
              FROM unnest(p_source) WITH ORDINALITY h(source, i)
              JOIN ledger_entry e ON e.source = h.source;
            IF v_reused IS NOT NULL THEN
                RAISE EXCEPTION 'source "%" was posted with other content', v_reused
                    USING ERRCODE = 'FL005', DETAIL = json_build_object('source', v_reused);
            END IF;
            RETURN;
        EXCEPTION
            WHEN SQLSTATE 'FL001' OR SQLSTATE 'FL002' OR SQLSTATE 'FL003' OR SQLSTATE 'FL004'
              OR SQLSTATE 'FL005' OR SQLSTATE 'FL006' OR SQLSTATE 'FL008' OR SQLSTATE 'FL009'
              OR SQLSTATE 'FL007' OR SQLSTATE 'FL010' OR SQLSTATE 'FL011' OR SQLSTATE 'FL012'
              OR SQLSTATE 'FL013' THEN
                GET STACKED DIAGNOSTICS refusal = RETURNED_SQLSTATE, facts = PG_EXCEPTION_DETAIL;
                ids := NULL;
                RETURN;
            WHEN numeric_value_out_of_range THEN
                refusal := 'FL007';
                facts := '{}';
                ids := NULL;
                RETURN;
            WHEN unique_violation THEN
                GET STACKED DIAGNOSTICS v_name = CONSTRAINT_NAME;
                CONTINUE WHEN v_name = 'ledger_entry_source_once' AND attempt = 1;
                IF v_name <> 'ledger_entry_reversed_once' THEN
                    RAISE;
                END IF;
                refusal := 'FL008';
                facts := '{}';
                ids := NULL;
                RETURN;
        END;
    END LOOP;
END $$;
