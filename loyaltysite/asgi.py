"""The entry point for ASGI servers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.prod")
os.environ.setdefault("WAFA_PROCESS", "web")

application = get_asgi_application()
