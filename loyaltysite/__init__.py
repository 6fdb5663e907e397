"""The Django project of Wafa, a customer-loyalty platform."""

from loyaltysite.celery import app as celery_app

__all__ = ["celery_app"]
