"""The Celery application: `celery -A dao_portal worker` and `beat`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")

app = Celery("dao_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
