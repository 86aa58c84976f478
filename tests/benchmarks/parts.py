"""Where the time of a step goes, on this processor:

    python tests/benchmarks/parts.py operations       microseconds of the tape per operation
    python tests/benchmarks/parts.py python           how much of a step is Python?
    python tests/benchmarks/parts.py recording        what a run costs that is not recorded
    python tests/benchmarks/parts.py convolutions     layer by layer, beside PyTorch
    python tests/benchmarks/parts.py neighbour        what a program costs that keeps a core busy

Everything here but the last runs in one process, the sides in turns, and shows the quickest of many
bursts of processor time (of wall time where threads share the work): what the code costs when
nothing disturbs it. Ratios between programs are benchmark.py's to give.
"""

import operator
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from benchmark import STEPS, TITLES
from turns import available

import minigen as mg
from minigen import functional as F
from minigen.functional.convolution import _convolution, _transposed, _weight_gradient
from minigen.layers import Dense, ReLU, Sequential, Sigmoid

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


def recording(steps=500):
    """A trainer's step called by hand; in fit, where a recorder could be and is not; beside one
    that keeps none of these iterations in full, but the numbers of each; and kept in full."""
    print(f"{'µs per step':38} {'by hand':>8} {'fit':>8} {'numbers':>8} {'in full':>8}")
    x, points = mg.backend.asarray(np.eye(8, dtype="float32")), mg.data.ring().sample(64)
    for title, make, batch in (("8-3-8 autoencoder, momentum", _small_autoencoder, x),
                               ("2-D ring GAN, width 16, batch 64", _small_gan, points)):
        bare, fitted, beside, full = (make() for _ in range(4))
        one = [batch] if make is _small_gan else batch

        def by_hand():
            for _ in range(steps):
                bare.step(one)

        def fit(trainer, count, *callbacks):
            return trainer.fit([batch], count, progress=False, callbacks=callbacks)

        nothing = mg.inspect.Recorder([])
        times = quickest(by_hand, lambda: fit(fitted, steps), lambda: fit(beside, steps, nothing),
                         bursts=10)
        times += [steps / 5 * t for t in quickest(lambda: fit(
            full, 5, mg.inspect.Recorder(range(full.steps + 1, full.steps + 6))), bursts=3)]
        print(f"{title:38}" + "".join(f" {1e6 * t / steps:8.1f}" for t in times), flush=True)


def _small_autoencoder():
    encoder, decoder = (Sequential(Dense(i, o), Sigmoid()) for i, o in ((8, 3), (3, 8)))
    optimizer = mg.optim.SGD(encoder.parameters() + decoder.parameters(), 0.3, momentum=0.9)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


def _small_gan():
    G, D = (Sequential(Dense(2, 16), ReLU(), Dense(16, o)) for o in (2, 1))
    return mg.trainers.GANTrainer(G, D, mg.optim.SGD(G.parameters(), 0.05, momentum=0.5),
                                  mg.optim.SGD(D.parameters(), 0.05, momentum=0.5),
                                  prior=lambda m: mg.randn(m, 2))


SHAPES = [(1, 64, 28, 4, 2, 1), (64, 128, 14, 4, 2, 1), (16, 32, 28, 4, 2, 1), (3, 64, 56, 4, 2, 1),
          (1, 32, 28, 3, 1, 1), (32, 64, 14, 3, 1, 1), (64, 64, 14, 3, 1, 1),
          (128, 128, 7, 3, 1, 1), (1, 16, 28, 5, 1, 2), (32, 64, 14, 5, 2, 2),
          (64, 128, 7, 5, 2, 2)]


def convolutions(images=64):
    """Value, input's and weight's gradient. Two sides in one process, in turns: each after a pause
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
        if torch:
            tx, tW, ty = (torch.as_tensor(np.ascontiguousarray(a)) for a in (x, W, y))
            gradients = torch.nn.grad
            theirs = (lambda: torch.nn.functional.conv2d(tx, tW, stride=s, padding=p),
                      lambda: gradients.conv2d_input(tx.shape, tW, ty, s, p),
                      lambda: gradients.conv2d_weight(tx, tW.shape, ty, s, p))
            cells = [f"{1e3 * a:8.2f} ({b / a:4.2f}x)" for a, b in map(_in_turns, ours, theirs)]
        else:
            cells = [f"{1e3 * _in_turns(f)[0]:8.2f}" for f in ours]
        print(f"{c:4} -> {o:4}, {size:3}², {k} × {k}, {stride:2}     "
              + "".join(f"{cell:>18}" for cell in cells), flush=True)


def neighbour(rounds=9):
    """Each side in a process of its own, in turns alone and beside a loop that takes one core:
    the medians, and the median of the rounds' ratios."""
    sides = ["minigen", "compiled", "torch"]
    print(f"{'ms per step: alone, with a neighbour':38}" + "".join(f" {s:>22}" for s in sides))
    for workload, title in TITLES.items():
        cells = []
        for side in available(sides, workload, os.cpu_count()):
            alone, beside = zip(*[(side.burst()[0], _beside_a_loop(side)) for _ in range(rounds)])
            ratio = statistics.median(map(operator.truediv, beside, alone))
            alone, beside = map(statistics.median, (alone, beside))
            cells.append(f"{1e3 * alone:8.3f} {1e3 * beside:7.3f} ({ratio:3.1f}x)")
            side.close()
        print(f"{title:38}" + "".join(f" {cell:>22}" for cell in cells), flush=True)


def _beside_a_loop(side):
    loop = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"],
                            stdout=subprocess.PIPE)
    try:
        loop.stdout.readline()                  # it runs
        return side.burst()[0]
    finally:
        loop.kill()
        loop.communicate()


def _in_turns(*functions, turns=5):
    """The quickest of each, every turn after a pause: on a busy machine one turn says little."""
    best = [float("inf")] * len(functions)
    for _ in range(turns):
        for i, function in enumerate(functions):
            time.sleep(0.25)
            best[i] = min(best[i], *quickest(function, clock=time.perf_counter, bursts=8))
    return best


def _torch():
    try:
        import torch
        return torch
    except ImportError:
        return None


if __name__ == "__main__":
    for part in sys.argv[1:] or ["operations", "python", "recording", "convolutions"]:
        globals()[part]()
