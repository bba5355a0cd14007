"""The project. Celery's application is loaded here, so that every `shared_task` finds it."""

from dao_portal.celery import app as celery_app

__all__ = ["celery_app"]
