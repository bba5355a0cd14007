"""Reads environment variables; a value that cannot be right stops the start.

Every reader raises ``ImproperlyConfigured`` with one line that names the variable, says what is
wrong and what to write instead. A line never repeats the value of a secret.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

DATABASE_SCHEMES = ("postgres", "postgresql")
REDIS_SCHEMES = ("redis", "rediss", "unix")
EMAIL_SCHEMES = tuple(sorted(environ.Env.EMAIL_SCHEMES))
SECRET_KEY_LENGTH = 50  # what Django's own deployment check asks for
FERNET_KEY_BYTES = 32


def refuse(name: str, problem: str, remedy: str) -> ImproperlyConfigured:
    """The error for variable ``name``, always in the same three parts."""
    return ImproperlyConfigured(f"{name} {problem}; {remedy}.")


@dataclass(frozen=True)
class PortalUrl:
    """The public address: https means production, http only this machine.

    ``host`` is as it stands in an address: an IPv6 one in brackets.
    """

    scheme: str
    host: str
    port: int | None

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def netloc(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


class Environment:
    """The variables, an empty one counting as unset."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables

    @classmethod
    def load(cls, dotenv: Path) -> "Environment":
        """The process's environment, completed by ``dotenv`` where that file exists."""
        if dotenv.exists():
            environ.Env.read_env(dotenv)
        return cls(os.environ)

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
            raise refuse(name, f"is {value!r}", "write 1 or 0")
        return value in {"1", "true", "yes", "on"}

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise refuse(name, f"is {value!r}", f"write a whole number from {least} to {most}")
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default).lower()
        if value not in choices:
            raise refuse(name, f"is {value!r}", f"write one of {', '.join(choices)}")
        return value

    def names(self, name: str) -> list[str]:
        """A comma-separated list."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def portal_url(self, name: str, default: str) -> PortalUrl:
        value = self.text(name, default)
        remedy = "write scheme and host only, like https://dao.example.org"
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError as error:
            raise refuse(name, f"is {value!r}", remedy) from error
        bare = value.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
        if parts.scheme not in {"http", "https"} or not parts.hostname or not bare:
            raise refuse(name, f"is {value!r}", remedy)
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise refuse(
                name,
                f"is {value!r}, and plain http is for this machine only",
                f"write https://{parts.hostname}, or http://localhost",
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return PortalUrl(parts.scheme, host, port)

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's DATABASES entry for a ``postgres://`` address."""
        value = self.text(name, default)
        example = "postgres://user:password@host:5432/dao_portal"
        if urlsplit(value).scheme not in DATABASE_SCHEMES:
            raise refuse(name, "is not a PostgreSQL address", f"write {example}")
        try:
            config: dict[str, Any] = environ.Env.db_url_config(value)
        except (ValueError, environ.ImproperlyConfigured) as error:
            raise refuse(name, "cannot be read", f"write {example}") from error
        if not config["NAME"]:
            raise refuse(name, "names no database", f"write {example}")
        config["HOST"] = unquote(config["HOST"])  # a socket's folder arrives as %2Ftmp%2F...
        return config

    def redis(self, name: str, default: str) -> "RedisUrl":
        value = self.text(name, default)
        try:
            return RedisUrl.parse(value)
        except ValueError as error:
            example = "redis://host:6379/0 or unix:///path/to/socket?db=0"
            raise refuse(name, "is not a Redis or Valkey address", f"write {example}") from error

    def email(self, name: str) -> dict[str, Any] | None:
        """Django's EMAIL_* settings, or None when the variable is not set."""
        value = self.text(name)
        if not value:
            return None
        example = "smtp+tls://user:password@mail.example.org:587"
        if urlsplit(value).scheme not in EMAIL_SCHEMES:
            raise refuse(name, "is not the address of a mail server", f"write {example}")
        try:
            config: dict[str, Any] = environ.Env.email_url_config(value)
        except (ValueError, environ.ImproperlyConfigured) as error:
            raise refuse(name, "cannot be read", f"write {example}") from error
        return config

    def secret_key(self, name: str, *, kept_in: Path | None) -> str:
        value = self.text(name)
        if not value:
            value = self._kept(name, kept_in, secrets.token_urlsafe(64))
        if len(value) < SECRET_KEY_LENGTH or len(set(value)) < 5 or "insecure" in value:
            command = "python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
            raise refuse(name, "is not a long random text", f"make one with {command}")
        return value

    def fernet_keys(self, name: str, *, kept_in: Path | None) -> list[str]:
        """Keys for encrypted columns, the newest first."""
        keys = self.names(name)
        if not keys:
            fresh = base64.urlsafe_b64encode(secrets.token_bytes(FERNET_KEY_BYTES)).decode()
            keys = [self._kept(name, kept_in, fresh)]
        for position, key in enumerate(keys, start=1):
            try:
                good = len(base64.b64decode(key, altchars=b"-_", validate=True)) == FERNET_KEY_BYTES
            except binascii.Error:
                good = False
            if not good:
                raise refuse(
                    name,
                    f"has a bad key at place {position}",
                    "write 32 random bytes in URL-safe base64, several separated by commas",
                )
        return keys

    def _kept(self, name: str, folder: Path | None, fresh: str) -> str:
        """The secret made once on this machine; production has to bring its own."""
        if folder is None:
            raise refuse(name, "is not set", "an https PORTAL_URL needs it, see docs/settings.md")
        return kept_secret(folder / name.lower(), fresh)


@dataclass(frozen=True)
class RedisUrl:
    """One Redis or Valkey: database ``db`` holds the queue, the next one the cache."""

    base: str
    query: str
    db: int
    socket: bool

    @classmethod
    def parse(cls, value: str) -> "RedisUrl":
        """ValueError when ``value`` is none of redis://, rediss:// and unix://."""
        parts = urlsplit(value)
        if parts.scheme not in REDIS_SCHEMES:
            raise ValueError(parts.scheme)
        options = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
        number = options.pop("db", "0" if parts.scheme == "unix" else parts.path.strip("/") or "0")
        query = "&".join(f"{key}={text}" for key, text in options.items())
        if parts.scheme == "unix":
            if not parts.path.strip("/"):
                raise ValueError("no path")
            return cls(f"{parts.netloc}{parts.path}", query, int(number), socket=True)
        if not parts.hostname or (parts.port or 1) < 1:
            raise ValueError("no host")
        return cls(f"{parts.scheme}://{parts.netloc}", query, int(number), socket=False)

    @property
    def broker(self) -> str:
        """As Celery writes it."""
        if self.socket:
            return self._with_query(f"redis+socket://{self.base}", f"virtual_host={self.db}")
        return self._with_query(f"{self.base}/{self.db}")

    @property
    def cache(self) -> str:
        """As redis-py writes it. A database of its own: clearing the cache leaves the queue."""
        if self.socket:
            return self._with_query(f"unix://{self.base}", f"db={self.db + 1}")
        return self._with_query(f"{self.base}/{self.db + 1}")

    def _with_query(self, address: str, *more: str) -> str:
        query = "&".join(part for part in (*more, self.query) if part)
        return f"{address}?{query}" if query else address


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def kept_secret(path: Path, fresh: str) -> str:
    """The secret in ``path``, which is ``fresh`` when this call is the first to ask (mode 0600).

    Two processes that ask at once agree: the file appears whole, and only once.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(fresh)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
