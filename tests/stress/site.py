"""The portal for a gunicorn of a test's own: like tests/conftest.py, but in another process."""

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

from dao_portal.wsgi import application  # noqa: E402, F401
