"""Programs timed in turns, each in a process of its own, on cores that nobody else uses.

In one process the idle threads of one library spin while the other is timed: the same ratio read
0.54 to 1.09 within an hour. So each side is a process (worker.py), asleep while another is timed. A
burst begins when other programs leave the cores alone, and is repeated if one did not.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
QUIET = 0.15            # of one core: what other programs may take
BURST = 0.5             # seconds


class Side:
    """One side's process. memory: what it took to make the step and to warm it up, bytes."""

    def __init__(self, side, workload, threads, **options):
        numbers = [f"{name}={value}" for name, value in options.items()]
        limits = {name: str(threads) for name in
                  ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        self.name = side
        self.process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", side, workload, *numbers], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **limits, "JAX_PLATFORMS": "cpu"})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read().strip().split("\n")[-1])
        self.memory, self.repeat = json.loads(line)["memory"], 1
        self.repeat = max(1, round(BURST / min(self.burst()[0] for _ in range(3))))

    def burst(self):
        """(seconds per step, processor seconds) of `repeat` steps."""
        print(self.repeat, file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer["seconds"] / self.repeat, answer["used"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def available(sides, workload, threads, **options):
    """A Side for each of `sides` that runs here, and a line for each that does not."""
    found = []
    for side in sides:
        try:
            found.append(Side(side, workload, threads, **options))
        except RuntimeError as error:
            print(f"  {side} is left out: {error}", file=sys.stderr)
    return found


def in_turns(sides, rounds, patience=20.0):
    """name -> seconds per step, one number a round; and the share of bursts that were disturbed all
    the same, after waiting up to `patience` seconds for quiet cores."""
    times, disturbed = {side.name: [] for side in sides}, 0
    for _ in range(rounds):
        for side in sides:
            seconds, clean = _clean_burst(side, time.monotonic() + patience)
            times[side.name].append(seconds)
            disturbed += not clean
    return times, disturbed / (rounds * len(sides))


def _clean_burst(side, until):
    while True:
        _wait_for_quiet(until)
        busy, start = _busy(), time.monotonic()
        seconds, used = side.burst()
        others = (_busy() - busy - used) / (time.monotonic() - start)
        if others < QUIET or time.monotonic() > until:
            return seconds, others < QUIET


def _wait_for_quiet(until):
    while time.monotonic() < until:
        busy, start = _busy(), time.monotonic()
        time.sleep(0.1)
        if (_busy() - busy) / (time.monotonic() - start) < QUIET:
            return


def _busy():
    """Processor seconds that all programs together have used (0 where the system does not say)."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _, _, interrupt, soft, *_ = map(int, file.readline().split()[1:])
    except OSError:
        return 0.0
    return (user + nice + system + interrupt + soft) / os.sysconf("SC_CLK_TCK")


def middle(times):
    """(median, lower quartile, upper quartile)."""
    if len(times) < 2:
        return times[0], times[0], times[0]
    low, median, high = statistics.quantiles(times, n=4, method="inclusive")
    return median, low, high
