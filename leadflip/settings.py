"""Everything that differs between installations comes from the environment (leadflip/env.py); .env.example explains each variable."""

from ipaddress import ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.csp import CSP

from accounts.vault import parse_master_keys
from delivery.outbound import parse_proxy
from leadflip.databases import databases
from leadflip.env import env_bool, env_int, env_list, env_text
from leadflip.mail_settings import mailers

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = env_text("LEADFLIP_ENV", default="local")
if ENVIRONMENT not in ("production", "local", "test"):
    raise ImproperlyConfigured(f"LEADFLIP_ENV is {ENVIRONMENT!r}; it must be production, local or test.")
IS_PRODUCTION = ENVIRONMENT == "production"
DEBUG = env_bool("LEADFLIP_DEBUG", default=False)

SECRET_KEY = env_text("LEADFLIP_SECRET_KEY", default="" if IS_PRODUCTION else "not-a-secret-outside-production")
MASTER_KEYS = parse_master_keys(env_text("LEADFLIP_MASTER_KEYS", default=""))
if IS_PRODUCTION and not SECRET_KEY:
    raise ImproperlyConfigured("LEADFLIP_SECRET_KEY is not set. Production needs a secret of its own.")
if IS_PRODUCTION and not MASTER_KEYS:
    raise ImproperlyConfigured("LEADFLIP_MASTER_KEYS is not set. Without a master key nothing can be sealed: set id:base64-of-32-bytes.")

PUBLIC_URL = env_text("LEADFLIP_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env_list("LEADFLIP_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "rest_framework",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "distribution",
    "delivery",
    "intake",
    "leadflip",
]

# The admin's name and mark.
UNFOLD = {
    "SITE_TITLE": "Leadflip admin",
    "SITE_HEADER": "Leadflip admin",
    "SITE_ICON": lambda _request: static("leadflip/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("leadflip/mark.svg")}],
}

MIDDLEWARE = [
    "leadflip.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "leadflip.admin_scope.AdminScopeMiddleware",
    "leadflip.addresses.NoNulMiddleware",  # within all that give the answer its headers
]

ROOT_URLCONF = "leadflip.urls"
WSGI_APPLICATION = "leadflip.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = databases(secret=SECRET_KEY)
DATABASE_ROUTERS = ["accounts.isolation.OwnerMigratesRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env_text("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "leadflip.cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "leadflip",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

MAILERS = mailers(is_test=ENVIRONMENT == "test")
DEFAULT_FROM_EMAIL = env_text("LEADFLIP_MAIL_FROM", default="Leadflip <leadflip@localhost>")

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if ENVIRONMENT == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the tests sign up hundreds of people
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.signing_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # by link, which outlives a mail server that is away; a code would not
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up
ACCOUNT_CHANGE_EMAIL = True  # one address, replaced once the new one is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in"
ACCOUNT_FORMS = {
    "login": "accounts.dashboard.entrance_forms.SignIn",
    "signup": "accounts.dashboard.entrance_forms.SignUp",
    "reset_password": "accounts.dashboard.entrance_forms.ForgottenPassword",
    "reset_password_from_key": "accounts.dashboard.entrance_forms.NewPassword",
    "set_password": "accounts.dashboard.entrance_forms.FirstPassword",
    "change_password": "accounts.dashboard.entrance_forms.ChangePassword",
    "add_email": "accounts.dashboard.entrance_forms.ChangeEmail",
    "reauthenticate": "accounts.dashboard.entrance_forms.ConfirmByPassword",
}
MFA_ADAPTER = "accounts.signing_in.SecondFactorAdapter"
MFA_TOTP_ISSUER = "Leadflip"
MFA_FORMS = {
    "authenticate": "accounts.dashboard.entrance_forms.SecondFactor",
    "reauthenticate": "accounts.dashboard.entrance_forms.ConfirmByCode",
    "activate_totp": "accounts.dashboard.entrance_forms.TurnOnSecondFactor",
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
# Elsewhere they are served from where they lie.
STATIC_ROOT = BASE_DIR / "static" if IS_PRODUCTION else None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION

# Plain HTTP is for the local stack; anywhere else cookies and pages are HTTPS only.
IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
IS_BEHIND_PROXY = env_bool("LEADFLIP_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if IS_BEHIND_PROXY else 0  # tries to sign in are counted by the client's address
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = False
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
CSRF_FAILURE_VIEW = "leadflip.rest.errors.csrf_failed"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20  # bytes; leadflip.rest answers 413 beyond it
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a rule of 1,000 conditions as a form
BULK_MAX_BYTES = 10 << 20
API_REQUESTS_PER_MINUTE = env_int("LEADFLIP_API_PER_MINUTE", default=12_000, at_least=0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.auth.ApiKeyAuthentication",
        "accounts.api.auth.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["leadflip.rest.throttle.AccountThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["leadflip.rest.json.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["leadflip.rest.json.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "leadflip.rest.json.AlwaysJson",
    "DEFAULT_PAGINATION_CLASS": "leadflip.rest.pagination.NewestFirst",
    "DEFAULT_METADATA_CLASS": "leadflip.rest.options.Methods",
    "DEFAULT_SCHEMA_CLASS": "leadflip.rest.schema.ErrorsToo",
    "EXCEPTION_HANDLER": "leadflip.rest.errors.answer_with_error",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Leadflip",
    "DESCRIPTION": (BASE_DIR / "docs" / "api.md").read_text() if (BASE_DIR / "docs" / "api.md").exists() else "",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SCHEMA_PATH_PREFIX": "/api/",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ChannelKind": "delivery.models.ChannelKindName",
        "DeliveryState": "delivery.models.DeliveryState",
        "JobState": "accounts.models.JobState",
        "ImportState": "intake.models.ImportState",
    },
}

# Who knows what uses the fields of an Entity (distribution.field_uses): a package names its own, since imports only go down.
FIELD_USERS = (
    "distribution.field_uses.find_rule_uses",
    "delivery.field_uses.find_channel_uses",
    "intake.lead_forms.find_form_uses",
)

# Who knows how assignments deliver (distribution.dashboard.channel_marks).
CHANNEL_MARKS = "delivery.dashboard.channel_marks.mark_channels"

# Who keeps something of a lead beside it, and forgets it when the lead is erased (delivery.erasure).
FORGETTERS_OF_LEADS = ("delivery.digest_changes.forget_leads", "intake.idempotency.forget_answers")

# Who is told of a job that was cancelled or failed, by its kind (accounts.jobs).
JOB_ENDINGS = {"import": "intake.imports.running.end_import", "retention": "delivery.erasure.end_retention"}

# The one way out (delivery.outbound). Empty in production: nothing but public addresses.
OUTBOUND_ALLOW = tuple(ip_network(network) for network in env_list("LEADFLIP_OUTBOUND_ALLOW", default=[]))
OUTBOUND_PORTS = frozenset(map(int, env_list("LEADFLIP_OUTBOUND_PORTS", default=["80", "443", "8080", "8443"])))
EGRESS_PROXY = None
if _egress_proxy := env_text("LEADFLIP_EGRESS_PROXY", default=""):
    try:
        EGRESS_PROXY = parse_proxy(_egress_proxy)
    except ValueError as error:
        raise ImproperlyConfigured(f"LEADFLIP_EGRESS_PROXY cannot be used; {error}.") from None

ENGINE_SLOTS = env_int("LEADFLIP_ENGINE_SLOTS", default=500)  # deliveries in flight per worker process

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "leadflip.requests.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    # Two lines per wake-up would drown everything else.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.worker.strategy", "mail.log")},
    "root": {"handlers": ["console"], "level": "INFO"},
}
