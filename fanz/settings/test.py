"""The test suite: real PostgreSQL and Valkey, fast hashing, tasks run in place."""

import os

os.environ.setdefault("DEBUG", "false")

from fanz.settings.dev import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Each worker of the suite has a cache of its own: clear() empties only its keys' database.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
CACHES["default"]["LOCATION"] = redis_database(4 + _worker)
# Threads of concurrency tests open connections of their own; no pool keeps them after the test.
DATABASES["default"]["OPTIONS"].pop("pool")
CLUSTER_DIRECTORY_SECONDS = 3600  # so that a slow test asks no query more than a fast one
MEMORY_SECONDS = 0  # what one test reads, the next must read anew
