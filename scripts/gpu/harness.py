"""Steps with time limits, and the report of what became of them."""

import collections.abc
import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import time

OK, FAILED, LATE, NOT_RUN = "ok", "FAILED", "out of time", "not run"
# Seconds that a program has to end by itself after Ctrl-C: netc saves its state.
GRACE = 10
# How many programs run at once where no time is measured, each on its share of the CPUs.
AT_ONCE = max(1, os.cpu_count() // 3)


def stop(process):
    """Ends a program and all that it started: first as Ctrl-C does, then at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclasses.dataclass
class Step:
    """A command, and what is expected of it.

    `until`: to be stopped by its limit is no fault, and its output so far counts.
    `interrupt`: Ctrl-C as soon as this holds.
    """

    title: str
    command: list
    limit: float | None = None
    expect: int = 0
    until: bool = False
    interrupt: collections.abc.Callable | None = None


class Part:
    """Steps that share a time limit. One that fails does not keep the next from being tried."""

    def __init__(self, number, title, limit, session):
        self.number, self.title, self.limit, self.session = number, title, limit, session
        self.start, self.lines, self.statuses = time.monotonic(), [], []
        self.logs, self.stopped = 0, False

    def spent(self):
        return time.monotonic() - self.start

    def left(self):
        return self.limit - self.spent()

    @property
    def status(self):
        """The worst of its steps."""
        return next(
            (s for s in (FAILED, LATE, NOT_RUN) if s in self.statuses),
            OK if self.statuses else NOT_RUN,
        )

    def note(self, status, title, seconds=None, reason=""):
        self.statuses.append(status)
        took = "" if seconds is None else f", {seconds:.1f} s"
        self.lines.append(f"- {status}{took}: {title}" + (f" ({reason})" if reason else ""))
        print(f"  {self.lines[-1]}", flush=True)

    def skip(self, title, reason):
        """A step that cannot be tried here. This is no fault of the part."""
        self.lines.append(f"- {NOT_RUN}: {title} ({reason})")
        print(f"  {self.lines[-1]}", flush=True)

    def show(self, text):
        """Text of a program, as it is."""
        if text and text.strip():
            self.lines += ["", "```", text.rstrip(), "```", ""]

    def table(self, head, rows):
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        self.lines += ["", *lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]

    def check(self, title, holds, reason=""):
        """Something that must hold of what earlier steps gave."""
        self.note(OK if holds else FAILED, title, reason=reason)
        return holds

    def step(self, title, command, limit=None, **options):
        """Runs a step. Its output if it ended as expected, else nothing."""
        step = Step(title, command, limit, **options)
        return self.told(step, self.run(step, self.log(), {}))

    def together(self, steps):
        """Runs several steps at once, as many as there are CPUs for. Their outputs."""
        at_once = min(AT_ONCE, len(steps))
        env = {"OMP_NUM_THREADS": str(os.cpu_count() // at_once)}
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            runs = [pool.submit(self.run, step, self.log(), env) for step in steps]
            try:
                done = [run.result() for run in runs]
            except BaseException:
                self.stopped = True
                raise
        return [self.told(step, found) for step, found in zip(steps, done)]

    def log(self):
        """The file of the next step."""
        self.logs += 1
        return self.session.out / "logs" / f"{self.number}-{self.logs:02}.log"

    def run(self, step, log, env):
        """Runs a step: its log, code, seconds, output, and whether its time was over. Nothing if
        there was no time for it."""
        limit = min(step.limit or self.left(), self.left())
        if limit < 1 or self.stopped:
            return None
        log.parent.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        with open(log, "w+", errors="replace") as output:
            output.write(" ".join(map(str, step.command)) + "\n")
            output.flush()
            process = subprocess.Popen(
                [str(word) for word in step.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.session.out,
                env=self.session.env | env,
                start_new_session=True,
            )
            late = self.wait(process, start + limit, step.interrupt)
            output.seek(0)
            text = output.read().split("\n", 1)[1]
        return log, process.returncode, time.monotonic() - start, text, late

    def told(self, step, found):
        """Notes what became of a step. Its output if that counts."""
        if found is None:
            self.note(LATE, step.title, reason="no time was left for it")
            return None
        log, code, seconds, text, late = found
        if late:
            reason = "stopped by its limit" if step.until else ""
            self.note(OK if step.until else LATE, step.title, seconds, reason)
            return text if step.until else None
        if code != step.expect:
            place = log.relative_to(self.session.out)
            self.note(FAILED, step.title, seconds, f"exit code {code}; {place}")
            lines = text.splitlines()
            told = [line for line in lines[:-12] if FAILED in line][:40]
            self.show("\n".join(told + lines[-12:]))
            return None
        self.note(OK, step.title, seconds)
        return text

    def wait(self, process, deadline, interrupt):
        """Waits for the end of a program. Whether it was stopped because its time was over."""
        try:
            while process.poll() is None:
                if time.monotonic() > deadline or self.stopped:
                    stop(process)
                    return True
                if interrupt and interrupt():
                    os.killpg(process.pid, signal.SIGINT)
                    interrupt = None
                time.sleep(0.02)
        except BaseException:
            stop(process)
            raise
        return False


class Report:
    """What is printed at the end, and kept in `report.md` while parts go on."""

    def __init__(self, folder, head):
        self.path, self.head, self.parts = pathlib.Path(folder) / "report.md", head, []

    def add(self, part):
        part.took = part.spent()
        self.parts.append(part)
        self.path.write_text(self.text())

    def text(self):
        rows = [
            f"| {p.number} {p.title} | {p.status} | {p.took:.0f} | {p.limit:.0f} |"
            for p in self.parts
        ]
        lines = [*self.head, "", "| part | status | seconds | limit |", "|---|---|---|---|", *rows]
        for part in self.parts:
            lines += ["", f"## {part.number} {part.title}: {part.status}", "", *part.lines]
        return "\n".join(lines) + "\n"
