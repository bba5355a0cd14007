"""The WSGI entry point, for a web server of one's own or a proxy of one's own before it."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")
django.setup(set_prefix=False)

from dao_portal.core.web.handler import PortalHandler  # noqa: E402  (needs the settings)

application = PortalHandler()
