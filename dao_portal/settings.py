"""All settings, from the environment (docs/settings.md lists the variables).

PORTAL_URL decides: https means production (secure cookies, HSTS, secrets required), http means
this machine only (secrets are made once and kept in DAO_STATE_DIR/secrets).
"""

from pathlib import Path
from typing import Any

import django_stubs_ext
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from dao_portal.embedded import servers
from dao_portal.environment import Environment, refuse

django_stubs_ext.monkeypatch()  # lets a class be written as ModelAdmin[Proposal]

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment.load(BASE_DIR / ".env")

# --- where and for whom ---------------------------------------------------------------------

STATE_DIR = Path(env.text("DAO_STATE_DIR", str(BASE_DIR / ".local"))).absolute()
PORTAL_PORT = env.number("DAO_PORT", default=8000, least=1, most=65535)
PORTAL_URL = env.portal_url("PORTAL_URL", default=f"http://localhost:{PORTAL_PORT}")
# The front that `runportal` puts before gunicorn (dao_portal/front.py), and who ends TLS.
FRONT = env.flag("DAO_FRONT", default=True)
TLS = env.choice("DAO_TLS", ("auto", "internal", "off"), "auto" if PORTAL_URL.secure else "off")
if TLS != "off" and not PORTAL_URL.secure:
    raise refuse("DAO_TLS", f"is {TLS!r}, and PORTAL_URL is http", "write an https PORTAL_URL")
if not FRONT:
    TLS = "off"
if not env.text("DAO_PORT") and not (PORTAL_URL.secure and TLS == "off"):
    PORTAL_PORT = PORTAL_URL.port or (443 if PORTAL_URL.secure else PORTAL_PORT)
REDIRECT_PORT = env.number("DAO_HTTP_PORT", default=80, least=1, most=65535)
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DAO_DEMO")

if PORTAL_URL.secure:
    for name, wanted in {"DEBUG": DEBUG, "DAO_DEMO": DEMO}.items():
        if wanted:
            raise refuse(name, "is on, and PORTAL_URL is https", f"write {name}=0 in production")

# --- secrets --------------------------------------------------------------------------------

SECRETS_DIR = None if PORTAL_URL.secure else STATE_DIR / "secrets"
SECRET_KEY = env.secret_key("SECRET_KEY", kept_in=SECRETS_DIR)
FIELD_ENCRYPTION_KEYS = env.fernet_keys("FIELD_ENCRYPTION_KEYS", kept_in=SECRETS_DIR)

# --- parts ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "social",
    "governance",
    "treasury",
    "accounts",
    "dao_portal.operations",
    "dao_portal.core",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "csp",
    "django.forms",
    "dao_portal.core.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    # First the headers that every answer carries, also one that refuses.
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dao_portal.core.web.middleware.read_to_the_end",
    "dao_portal.core.web.middleware.refuse_damaged",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dao_portal.core.web.middleware.keep_private",
    "accounts.middleware.viewer_zone",
    "dao_portal.core.web.middleware.RequestInfoMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dao_portal.core.web.middleware.CollisionMiddleware",
]

ROOT_URLCONF = "dao_portal.urls"
WSGI_APPLICATION = "dao_portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if DEMO:
    INSTALLED_APPS.insert(0, "dao_portal.demo")

# subscriber -> who is told of the actions that it listens to (dao_portal/core/audit/events.py)
EVENT_SUBSCRIBERS = {
    "notifications": "social.subscribers.NoticeSubscriber",
    "waiting_holdings": "treasury.subscribers.WaitingHoldingsSubscriber",
    "voting_power": "treasury.subscribers.WeightsSubscriber",
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dao_portal.core.web.context.portal",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data -----------------------------------------------------------------------------------

DATABASES = {
    "default": env.database("DATABASE_URL", servers.database_url(STATE_DIR))
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
}
# A server that does not even refuse costs a page this many seconds, not the system's two minutes.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

# What nobody brings runs here: see dao_portal/embedded/servers.py.
EMBEDDED_SERVICES = [
    service
    for service, variable in {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}.items()
    if not env.text(variable)
]

redis_url = env.redis("REDIS_URL", servers.redis_url(STATE_DIR))
CACHES = {
    "default": {
        "BACKEND": "dao_portal.core.web.cache.DegradingRedisCache",
        "LOCATION": redis_url.cache,
        "KEY_PREFIX": "portal",
        # A server that is gone costs a page half a second at most, not redis-py's three retries.
        "OPTIONS": {
            "socket_connect_timeout": 0.5,
            "socket_timeout": 1,
            "retry": Retry(NoBackoff(), 0),
        },
    }
}

# --- queue: PostgreSQL knows what is due, Celery only wakes things up ------------------------

CELERY_BROKER_URL = redis_url.broker
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A killed worker's task runs again after this many seconds; it must exceed the time limit.
    "visibility_timeout": 180,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # A member does not wait for a broker that is gone: the sweep does what this message asked for.
    "max_retries": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "open and close proposals": {"task": "governance.tasks.advance_proposals", "schedule": 15},
    "deliver events": {"task": "dao_portal.core.tasks.deliver_events", "schedule": 30},
    "send mails": {"task": "dao_portal.core.tasks.send_mails", "schedule": 30},
    "forget mails": {
        "task": "dao_portal.core.tasks.forget_mails",
        "schedule": crontab(hour=3, minute=47),
    },
    "make partitions": {
        "task": "dao_portal.core.tasks.maintain_partitions",
        "schedule": crontab(hour=3, minute=17),
    },
    "forget sent forms": {
        "task": "dao_portal.core.tasks.forget_form_keys",
        "schedule": crontab(hour=3, minute=37),
    },
}
for entry in CELERY_BEAT_SCHEDULE.values():
    # A sweep that waited longer than a minute is worth nothing: the next one is already there.
    entry["options"] = {"expires": 60}

