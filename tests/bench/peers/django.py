"""What other ledgers' Django needs to start: no file of ours."""

from __future__ import annotations

from typing import Any

from psycopg.conninfo import conninfo_to_dict

#: Like the work of our own adapter.
CREATORS = 200
SEED = 20250101


def configure(dsn: str, *apps: str, **settings: Any) -> None:
    """Start Django on a database, with the server binding arguments, as is fastest for them."""
    import django
    from django.conf import settings as django_settings

    place = conninfo_to_dict(dsn)
    django_settings.configure(
        SECRET_KEY="of-no-use-to-a-bench",
        DEBUG=False,
        USE_TZ=True,
        TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *apps],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": place["dbname"],
                "USER": place["user"],
                "HOST": place["host"],
                "PORT": str(place["port"]),
                "CONN_MAX_AGE": None,
                "OPTIONS": {"server_side_binding": True},
            }
        },
        ROOT_URLCONF="",
        **settings,
    )
    django.setup()


def creator_of(i: int) -> int:
    """Scatter posting ``i`` over the creators, as our own adapter does; counted from zero."""
    x = (i * 2654435761 + SEED) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    return (x ^ (x >> 13)) % CREATORS
