-- Tax records are kept as they were written; a rate may be confirmed, once.
CREATE FUNCTION tax_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'FL100';
END $$;

CREATE TRIGGER tax_line_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_taxline
    FOR EACH STATEMENT EXECUTE FUNCTION tax_refuse_change();

CREATE TRIGGER tax_switch_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_brandtaxation
    FOR EACH STATEMENT EXECUTE FUNCTION tax_refuse_change();

CREATE TRIGGER tax_rate_kept BEFORE DELETE OR TRUNCATE ON tax_taxrate
    FOR EACH STATEMENT EXECUTE FUNCTION tax_refuse_change();

CREATE TRIGGER tax_rate_confirmed_once BEFORE UPDATE ON tax_taxrate
    FOR EACH ROW WHEN (
        OLD.confirmed_at IS NOT NULL
        OR (to_jsonb(OLD) - 'confirmed_at' - 'confirmed_by_id')
            IS DISTINCT FROM (to_jsonb(NEW) - 'confirmed_at' - 'confirmed_by_id')
    ) EXECUTE FUNCTION tax_refuse_change();
