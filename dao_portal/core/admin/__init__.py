"""The admin: what every list in it does, and the floor's own tables.

Django looks here for the floor's pages, once all apps are ready.
"""

from . import registered  # noqa: F401
