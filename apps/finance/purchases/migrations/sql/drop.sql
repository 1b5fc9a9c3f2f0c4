DROP TRIGGER purchases_price_kept ON purchases_itemprice;
DROP FUNCTION purchases_refuse_change();
