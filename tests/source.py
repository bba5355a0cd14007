"""Where the source is, for tests that read it."""

from django.conf import settings

PACKAGES = ["dao_portal", "accounts", "treasury", "governance", "social"]
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (settings.BASE_DIR / package).rglob("*.py")
    if "migrations" not in path.parts
)
