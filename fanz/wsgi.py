"""The WSGI application the web server serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from apps.core.middleware import ClientAddressHeader

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fanz.settings.production")

application = ClientAddressHeader(get_wsgi_application(), name=settings.CLIENT_ADDRESS_HEADER)
