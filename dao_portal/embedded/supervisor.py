"""The processes of a running portal: started, listened to, and ended in order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import psutil

from .processes import ServiceError, await_end, end_process, is_alive

STOP_SECONDS = 20.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LIVED_SECONDS = 60.0  # a part that ends after so long begins with the first pause again


def say(name: str, text: str) -> None:
    """One line of one part, as every log line of the portal looks."""
    print(f"{name:<8} | {text}", flush=True)  # noqa: T201  (this is the operator's terminal)


class Part(Protocol):
    """A process of the portal: a Child, or a Server of dao_portal/embedded/servers.py."""

    name: str

    @property
    def exited(self) -> bool: ...


class Child:
    """One part of the portal as a process of its own, in its own group."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        unsaid: str = "",
    ) -> None:
        """``environment``: the part's own; a line with ``unsaid`` in it is not repeated."""
        self.name = name
        self.command = list(command)
        self.folder = folder
        self.environment = os.environ if environment is None else environment
        self.unsaid = unsaid

    def start(self) -> None:
        self.process = psutil.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
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
                    text = line.rstrip()
                    if text and not (self.unsaid and self.unsaid in text):
                        say(self.name, text)

    @property
    def exited(self) -> bool:
        return not is_alive(self.process)

    def ask_to_stop(self) -> None:
        """The process finishes its work and ends."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.process.terminate()

    def start_again(self) -> None:
        """After its end, however that came: nothing of it is left over then."""
        self.await_stop()
        self.start()

    def await_stop(self) -> None:
        """Wait for a process that was asked to stop; end what is left of its group."""
        await_end(self.process, STOP_SECONDS)
        end_group(self.process.pid)
        self.printer.join(timeout=2)


class Keeper:
    """Starts a part again whenever it ends by itself, after a pause that grows while it does."""

    def __init__(
        self,
        part: Part,
        start_again: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.part = part
        self.start_again = start_again
        self.clock = clock
        self.began = clock()
        self.failures = 0  # ends, one soon after the other
        self.due: float | None = None

    def look(self) -> None:
        """What has to be done now; to be called again and again."""
        now = self.clock()
        if self.due is None and self.part.exited:
            if now - self.began >= LIVED_SECONDS:
                self.failures = 0
            pause = min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE)
            self.failures += 1
            self.due = now + pause
            say("portal", f"{self.part.name} ended by itself, starting it again in {pause:g} s")
        elif self.due is not None and now >= self.due:
            self.due = None
            self.began = now
            try:
                self.start_again()
            except (ServiceError, OSError) as error:  # looked at again, as one more end
                say("portal", f"{self.part.name} could not be started: {error}")
            else:
                say("portal", f"{self.part.name} is started again")


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
        others = [row for row in self._read() if row[0] != child.name]
        draft.write_text(json.dumps([*others, entry]))
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
