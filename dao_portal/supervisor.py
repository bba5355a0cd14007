"""The processes of a running portal: started, listened to, and ended in order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from .processes import await_end, end_process, is_alive

STOP_SECONDS = 20.0


def say(name: str, text: str) -> None:
    """One line of one part, as every log line of the portal looks."""
    print(f"{name:<8} | {text}", flush=True)  # noqa: T201  (this is the operator's terminal)


class Child:
    """One part of the portal as a process of its own, in its own group."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.command = list(command)
        self.folder = folder

    def start(self, environment: Mapping[str, str]) -> None:
        self.process = psutil.Popen(
            self.command,
            cwd=self.folder,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone
        )
        self.printer = threading.Thread(target=self._print_lines, daemon=True)
        self.printer.start()

    def _print_lines(self) -> None:
        with self.process.stdout as lines:
            for line in lines:
                # When nobody reads us any more, go on reading: a full pipe would stop the child.
                with contextlib.suppress(BrokenPipeError):
                    if text := line.rstrip():
                        say(self.name, text)

    @property
    def exited(self) -> bool:
        return not is_alive(self.process)

    def ask_to_stop(self) -> None:
        """The process finishes its work and ends."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.process.terminate()

    def await_stop(self) -> None:
        """Wait for a process that was asked to stop; end what is left of its group."""
        await_end(self.process, STOP_SECONDS)
        end_group(self.process.pid)
        self.printer.join(timeout=2)


def end_group(leader: int) -> None:
    """Kill what a leader that is gone left behind, such as the pool of a killed Celery worker."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


class Roster:
    """Who was started, on disk: after a ``kill -9`` the next start finds and ends them.

    A process is known by its id and its time of birth, because ids are used again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, child: Child) -> None:
        entry = [child.name, child.process.pid, child.process.create_time()]
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps([*self._read(), entry]))
        draft.replace(self.path)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End what is still running of an earlier portal. Only for who holds the portal's lock."""
        for name, pid, born in reversed(self._read()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if abs(process.create_time() - born) < 1:
                    say(
                        "portal",
                        f"ending {name} (process {pid}) of a portal that was killed",
                    )
                    end_process(process, signal.SIGTERM, STOP_SECONDS)
                    end_group(pid)
        self.clear()

    def _read(self) -> list[tuple[str, int, float]]:
        try:
            rows: list[tuple[str, int, float]] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return []
        return rows
