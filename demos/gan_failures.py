"""Track failures early, tip 10 of the list that ganhacks.py measures: how does failure look?

The list names four signs: D's loss goes to 0, D's loss varies widely, G's loss falls away, the
norm of a gradient exceeds 100. Here four failures are planted in a small game that otherwise goes
well, over several seeds, and the signs are read from what the trainer records of every iteration.
One failure they miss: a G that ignores its noise, which its samples show. And one trap has numbers
that look perfect: a D that ends with a sigmoid of its own.

    python demos/gan_failures.py               half a minute on two cores
    python demos/gan_failures.py --seeds 16    more runs of each game
"""

# %% A good game: the ring of 8, two small networks, Adam
import math
import warnings

import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import in_batches
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential, Sigmoid

arguments = run.arguments(__doc__, steps=400, quick=10, options={
    "--seeds": {"type": run.positive, "default": 8, "help": "runs of each game (default 8)"}})
M, HIDDEN, LATENT, RATE = 64, 32, 2, 3e-3
ring = mg.data.ring(8, radius=2.0, std=0.05)


def normal(m):
    """The noise of a good game"""
    return mg.randn(m, LATENT)


def constant(m):
    """Noise that says nothing: the same z again and again"""
    return 0 * mg.randn(m, LATENT)


def game(rates=(RATE, RATE), prior=normal, dead=False):
    """A GANTrainer. rates: Adam's, of G and of D. dead: all of G's hidden units are off, always."""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    D = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                   Dense(HIDDEN, 1))
    if dead:
        G.steps[0].bias.data[...] = G.steps[2].bias.data[...] = -100
    players = [mg.optim.Adam(network.parameters(), rate, betas=(0.5, 0.999))
               for network, rate in zip((G, D), rates)]
    return mg.trainers.GANTrainer(G, D, *players, generator_loss="non_saturating", prior=prior)


# %% The failures, and what is watched of every iteration
GAMES = {
    "a good game": {},
    "learning rate × 50": dict(rates=(50 * RATE, 50 * RATE)),
    "D too strong": dict(rates=(RATE / 100, 3 * RATE)),
    "G's units are dead": dict(dead=True),
    "G ignores its noise": dict(prior=constant)}


def norm(gradients):
    """Of all parameters together"""
    return math.sqrt(sum(float((g * g).sum()) for g in gradients.values()))


def play(seed, options):
    """What was seen in every iteration (iterations, 5).

    That is D's loss −V, G's loss, the norms of their gradients, and the standard deviation of a
    batch of G's samples, the larger of its two coordinates'."""
    mg.seed(seed)
    trainer, seen = game(**options), []

    def watch(trainer, record):
        with mg.no_grad():
            samples = mg.to_numpy(trainer.generator(trainer.prior(M)))
        _, of_D = trainer.records()["D"]
        seen.append([-of_D.value, record.value, norm(of_D.gradients), norm(record.gradients),
                     samples.std(0).max()])

    trainer.fit(ring, arguments.steps, batch_size=M, callbacks=[watch], compiled=True)
    return np.array(seen)


seeds = range(arguments.seed, arguments.seed + arguments.seeds)
games = {name: np.stack([play(seed, options) for seed in seeds])    # (seeds, iterations, 5)
         for name, options in GAMES.items()}

# %% The signs, each in a window of 50 iterations. The marks were set with other seeds
WINDOW = min(50, arguments.steps)
LOW_D, VARIES, LOW_G, STEEP, NARROW = 0.2, 0.5, math.log(2) / 2, 100, ring.std


def signs(seen):
    """Name of a sign -> whether each window shows it (seeds, windows).

    seen: (seeds, iterations, 5)"""
    windows = np.lib.stride_tricks.sliding_window_view(seen, WINDOW, axis=1)
    d_loss, g_loss, d_norm, g_norm, spread = np.moveaxis(windows, 2, 0)     # (seeds, windows, 50)
    return {"D's loss 0": d_loss.mean(-1) < LOW_D,
            "it varies": d_loss.std(-1) > VARIES,
            "G's loss 0": g_loss.mean(-1) < LOW_G,
            "norm > 100": np.maximum(d_norm, g_norm).max(-1) > STEEP,
            "one place": spread.max(-1) < NARROW}           # all samples; not in the list


signs_of = {name: signs(seen) for name, seen in games.items()}
*listed, look = signs_of["a good game"]
print(f"\n{f'seen in, of {len(seeds)} seeds':20}", *(f"{sign:>11}" for sign in (*listed, look)))
for name, shown in signs_of.items():
    print(f"{name:20}", *(f"{windows.any(1).sum():11}" for windows in shown.values()))
print(f"""Signs in any {WINDOW} iterations: D's loss has a mean < {LOW_D}, or a std > {VARIES};
G's loss has a mean < {LOW_G:.2f}; the norm of a gradient exceeds {STEEP};
and, not in the list, G's samples have a std < {NARROW}, always.""")

claims = Claims()


def claim(text, name, which, expected):
    """Claim that in game `name` one of the signs `which` shows in `expected` of the seeds."""
    seen = np.any([signs_of[name][sign] for sign in which], axis=0)         # (seeds, windows)
    runs = seen.any(1)
    after = ""
    if runs.any():
        after = f", after {np.median(seen[runs].argmax(1) + WINDOW):.0f} iterations"
    claims.equal(text, runs.sum(), expected, unit=f" of {len(seeds)}",
                 shown=f"{runs.sum()} of {len(seeds)}{after}")


