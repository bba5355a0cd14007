"""Processes, locks, users and folders: what starting and stopping a server needs of the system."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil


class ServiceError(RuntimeError):
    """A service cannot run; the text says why and what to do about it."""


# --- processes ----------------------------------------------------------------------------------


def is_alive(process: psutil.Process) -> bool:
    """A zombie is dead: only its parent has not looked yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_process(process: psutil.Process, with_signal: signal.Signals, seconds: float) -> None:
    """Ask, wait, then insist. Returns when the process is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(with_signal)
    await_end(process, seconds)


def await_end(process: psutil.Process, seconds: float) -> None:
    """Wait for a process that was asked to end, then insist. Returns when it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        deadline = time.monotonic() + seconds
        while is_alive(process) and time.monotonic() < deadline:
            time.sleep(0.02)
        if is_alive(process):
            process.kill()
        process.wait(timeout=10)  # also takes away the zombie of our own child


def process_of(pid_file: Path, name: str) -> psutil.Process | None:
    """The living process that ``pid_file`` names in its first line, if it is called ``name``."""
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n")[0]))
        return process if is_alive(process) and name in process.name() else None
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None


def unprivileged_owner(state: Path) -> pwd.struct_passwd:
    """Who runs PostgreSQL for root: the owner of the data that is there, or a system user."""
    data = state / "pgdata"
    if data.exists() and data.stat().st_uid:
        return pwd.getpwuid(data.stat().st_uid)
    for name in (os.environ.get("DAO_PG_USER"), "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            if name:
                return pwd.getpwnam(name)
    raise ServiceError("PostgreSQL refuses to run as root; name an ordinary user in DAO_PG_USER.")


def reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """May ``user`` walk down to ``path``, or to as much of it as exists? (By mode bits only.)"""
    for folder in (path, *path.parents):
        if not folder.is_dir():
            continue
        status = folder.stat()
        if status.st_uid == user.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def short_name(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:10]


def claim(folder: Path, owner: pwd.struct_passwd | None = None) -> None:
    """Make ``folder`` for ``owner`` (else us) alone; refuse one that a stranger put there."""
    folder.mkdir(parents=True, exist_ok=True)
    trusted = {0, os.getuid()} | ({owner.pw_uid} if owner else set())
    if folder.is_symlink() or folder.stat().st_uid not in trusted:
        raise ServiceError(f"{folder} belongs to another user; remove it, or move DAO_STATE_DIR.")
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    folder.chmod(0o700)


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[int]:
    """A descriptor to lock; children do not inherit it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise ServiceError(
            f"{path} belongs to another user: start as that user,"
            " or choose another folder with DAO_STATE_DIR."
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the lock for this process alone, without waiting."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
