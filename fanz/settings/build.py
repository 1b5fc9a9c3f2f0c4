"""For ``collectstatic`` while an image is built: no secret, no database, hashed names."""

from fanz.settings.base import *  # noqa: F403

SECRET_KEY = "used for building only"  # noqa: S105
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
