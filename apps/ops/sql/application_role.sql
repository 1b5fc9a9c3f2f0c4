-- What the role of web, worker and beat may do: its work, and nothing that goes round the guards.
--
-- Run as the owner of the tables, after every migration: manage.py grant_roles fanz_app, or
--     PGOPTIONS='-c fanz.application_role=fanz_app' psql -f apps/ops/sql/application_role.sql
-- The role must exist. Running it again changes nothing. Works on PostgreSQL 15 to 18.
DO $$
DECLARE
    v_role text := current_setting('fanz.application_role');
    v_table record;
    v_function regprocedure;
BEGIN
    PERFORM FROM pg_roles r WHERE r.rolname = v_role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no role "%": CREATE ROLE first', v_role;
    END IF;
    PERFORM FROM pg_roles r
      WHERE r.rolname = v_role
        AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
             OR r.rolname = current_user OR pg_has_role(r.oid, current_user, 'MEMBER'));
    IF FOUND THEN
        RAISE EXCEPTION 'role "%" is the owner or has powers of its own: no guard holds against it',
            v_role;
    END IF;

    -- 1. No table, function or temporary table of its own: nothing to hide a real one behind.
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC, %I',
                   current_database(), v_role);
    EXECUTE format('REVOKE ALL ON SCHEMA public FROM PUBLIC, %I', v_role);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), v_role);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', v_role);

    -- 2. It reads and writes rows; it never truncates, and adds neither trigger nor key.
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, %I', v_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I',
                   v_role);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, %I', v_role);
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', v_role);

    -- 3. What a trigger always refuses is not granted either: histories, journals, audit.
    FOR v_table IN
        SELECT c.relname, bool_or(t.tgtype & 16 > 0) AS no_update, bool_or(t.tgtype & 8 > 0) AS no_delete
          FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid
          JOIN pg_proc f ON f.oid = t.tgfoid
         WHERE c.relnamespace = 'public'::regnamespace AND t.tgqual IS NULL
           AND f.proname ~ '^[a-z]+_refuse(_change)?$'
         GROUP BY c.relname
    LOOP
        IF v_table.no_update THEN
            EXECUTE format('REVOKE UPDATE ON public.%I FROM %I', v_table.relname, v_role);
        END IF;
        IF v_table.no_delete THEN
            EXECUTE format('REVOKE DELETE ON public.%I FROM %I', v_table.relname, v_role);
        END IF;
    END LOOP;

    -- 4. The books are written by ledger_post and the triggers, which run as their owner. What is
    -- left are the two states of an account, holds, and the months with what stood at their ends.
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON ledger_entry, ledger_line, ledger_balance,'
                   ' ledger_account, ledger_kind_rule, django_migrations FROM %I', v_role);
    EXECUTE format('REVOKE ALL ON SEQUENCE ledger_entry_id_seq, ledger_account_id_seq FROM %I',
                   v_role);
    -- Totals, bookmark and chain are written by ledger_roll alone; what a check found is kept.
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON ledger_bookmark, ledger_daytotal,'
                   ' ledger_monthtotal, ledger_accounttotal, ledger_block FROM %I', v_role);
    EXECUTE format('REVOKE UPDATE, DELETE ON ledger_bookscheck FROM %I', v_role);
    -- The roll-forward asks how far the numbers are.
    EXECUTE format('GRANT SELECT ON SEQUENCE ledger_entry_id_seq TO %I', v_role);
    EXECUTE format('GRANT UPDATE (closed_at, is_frozen) ON ledger_account TO %I', v_role);
    EXECUTE format('REVOKE UPDATE, DELETE ON ledger_hold FROM %I', v_role);
    EXECUTE format('GRANT UPDATE (captured_minor, released_minor, state, ended_at) ON ledger_hold'
                   ' TO %I', v_role);

    -- 5. It calls functions, but can hang none of ours on a table of its own.
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, %I', v_role);
    FOR v_function IN
        SELECT f.oid::regprocedure FROM pg_proc f
         WHERE f.pronamespace = 'public'::regnamespace AND f.prorettype <> 'trigger'::regtype
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', v_function, v_role);
    END LOOP;
END $$;
