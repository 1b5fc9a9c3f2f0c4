DROP TRIGGER tax_rate_confirmed_once ON tax_taxrate;
DROP TRIGGER tax_rate_kept ON tax_taxrate;
DROP TRIGGER tax_switch_kept ON tax_brandtaxation;
DROP TRIGGER tax_line_kept ON tax_taxline;
DROP FUNCTION tax_refuse_change();
