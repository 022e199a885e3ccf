"""All settings, read from the environment here and nowhere else. Importing this starts nothing.

| variable               | what                                                      | default                   |
|------------------------|-----------------------------------------------------------|---------------------------|
| `DEBUG`                | `1` on a development machine (`manage.py` sets it there)  | off                       |
| `SECRET_KEY`           | signs sessions; without it the server does not start      | a known one, with DEBUG   |
| `DATABASE_URL`         | `postgresql://user:password@host:port/name?sslmode=…`     | `postgresql:///studybeat` |
| `REDIS_URL`            | `redis://host:port/0` or `unix:///path`                   | `redis://127.0.0.1:6379`  |
| `ALLOWED_HOSTS`        | names the site answers to beside loopback, by comma       | none                      |
| `CSRF_TRUSTED_ORIGINS` | further origins that may use the cookie, by comma         | none                      |
| `CORS_ALLOWED_ORIGINS` | origins whose pages may call the API with a token         | none                      |
| `TRUSTED_PROXIES`      | addresses or networks whose `X-Forwarded-…` is believed   | none                      |
| `HSTS_SECONDS`         | how long browsers shall insist on HTTPS; 0: not           | a year; with DEBUG 0      |
| `STORE_WHOLE_ADDRESSES`| `1` to store addresses untruncated (docs/privacy.md)      | off                       |
| `METRICS_TOKEN`        | reads `/metrics` from other machines, as a bearer token   | none: this machine only   |
| `KEEP_ADDRESSES_DAYS`  | how long addresses and browser names are kept             | 90                        |
| `WAITLIST_OFFER_HOURS` | how long a seat is kept for whom it is offered to; `0.5`: | 24                        |
|                        | half an hour                                              |                           |
| `SITE_URL`             | where people find the site; for links in mails            | `http://127.0.0.1:PORT`   |
| `EMAIL_URL`            | `smtp+tls://user:password@host:587` (STARTTLS),           | `console://` with DEBUG,  |
|                        | `smtps://…` (TLS from the first byte), `smtp://…`         | else `smtp://localhost`   |
| `EMAIL_FROM`           | who mails are from                                        | `studybeat@localhost`     |
| `MEDIA_ACCEL`          | nginx's internal location of the uploads (decision 0058)   | none: sent from here      |
| `DATA_DIR`             | uploads, and the private servers of a development machine | `.data` in the checkout   |

`manage.py` sets `DATABASE_URL` and `REDIS_URL` itself where they are missing (lms/devservices.py).
"""

import logging
import os
import re
import warnings
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env_text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_flag(name: str) -> bool:
    return env_text(name).lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in env_text(name, default).split(",") if item.strip()]


def database(url: str) -> dict[str, Any]:
    """The DATABASES entry for a PostgreSQL URL; a `host` in its query may be a socket's folder, as libpq has it."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "lms.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "connect_timeout": 5,
            # A server that vanished without a word is noticed in seconds, not in the system's 15 minutes.
            "tcp_user_timeout": 10_000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            # While PostgreSQL is away the pool tries again after 1, 2, 4, … s, and gives up after `reconnect_timeout`;
            # only who asks next begins anew. So both are short: back within seconds, however long it was away.
            "pool": {"min_size": 1, "max_size": 20, "timeout": 5, "reconnect_timeout": 2},
            **options,
        },
    }


def mail(url: str) -> dict[str, Any]:
    """Django's EMAIL_… settings for `console://`, `smtp://…`, `smtp+tls://…` or `smtps://…`."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in {"smtp", "smtp+tls", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must be smtp://…, smtp+tls://… or smtps://… with a host, or console://")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 20,
    }


DEBUG = env_flag("DEBUG")
SECRET_KEY = env_text("SECRET_KEY", "insecure: for development only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY to a long random text (or DEBUG=1 on a development machine).")

