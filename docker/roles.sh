#!/bin/sh
# Makes the role of web, worker and beat; `release` says what it may do.
set -e
psql -v ON_ERROR_STOP=1 -v password="$APPLICATION_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE fanz_app LOGIN PASSWORD :'password';
SQL
