"""What keeps the service from starting: unsafe settings and an unfit database, all at once, each with its remedy.

Decides only; settings and facts are arguments. Development listens on this machine alone and may lack
secrets; production is what others can reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, urlsplit

from app.accounts.rules import Role
from app.kernel.errors import Fault
from app.kernel.settings import Settings

LEAST_KEY_BYTES: Final = 32
LEAST_KEY_CHARACTERS: Final = 8
"""So many different characters a random key has: 32 hexadecimal digits lack them once in ten million."""
PLACEHOLDERS: Final = ("change", "example", "placeholder", "secret", "password", "insecure", "default")
STAFF: Final = frozenset(Role) - {Role.ENTERPRISE}
TLS_MODES: Final = frozenset({"require", "verify-ca", "verify-full"})
MAKE_KEY: Final = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What was found in the database at the start.

    `revision` is that of its tables (None: it has none), `newest` that of this version of the program;
    `may_change_trail` tells that the role in use may do more with the audit trail than read and add;
    `unreachable` are tables that it may not work with (then nothing else was looked at).
    """

    revision: str | None
    newest: str
    demo_people: int = 0
    may_change_trail: bool = False
    unreachable: tuple[str, ...] = ()


def settings_faults(settings: Settings, exposed: Sequence[str] = ()) -> list[Fault]:
    """Answer what is unsafe in settings; `exposed` names secret files that everybody on the machine may read."""
    found = [*_anywhere(settings)]
    if settings.environment == "production":
        found += [*_keys(settings), *_address(settings), *_database(settings), *_sign_on(settings)]
        found += [
            *_second_factor(settings),
            *_exposed(settings, exposed),
            *_mail(settings),
            *_figures(settings),
        ]
        if settings.log_level == "DEBUG":
            message = "libraries then log headers, with tokens in them"
            found.append(Fault("RONGQIAO_LOG_LEVEL", message, "Set INFO or higher."))
    elif not is_loopback(settings.host):
        message = "development listens on loopback only"
        remedy = "Use 127.0.0.1, or RONGQIAO_ENVIRONMENT=production."
        found.append(Fault("RONGQIAO_HOST", message, remedy, settings.host))
    return found


def database_faults(settings: Settings, facts: DatabaseFacts) -> list[Fault]:
    """Answer why the service cannot start on a database; its tables count everywhere, the rest in production."""
    if facts.unreachable:
        message = f"the role in use may not work with {', '.join(facts.unreachable)}"
        return [Fault("database", message, "Run `rongqiao db grant ROLE` as the owner, after each upgrade.")]
    # Newer is fine: migrations only add, so that this version serves on while the next is rolled out.
    if facts.revision is None or facts.revision < facts.newest:
        message = f"its tables are at migration {facts.revision or 'none'}, this version needs {facts.newest}"
        return [Fault("database", message, "Run `rongqiao db upgrade`.")]
    found = []
    if settings.environment == "production":
        if facts.demo_people:
            message = f"{facts.demo_people} demonstration accounts, whose passwords are public"
            found.append(Fault("database", message, "Use a database without `rongqiao seed demo`."))
        if facts.may_change_trail:
            message = "the role in use owns the audit trail or may change it"
            remedy = "Run `rongqiao db grant ROLE` as the owner, and name ROLE in RONGQIAO_DATABASE_URL."
            found.append(Fault("database", message, remedy))
    return found


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reachable from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _anywhere(settings: Settings) -> Iterator[Fault]:
    if settings.secrets_dir is not None and not settings.secrets_dir.is_dir():
        yield Fault("RONGQIAO_SECRETS_DIR", "no such folder", "Make it, or leave the setting out.")
    if settings.public_url and not _is_origin(settings.public_url.rstrip("/")):
        message = "not scheme://host[:port]"
        yield Fault("RONGQIAO_PUBLIC_URL", message, "Leave out path and query.", settings.public_url)
    for origin in settings.allowed_origins:
        if not _is_origin(origin):
            message = "not an exact origin scheme://host[:port]; * is never taken"
            yield Fault("RONGQIAO_CORS_ORIGINS", message, "Name each origin.", origin)
    if settings.smtp_host and not settings.mail_from:
        message = "missing, but there is a mail server"
        yield Fault("RONGQIAO_MAIL_FROM", message, "Name the mailbox that notices come from.")
    for name in sorted(_roles(settings) - set(Role)):
        remedy = f"Roles are {', '.join(Role)}."
        yield Fault("RONGQIAO_SECOND_FACTOR_ROLES", "no role of this name", remedy, name)