claim("the list's signs in a good game: false alarms", "a good game", listed, 0)
for name in [*GAMES][1:]:
    claim(f"the list's signs of failure show: {name}", name, listed, len(seeds))
claim("... that last one shows in the samples, which lie in one place; the list does not name it",
      name, [look], len(seeds))
claim("... and those of a good game do", "a good game", [look], 0)

# %% A trap: numbers that look perfect. D must end with logits; here it ends with a sigmoid
# The trainer applies the sigmoid, so D(x) = σ(σ(·)) lies between 1/2 and σ(1) = 0.731. To say
# "generated" D drives its own sigmoid to 0, where it has no slope, and both players stop learning.
# (In a few seeds it ends at 1 instead: D(x) = D(G(z)) = 0.731, which does not look perfect.)


def play_larger(seed, *last_layer):
    """(D(x), D(G(z)), V), means of the last tenth of a longer game, and its ModeCoverage.

    Here G descends the loss of the algorithm box. last_layer: what D ends with, but for logits."""
    mg.seed(seed)
    G = Sequential(Dense(16, 64), ReLU(), Dense(64, 64), ReLU(), Dense(64, 2))
    D = Sequential(Dense(2, 64), LeakyReLU(0.2), Dense(64, 64), LeakyReLU(0.2), Dense(64, 1),
                   *last_layer)
    players = [mg.optim.Adam(network.parameters(), 1e-3, betas=(0.5, 0.999)) for network in (G, D)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)        # the trainer warns of exactly this
        trainer = mg.trainers.GANTrainer(G, D, *players, prior=lambda m: mg.randn(m, 16))
    steps, numbers = 5 * arguments.steps // 2, []

    def watch(trainer, record):
        value, d_real, d_fake = trainer.progress().values()
        numbers.append([d_real, d_fake, value])

    trainer.fit(ring, steps, batch_size=2 * M, callbacks=[watch], compiled=True)
    found = mg.metrics.mode_coverage(in_batches(G, mg.randn(2500, 16)), ring.means, ring.std)
    return np.mean(numbers[-steps // 10:], axis=0), found


def three(numbers):
    """The medians over the seeds of D(x), D(G(z)) and V, as text; numbers: (seeds, 3)"""
    return "{:.3f}, {:.3f}, {:.3f}".format(*np.median(numbers, axis=0))


numbers, found = zip(*(play_larger(seed) for seed in seeds))
trapped_numbers, trapped_found = zip(*(play_larger(seed, Sigmoid()) for seed in seeds))
PERFECT = 0.5, 0.5, -math.log(4)
perfect = np.all(np.abs(np.array(trapped_numbers) - PERFECT) <= 0.01, axis=1).sum()
claims.above("a D that ends with a sigmoid of its own mostly has perfect numbers, D(x) = D(G(z)) = "
             "1/2 and V = −log 4 = −1.386, each ± 0.01", perfect, len(seeds) / 2,
             unit=f" of {len(seeds)}",
             shown=f"{perfect} of {len(seeds)}; median {three(trapped_numbers)}")
claims.report("... the same three where D ends with logits, median", three(numbers))
modes, trapped_modes = (np.median([one.modes for one in each]) for each in (found, trapped_found))
claims.fewer("... yet it finds fewer of the 8 modes than the D that ends with logits, median",
             trapped_modes, modes, shown=f"{trapped_modes:g}; logits {modes:g}")
quality, trapped_quality = (100 * np.median([one.high_quality for one in each])
                            for each in (found, trapped_found))
claims.report("... share of G's samples within 3 std of a mode, median",
              f"{trapped_quality:.1f}%; logits {quality:.1f}%")

# %% The picture: what was seen in all seeds of each game
SHOWN = {                               # label -> columns of what was seen, range, zone of failure
    "D's loss, −V": ([0], (0.01, 30), (0.01, LOW_D)),
    "G's loss": ([1], (0.01, 300), (0.01, LOW_G)),
    "norm of the gradient": ([2, 3], (1e-4, 1e4), (STEEP, 1e4)),
    "std of G's samples": ([4], (1e-3, 10), (1e-3, NARROW))}
figure, panels = plt.subplots(len(SHOWN), len(GAMES), figsize=(13, 9), sharex=True, sharey="row")
for row, (label, (columns, (low, high), zone)) in zip(panels, SHOWN.items()):
    row[0].set_ylabel(label)
    for axes, seen in zip(row, games.values()):
        axes.axhspan(*zone, color="0.9")
        for column in columns:
            inside = seen[..., column].T.clip(1.2 * low, high / 1.2)
            colour = COLOURS["D" if column in (0, 2) else "G"]
            axes.plot(inside, color=colour, linewidth=0.7, alpha=0.7)
        axes.set(yscale="log", ylim=(low, high))
for axes, name in zip(panels[0], GAMES):
    axes.set_title(name)
for axes in panels[-1]:
    axes.set_xlabel("iteration")
for who in "DG":
    panels[2, 0].plot([], [], color=COLOURS[who], label=f"of {who}")
panels[2, 0].legend(loc="lower center", ncols=2)
figure.suptitle(f"A good game and four that fail, {len(seeds)} seeds each. Grey: a sign of "
                "failure; so is a D's loss that varies. Lines are cut off at the edges",
                x=0.01, ha="left")
pictures.save(figure, arguments.out / "failures.png")

run.finish(arguments, claims, numbers=numbers, numbers_with_sigmoid=trapped_numbers,
           modes=[one.modes for one in found],
           modes_with_sigmoid=[one.modes for one in trapped_found])
