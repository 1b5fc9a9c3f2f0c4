DROP TRIGGER fx_exchange_kept ON fx_exchange;
DROP TRIGGER fx_rate_kept ON fx_exchangerate;
DROP FUNCTION fx_refuse_change();
