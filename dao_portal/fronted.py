"""The WSGI entry point behind the portal's own front, on the socket that only the front knows."""

from dao_portal.core.web.handler import behind_front
from dao_portal.wsgi import application as portal

application = behind_front(portal)