DATA_DIR = Path(env_text("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
DATABASES = {"default": database(env_text("DATABASE_URL", "postgresql:///studybeat"))}
REDIS_URL = env_text("REDIS_URL", "redis://127.0.0.1:6379/0")
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]  # always: the machine asks itself how it is
ALLOWED_HOSTS = [*env_list("ALLOWED_HOSTS"), *LOOPBACK]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = env_list("TRUSTED_PROXIES")
for proxy in TRUSTED_PROXIES:
    try:
        ip_network(proxy)
    except ValueError:
        raise ImproperlyConfigured(f"TRUSTED_PROXIES: {proxy} is neither an address nor a network.") from None

METRICS_TOKEN = env_text("METRICS_TOKEN")
SITE_URL = env_text("SITE_URL", f"http://127.0.0.1:{env_text('PORT', '8000')}").rstrip("/")
vars().update(mail(env_text("EMAIL_URL", "console://" if DEBUG else "smtp://localhost")))
DEFAULT_FROM_EMAIL = env_text("EMAIL_FROM", "Studybeat <studybeat@localhost>")

INSTALLED_APPS = [
    "daphne",
    "lms",
    "realtime",
    "courses",
    "users",
    "channels",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "lms.security.ContentSecurityPolicyMiddleware",
    "lms.security.KnownHostMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lms.turns.TurnsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
ROOT_URLCONF = "lms.urls"
ASGI_APPLICATION = "lms.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# Who -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.signin.PasswordBackend"]
SESSION_ENGINE = "users.sessions"
PASSWORD_HASHERS = [
    "users.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/"
PASSWORD_RESET_TIMEOUT = 3600
STORE_WHOLE_ADDRESSES = env_flag("STORE_WHOLE_ADDRESSES")
KEEP_ADDRESSES_DAYS = int(env_text("KEEP_ADDRESSES_DAYS", "90"))

# Seats ---------------------------------------------------------------------------------------------------------

WAITLIST_OFFER_HOURS = float(env_text("WAITLIST_OFFER_HOURS", "24"))
if not 1 / 3600 <= WAITLIST_OFFER_HOURS <= 365 * 24:
    raise ImproperlyConfigured("WAITLIST_OFFER_HOURS is a number of hours, from a second (0.0003) to a year.")

# How it travels ------------------------------------------------------------------------------------------------

CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,  # else `?format=` is a parameter of everything, and 404 for what is not JSON
    "DEFAULT_PARSER_CLASSES": ["users.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "lms.rest.Pagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["users.throttling.RequestThrottle"],
    "DEFAULT_SCHEMA_CLASS": "lms.openapi.Schema",
    "DEFAULT_METADATA_CLASS": None,  # no OPTIONS: the schema says it all
    "EXCEPTION_HANDLER": "lms.errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Studybeat",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Two sets of choices, both of a field called `status`.
    "ENUM_NAME_OVERRIDES": {
        "CourseStatus": "courses.models.Course.Status",
        "EnrollmentStatus": "courses.models.CourseEnrollment.Status",
    },
    # What is sent and what is answered are two shapes: what is only read can not be sent.
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Files ---------------------------------------------------------------------------------------------------------

MEDIA_ROOT = DATA_DIR / "media"
MEDIA_ACCEL = env_text("MEDIA_ACCEL")
UPLOAD_MAX_BYTES = {
    "image": 10 * 1024**2,
    "video": 512 * 1024**2,
    "file": 100 * 1024**2,
    "captions": 1024**2,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2  # a request but for its files
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
APP_DIR = BASE_DIR / "frontend" / "app" / "dist"
WHITENOISE_ROOT = APP_DIR if APP_DIR.is_dir() else None
# What Vite and the manifest storage name after its contents never changes.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/assets/|^/static/.+\.[0-9a-f]{12}\.[^/]+$"
# WhiteNoise is synchronous; under ASGI Django says so once a process. And it misses files that were not collected:
# with DEBUG none are, without it every page that needs one fails loudly.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
warnings.filterwarnings("ignore", message="No directory at", module="django.core.handlers.base")

# Safety --------------------------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = int(env_text("HSTS_SECONDS", "0" if DEBUG else str(365 * 24 * 3600)))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains, and
    "security.W021",  # preloaded: a promise for a whole domain, which its owner makes where its TLS ends
    "security.W008",  # to HTTPS redirects whoever ends the TLS; this server speaks plain HTTP to it
]
# Pages of these origins may call the API with a token; the cookie stays with our own.
CORS_ALLOWED_ORIGINS = env_list("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After"]

# Logs ----------------------------------------------------------------------------------------------------------


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Uvicorn logs a traceback for every text that isn't UTF-8: the client's mistake, who gets close code 1007."""
    return not record.getMessage().startswith("Invalid UTF-8 sequence")


ADDRESS = re.compile(r"[\w.!#$%&*+/?^`{|}~-][\w.!#$%&*+/?^`{|}~'-]{0,63}@[\w.-]+")  # bounded: no line takes long


class Line(logging.Formatter):
    """Leaves e-mail addresses out: jobs name theirs when they fail, and mail servers whom they refuse. A log outlives
    what docs/privacy.md promises."""

    def format(self, record: logging.LogRecord) -> str:
        return ADDRESS.sub("…@…", super().format(record))


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": Line, "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "not_a_clients_mistake": {
            "()": "django.utils.log.CallbackFilter",
            "callback": is_worth_a_line,
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        **{room: {"level": "INFO"} for room in ("lms", "users", "courses", "realtime")},
        # Django's own handlers off; a client's mistakes (4xx) are not ours to warn about.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # A traceback for every try while Redis is away. Then /readyz says so, and no data is at stake.
        "channels_redis": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},  # at WARNING two lines for every try while PostgreSQL is away
        "uvicorn": {"level": "WARNING"},  # at INFO it has two lines for every websocket
        "uvicorn.error": {"filters": ["not_a_clients_mistake"]},
    },
}
