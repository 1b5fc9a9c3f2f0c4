-- Four eyes in the database. Works on PostgreSQL 15 to 18.

-- 1. A proposal is decided once; what was proposed never changes -----------------------------
CREATE FUNCTION ledger_proposal_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'PROPOSED' AND (OLD.id, OLD.kind, OLD.subject, OLD.payload, OLD.reason,
            OLD.idempotency_key, OLD.proposed_by_id, OLD.proposed_at, OLD.expires_at)
        IS NOT DISTINCT FROM (NEW.id, NEW.kind, NEW.subject, NEW.payload, NEW.reason,
            NEW.idempotency_key, NEW.proposed_by_id, NEW.proposed_at, NEW.expires_at) THEN
        RETURN NEW;
    END IF;
    -- Approving posts; the entry is written down in a second step, once.
    IF OLD.state = 'APPROVED' AND OLD.entry_id IS NULL
        AND to_jsonb(OLD) - 'entry_id' = to_jsonb(NEW) - 'entry_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'proposal % is decided, or would become another one', OLD.id
        USING ERRCODE = 'FL100';
END $$;
CREATE TRIGGER ledger_proposal_kept BEFORE UPDATE ON ledger_proposal
    FOR EACH ROW EXECUTE FUNCTION ledger_proposal_kept();
CREATE TRIGGER ledger_proposal_stays BEFORE DELETE OR TRUNCATE ON ledger_proposal
    EXECUTE FUNCTION ledger_refuse('a proposal is decided, never removed');

-- 2. It begins as proposed: nobody writes an approved one ------------------------------------
CREATE FUNCTION ledger_proposal_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a proposal begins as proposed' USING ERRCODE = 'FL012', DETAIL = '{}';
END $$;
CREATE TRIGGER ledger_proposal_begins BEFORE INSERT ON ledger_proposal
    FOR EACH ROW WHEN (NEW.state <> 'PROPOSED' OR NEW.entry_id IS NOT NULL)
    EXECUTE FUNCTION ledger_proposal_begins();

-- 3. An entry by hand is the entry of an approved proposal -----------------------------------
-- WHEN is judged without a call: every other kind of entry pays a comparison of text.
CREATE FUNCTION ledger_entry_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger_proposal p
      WHERE NEW.source = 'proposal:' || p.id
        AND p.id = nullif(substring(NEW.source FROM '^proposal:([0-9]{1,18})$'), '')::bigint
        AND p.state = 'APPROVED' AND p.kind = 'ENTRY';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry "%" has no approved proposal', NEW.source
            USING ERRCODE = 'FL012', DETAIL = json_build_object('source', NEW.source);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_approved BEFORE INSERT ON ledger_entry
    FOR EACH ROW WHEN (NEW.kind = 'MANUAL_ADJUSTMENT')
    EXECUTE FUNCTION ledger_entry_approved();
