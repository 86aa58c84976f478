"""Where the time of a step goes, on this processor:

    python tests/benchmarks/parts.py operations       microseconds of the tape per operation
    python tests/benchmarks/parts.py python           how much of a step is Python?
    python tests/benchmarks/parts.py convolutions     layer by layer, beside PyTorch

Everything here runs in one process, the sides in turns, and shows the quickest of many bursts of
processor time (of wall time where threads share the work): what the code costs when nothing
disturbs it. Ratios between programs are benchmark.py's to give.
"""

import sys
import time

import numpy as np
from benchmark import STEPS, TITLES

import minigen as mg
from minigen import functional as F
from minigen.functional.convolution import _convolution, _transposed, _weight_gradient

rng = np.random.default_rng(0)


def quickest(*functions, clock=time.process_time, seconds=0.005, bursts=40):
    """Seconds of one call of each, in turns."""
    best, repeat = [float("inf")] * len(functions), []
    for function in functions:
        start = clock()
        function()
        function()
        repeat.append(max(1, round(2 * seconds / max(clock() - start, 1e-7))))
    for _ in range(bursts):
        for i, function in enumerate(functions):
            start = clock()
            for _ in range(repeat[i]):
                function()
            best[i] = min(best[i], (clock() - start) / repeat[i])
    return best


def operations():
    """One operation on few numbers: by NumPy, by minigen on arrays, and with the tape behind it."""
    a = rng.random((8, 8), dtype="float32")
    W, x = mg.tensor(a, requires_grad=True), mg.tensor(a, requires_grad=True)
    rows = {"x + y": (lambda: a + a, lambda: F.add(a, a), lambda: x + W),
            "exp(x)": (lambda: np.exp(a), lambda: F.exp(a), lambda: F.exp(x)),
            "sum(x)": (lambda: a.sum(), lambda: F.sum(a), lambda: F.sum(x)),
            "mean(x)": (lambda: a.mean(), lambda: F.mean(a), lambda: F.mean(x)),
            "linear(x, W)": (lambda: a @ a.T, lambda: F.linear(a, a), lambda: F.linear(x, W)),
            "sigmoid(x)": (lambda: 1 / (1 + np.exp(-a)), lambda: F.sigmoid(a),
                           lambda: F.sigmoid(x))}
    print(f"{'µs, arrays of 8 × 8':22} {'NumPy':>8} {'arrays':>8} {'tape':>8}")
    for name, functions in rows.items():
        print(f"{name:22}" + "".join(f" {1e6 * t:8.2f}" for t in quickest(*functions)))


def python():
    """The tape's step, the replayed one, and the array calls alone: what is left of the first
    without the last is Python's tape, walk, checks and records."""
    print(f"{'ms per step':38} {'tape':>8} {'replayed':>9} {'calls':>8} {'Python':>7}")
    for workload, title in TITLES.items():
        step, compiled = STEPS[workload](), mg.compiled(STEPS[workload]())
        for _ in range(3):
            compiled()
        alone = compiled.recordings[0].program
        tape, replayed, calls = quickest(step, compiled, alone.replay)
        print(f"{title:38} {1e3 * tape:8.3f} {1e3 * replayed:9.3f} {1e3 * calls:8.3f} "
              f"{1 - calls / tape:6.0%}  ({len(alone.calls)} calls)", flush=True)


SHAPES = [(1, 64, 28, 4, 2, 1), (64, 128, 14, 4, 2, 1), (16, 32, 28, 4, 2, 1), (3, 64, 56, 4, 2, 1),
          (1, 32, 28, 3, 1, 1), (32, 64, 14, 3, 1, 1), (64, 64, 14, 3, 1, 1),
          (128, 128, 7, 3, 1, 1), (1, 16, 28, 5, 1, 2), (32, 64, 14, 5, 2, 2),
          (64, 128, 7, 5, 2, 2)]


def convolutions(images=64):
    """Value, input's and weight's gradient. Two sides in one process: each is timed after a pause
    in which the other's threads fall asleep."""
    torch = _torch()
    print(f"{'C -> O, image, kernel, stride':34} {'value':>17} {'input':>17} {'weight':>17}\n"
          f"{images} images; ms, and times PyTorch's speed")
    for c, o, size, k, stride, padding in SHAPES:
        s, p = (stride, stride), (padding, padding)
        x = rng.random((images, size, size, c), dtype="float32").transpose(0, 3, 1, 2)
        W = rng.random((k, k, c, o), dtype="float32").transpose(3, 2, 0, 1)
        y = _convolution(x, W, None, s, p)
        ours = (lambda: _convolution(x, W, None, s, p),
                lambda: _transposed(y, W, None, s, p, x.shape[2:]),
                lambda: _weight_gradient(x, y, s, p, W.shape[2:]))
        times = [_after_a_pause(f) for f in ours]
        cells = [f"{1e3 * t:8.2f}" for t in times]
        if torch:
            tx, tW, ty = (torch.as_tensor(np.ascontiguousarray(a)) for a in (x, W, y))
            gradients = torch.nn.grad
            theirs = (lambda: torch.nn.functional.conv2d(tx, tW, stride=s, padding=p),
                      lambda: gradients.conv2d_input(tx.shape, tW, ty, s, p),
                      lambda: gradients.conv2d_weight(tx, tW.shape, ty, s, p))
            cells = [f"{cell} ({_after_a_pause(f) / t:4.2f}x)"
                     for cell, t, f in zip(cells, times, theirs)]
        print(f"{c:4} -> {o:4}, {size:3}², {k} × {k}, {stride:2}     "
              + "".join(f"{cell:>18}" for cell in cells), flush=True)


def _after_a_pause(function):
    time.sleep(0.25)
    return quickest(function, clock=time.perf_counter, seconds=0.02, bursts=8)[0]


def _torch():
    try:
        import torch
        return torch
    except ImportError:
        return None


if __name__ == "__main__":
    for part in sys.argv[1:] or ["operations", "python", "convolutions"]:
        globals()[part]()
