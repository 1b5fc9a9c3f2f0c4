#!/bin/sh
# Starts one process of the platform: web, worker, beat, release, or any manage.py command.
set -e
case "$1" in
  release)
    python manage.py migrate --noinput
    python manage.py sync_roles
    [ -z "$APPLICATION_ROLE" ] || exec python manage.py grant_roles "$APPLICATION_ROLE" ;;
  web)
    exec granian --interface wsgi --host 0.0.0.0 --port "${PORT:-8000}" \
      --workers "${WEB_WORKERS:-2}" --blocking-threads "${WEB_THREADS:-4}" --no-ws \
      fanz.wsgi:application ;;
  worker)
    # TERM becomes a soft shutdown: an unfinished task goes back to the queue at once.
    export REMAP_SIGTERM=SIGQUIT
    exec celery -A fanz worker --loglevel info --concurrency "${WORKER_CONCURRENCY:-4}" ;;
  beat) exec celery -A fanz beat --loglevel info --schedule /tmp/beat-schedule ;;
  *) exec python manage.py "$@" ;;
esac