# --- people ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.MemberBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "add_email": "accounts.forms.AddEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = PORTAL_URL.scheme
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
# Whoever opened the mailed link and chose a password is in, whatever strangers tried meanwhile.
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60  # seconds after a sign-in, or after being asked again

# How often; "key" is an address that is typed. Wrong passwords are counted in accounts/guesses.py.
# A reset is never refused before three mails of the last hour have reached their owner. Mails with
# a confirmation are counted for the address, and before that (accounts/links.py) for the account
# that asks and for the address as one network asks for it: neither alone uses up the address's.
ACCOUNT_RATE_LIMITS = {
    "signup": "10/m/ip,30/h/ip,100/d/ip",
    "login": "30/m/ip",
    "reset_password": "10/m/ip,60/h/ip,3/h/key,20/d/key",
    "confirm_email": "10/d/key",
    "confirm_email_account": "1/3m/key,3/d/key",
    "confirm_email_network": "3/d/key",
    "manage_email": "10/m/user,100/d/user",
}
ACCOUNT_MAX_EMAIL_ADDRESSES = 10

# Where our own front does not end TLS, a proxy does behind an https address, and names the client.
TRUSTED_PROXY_COUNT = env.number(
    "TRUSTED_PROXY_COUNT", default=int(PORTAL_URL.secure), least=0, most=9
)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
# Our own front is none of them: it is a part of the portal, and where it ends TLS, the first.
PROXIES_BEFORE_FRONT = TRUSTED_PROXY_COUNT if env.text("TRUSTED_PROXY_COUNT") or TLS == "off" else 0

# --- mail -----------------------------------------------------------------------------------

DEV_MAIL_DIR = STATE_DIR / "mail"
MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
email_server = env.email("EMAIL_URL")
if email_server:
    MAIL_TRANSPORT = email_server.pop("EMAIL_BACKEND")
    globals().update(email_server)
elif not PORTAL_URL.secure:
    MAIL_TRANSPORT = "dao_portal.core.devmail.EmailBackend"  # readable at /dev/mail/
# Every mail is written down first; MAIL_TRANSPORT sends it then (dao_portal/core/outbox.py).
EMAIL_BACKEND = "dao_portal.core.outbox.EmailBackend"
EMAIL_TIMEOUT = 10  # seconds, for each step: the worker waits, never a page
DEFAULT_FROM_EMAIL = f"no-reply@{PORTAL_URL.host}"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- security -------------------------------------------------------------------------------

this_machine = [] if PORTAL_URL.secure else ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [PORTAL_URL.host, *env.names("ALLOWED_HOSTS"), *this_machine]
CSRF_TRUSTED_ORIGINS = [str(PORTAL_URL)]

# __Host-: the browser refuses the cookie from any other host, or without https.
cookie_prefix = "__Host-" if PORTAL_URL.secure else ""
SESSION_COOKIE_NAME = f"{cookie_prefix}session"
SESSION_COOKIE_SECURE = PORTAL_URL.secure
CSRF_COOKIE_NAME = f"{cookie_prefix}csrf"
CSRF_COOKIE_SECURE = PORTAL_URL.secure
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = PORTAL_URL.secure
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

if PORTAL_URL.secure:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from inside, without the proxy
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    if TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Subdomains and the browsers' preload list bind more than this host: its owner decides on them.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
# Goes into <meta name="htmx-config">. No eval, no inline style, nothing private in the browser's
# storage; "style" is absent from the attributes to settle, because writing it breaks the policy.
HTMX_CONFIG = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "attributesToSettle": ["class", "width", "height"],
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}

# --- words, times, files, logs ---------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "dao_portal.core.locale_formats"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = STATE_DIR / "media"  # members' pictures; accounts.views.picture serves them
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "dao_portal.core.web.uploads.NamelessFileUploadHandler",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dao_portal.core.web.staticfiles.PortalStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "dao_portal.logs.LineFormatter",
            "format": "%(levelname)s %(name)s: %(message)s",
        }
    },
    "filters": {"brief": {"()": "dao_portal.logs.BriefRefusals"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["brief"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own handlers would print errors only with DEBUG and mail them to nobody.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Strangers who try wrong host names get their 400; the log is for us.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