def _keys(settings: Settings) -> Iterator[Fault]:
    where, remedy = "RONGQIAO_SECRET_KEYS", f"Make one with: {MAKE_KEY}"
    keys = [key.strip() for key in settings.secret_keys.get_secret_value().split(",") if key.strip()]
    if not keys:
        yield Fault(where, "missing", remedy)
    for number, key in enumerate(keys, start=1):
        if len(key.encode()) < LEAST_KEY_BYTES:
            yield Fault(where, f"key {number} has fewer than {LEAST_KEY_BYTES} bytes", remedy)
        elif len(set(key)) < LEAST_KEY_CHARACTERS or any(word in key.lower() for word in PLACEHOLDERS):
            yield Fault(where, f"key {number} is not random", remedy)


def _address(settings: Settings) -> Iterator[Fault]:
    if not settings.is_public_https:
        message = "missing" if not settings.public_url else "not https"
        remedy = "Name the address that browsers use, such as https://rongqiao.example.gov.cn."
        yield Fault("RONGQIAO_PUBLIC_URL", message, remedy)
    if not settings.trusted_proxies:
        message = "0, but TLS ends at a proxy: all clients would have its address"
        remedy = "Say how many proxies stand in front; each appends to X-Forwarded-For."
        yield Fault("RONGQIAO_TRUSTED_PROXIES", message, remedy)
    for origin in settings.allowed_origins:
        if origin.startswith("http://"):
            yield Fault("RONGQIAO_CORS_ORIGINS", "not https", "Allow https origins only.", origin)


def _database(settings: Settings) -> Iterator[Fault]:
    parts, where = urlsplit(settings.database_url), "RONGQIAO_DATABASE_URL"
    if not parts.scheme.startswith("postgresql"):
        # Who can open the file can drop its triggers: nobody would be kept from changing the audit trail.
        message = "SQLite has no roles, so the audit trail would be in the service's own hands"
        yield Fault(where, message, "Use postgresql+asyncpg://ROLE@HOST/NAME.")
        return
    modes = parse_qs(parts.query).get("ssl", [])
    host = parts.hostname or next(iter(parse_qs(parts.query).get("host", [])), "")
    is_local = not host or host.startswith(("/", "%2f", "%2F")) or is_loopback(host)
    if not is_local and not TLS_MODES.intersection(modes):
        message = "the database is on another machine and the way there is not encrypted"
        yield Fault(where, message, "Add ?ssl=verify-full (or require) to the URL.")


def _sign_on(settings: Settings) -> Iterator[Fault]:
    if not settings.oidc_issuer:
        return
    if urlsplit(settings.oidc_issuer).scheme != "https":
        yield Fault("RONGQIAO_OIDC_ISSUER", "not https", "Use the https address of the single sign-on.")
    if not settings.oidc_client_id:
        yield Fault("RONGQIAO_OIDC_CLIENT_ID", "missing", "State our client id at the single sign-on.")
    if not settings.oidc_client_secret.get_secret_value():
        yield Fault("RONGQIAO_OIDC_CLIENT_SECRET", "missing", "Put it into RONGQIAO_SECRETS_DIR.")


def _mail(settings: Settings) -> Iterator[Fault]:
    is_open = settings.smtp_security == "none" and settings.smtp_host and not is_loopback(settings.smtp_host)
    if is_open:
        message = "the mail server is on another machine and the way there is not encrypted"
        yield Fault("RONGQIAO_SMTP_SECURITY", message, "Use starttls or tls.")


def _figures(settings: Settings) -> Iterator[Fault]:
    token = settings.metrics_token.get_secret_value()
    if token and len(token.encode()) < LEAST_KEY_BYTES:
        message = f"fewer than {LEAST_KEY_BYTES} bytes"
        yield Fault("RONGQIAO_METRICS_TOKEN", message, f"Make one with: {MAKE_KEY}")


def _second_factor(settings: Settings) -> Iterator[Fault]:
    without = sorted(STAFF - _roles(settings))
    if without:
        message = f"staff may sign in with a password alone: {', '.join(without)}"
        yield Fault("RONGQIAO_SECOND_FACTOR_ROLES", message, f"Set {','.join(sorted(STAFF))}.")


def _exposed(settings: Settings, exposed: Sequence[str]) -> Iterator[Fault]:
    for name in exposed:
        remedy = f"chmod o-rwx {settings.secrets_dir}/{name}"
        yield Fault("RONGQIAO_SECRETS_DIR", f"everybody on the machine may use the file {name}", remedy)


def _roles(settings: Settings) -> set[str]:
    return {name.strip() for name in settings.second_factor_roles.split(",") if name.strip()}


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_plain = parts.port != 0 and not (parts.path or parts.query or parts.fragment or parts.username)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_plain and "*" not in text
