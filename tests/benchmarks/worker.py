"""One side of the comparison in a process of its own: python worker.py SIDE WORKLOAD [NAME=N ...]

Prints a line when it is ready ({"memory": bytes}), then for each line "n" that it reads one with
the seconds of n steps, after one that is not timed, and the processor seconds of all. In between it
sleeps. turns.py drives it.
"""

import json
import pathlib
import resource
import sys
import time


def make(side, workload, options):
    """The step, on the CPU."""
    if side == "jax":
        import jax_side as module
    elif side.startswith("torch"):
        import torch
        import torch_side as module
        if side == "torch.compile":
            module.wrap = torch.compile
    else:
        import workloads as module
    before = memory()
    step = getattr(module, workload)(**options)
    if side == "compiled":
        import minigen
        step = minigen.compiled(step)
    return step, before


def memory():
    """The most memory that the process has had, in bytes.

    On Linux ru_maxrss begins with what the parent had when it forked: the kernel's own page of the
    process does not."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        line, = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(side, workload, *options):
    step, before = make(side, workload, {name: int(value) for name, value
                                         in (option.split("=") for option in options)})
    for _ in range(20 if side == "compiled" else 3):    # shared by threads from the 8th on
        step()
    print(json.dumps({"memory": memory() - before}), flush=True)
    for line in sys.stdin:
        used = time.process_time()
        step()                              # not timed: after a pause it meets cold caches
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(json.dumps({"seconds": time.perf_counter() - start,
                          "used": time.process_time() - used}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
