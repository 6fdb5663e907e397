"""The entry point for gunicorn and other WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.prod")
os.environ.setdefault("WAFA_PROCESS", "web")

application = get_wsgi_application()
