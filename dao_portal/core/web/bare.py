"""Answers that no middleware sees: the web server's own, the front's, and that of the last net."""

from csp.utils import build_policy
from django.conf import settings
from django.template import TemplateDoesNotExist
from django.template.loader import get_template


def bare_headers() -> dict[str, str]:
    """What the middlewares put on every answer, as one list."""
    headers = {
        "Content-Security-Policy": build_policy(),
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return headers


def bare_page(status: int, *, community: str = "") -> str:
    """The page for an error, without a request, a session or a database behind it."""
    try:
        template = get_template(f"{status}.html")
    except TemplateDoesNotExist:
        # What else a server cannot parse (414, 431, 501, ...) is the fault of whoever sent it.
        template = get_template("400.html")
    try:
        return template.render({"code": status, "community_name": community})
    except ValueError:  # the static files were never collected, so no page can name its style
        return f"<!doctype html><title>{status}</title><h1>{status}</h1>"
