-- An account is what the chart says, and never stands under a group. Works on PostgreSQL 15 to 18.
CREATE OR REPLACE FUNCTION ledger_account_from_chart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    node record;
BEGIN
    SELECT * INTO node FROM ledger_chart() c WHERE c.code = NEW.code AND NOT c.is_group;
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
