"""The tips of "How to train a GAN?" as switches of one loop: which of them helped here, and which did not?

Soumith Chintala and others collected seventeen tips in 2016 (github.com/soumith/ganhacks, by its own word no longer
kept up). Here a small GAN learns the ring of 8, and every tip that has a meaning in the plane is one switch of
Algorithm 1. Its effect, with the tip minus without it and all else equal, is measured over seeds: on the modes that get a
fair share, and on the share of good samples. One setting of each tip, none tuned, and the beginning of training: another game may
answer otherwise. What is exactly true of the tips is checked apart. Tip 10, track failures early, has a script of its own,
gan_failures.py. Not for the plane: 7 (convolutions: dcgan_faces.py), 12 and 16 (labels and conditions), the pooling and
up-sampling of 5.

    python demos/ganhacks.py                under two minutes on two cores; --seeds 16: narrower intervals
    python demos/ganhacks.py --full         4,000 iterations each, some ten minutes: some answers change
"""

# %% The players. All seeds learn side by side: the first axis of every array is the seed
import math
from collections import deque
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dropout, Layer, LeakyReLU, ReLU, Sequential, Tanh
from minigen.metrics import mode_coverage, paired_interval

arguments = run.arguments(__doc__, steps=700, quick=10, full=4000, options={
    "--seeds": {"type": run.several, "default": 8, "help": "runs of each variant, at least 2 (default 8)"}})
S, STEPS = 2 if arguments.quick else arguments.seeds, arguments.steps
M, HIDDEN, LATENT = 64, 32, 2
ring = mg.data.ring(8, radius=2.0, std=0.05)


class Dense(Layer):
    """A dense layer for each seed: (S, m, inputs) -> (S, m, outputs)"""

    def __init__(self, inputs, outputs):
        bound = 1 / math.sqrt(inputs)
        self.weight = mg.tensor(mg.random.uniform(-bound, bound, (S, inputs, outputs)), requires_grad=True)
        self.bias = mg.tensor(mg.random.uniform(-bound, bound, (S, 1, outputs)), requires_grad=True)

    def forward(self, x):
        return x @ self.weight + self.bias


class Normalise(Layer):
    """Batch normalisation for each seed"""

    def __init__(self):
        self.norm = BatchNorm(S * HIDDEN)

    def forward(self, x):
        rows = x.transpose(1, 0, 2)                                         # (m, S, HIDDEN)
        return self.norm(rows.reshape(-1, S * HIDDEN)).reshape(*rows.shape).transpose(1, 0, 2)


def players(o):
    act = ReLU if o.relu else LeakyReLU                                                                 # tip 5
    noise = [lambda h: h + 0.1 * mg.randn(*h.shape)] if o.layer_noise else []                           # tip 13
    after = [Dropout(0.5)] if o.dropout else noise                                                          # tip 17
    norm = [Normalise()] if o.norm else []                          # for tip 4; not at D's input, as in DCGAN
    G = Sequential(Dense(LATENT, HIDDEN), act(), *after, Dense(HIDDEN, HIDDEN), act(), *after, Dense(HIDDEN, 2),
                   *([Tanh()] if o.tanh else []))                                                           # tip 1
    D = Sequential(Dense(2 * o.pack, HIDDEN), act(), Dense(HIDDEN, HIDDEN), *norm, act(), Dense(HIDDEN, 1))
    return G, D


# %% Algorithm 1, and where each tip enters it
BASELINE = dict(tanh=False, saturating=False, uniform=False, norm=False, joint=False, relu=False, real=(1, 1),
                fake=(0, 0), flip=0, replay=False, sgd="", beta1=0.5, balance=False, noise=0, layer_noise=False, k=1,
                pack=1, dropout=False)


def bracket(logits, label):
    """1/m Σ [ label · log D + (1 − label) · log(1 − D) ] of every seed"""
    return -F.mean(F.binary_cross_entropy_with_logits(logits, label, reduction="none"), axis=(1, 2))


def array(x):
    return mg.backend.asarray(np.asarray(x, "float32"))


def play(steps=STEPS, **switch):
    """The game with the settings of BASELINE, but for those that `switch` changes. After every iteration: its share of
    the whole, m -> samples (S, m, 2), and the players."""
    o = SimpleNamespace(**{**BASELINE, **switch})
    mg.seed(arguments.seed)                                 # the same weights, z and x for all, if the switch allows it
    rng = np.random.default_rng(arguments.seed)             # what the tips draw besides
    G, D = players(o)
    optimizers = [mg.optim.SGD(network.parameters(), 0.1, momentum=0.5) if name in o.sgd else               # tip 9
                  mg.optim.Adam(network.parameters(), 3e-3, betas=(o.beta1, 0.999))
                  for name, network in zip("GD", (G, D))]
    past, scale = deque(maxlen=100), 2.2 if o.tanh else 1.0                 # 2.2: the ring then lies in [−1, 1]²

    def prior(m):
        a = math.sqrt(3)                                                    # uniform of the same variance
        return mg.random.uniform(-a, a, (S, m, LATENT)) if o.uniform else mg.randn(S, m, LATENT)            # tip 3

    def labels(low, high):
        label = rng.uniform(low, high, (S, M // o.pack, 1))                                                 # tip 6
        return array(np.where(rng.random(label.shape) < o.flip, 1 - label, label))

    def judged(x):
        x = x + array(sigma * rng.standard_normal(x.shape)) if sigma else x                                 # tip 13
        return D(x.reshape(S, -1, 2 * o.pack))                                                              # tip 15

    def sample(m):
        with mg.no_grad():
            return scale * mg.to_numpy(G(prior(m)))

    total = max(2 * steps // (o.k + 1), 1)                                  # as many updates in all, whatever k
    for step in range(total):
        sigma = o.noise * (1 - step / total)
        for _ in range(o.k):                                                # phase 1                       # tip 14
            x = array(ring.sample(S * M).reshape(S, M, 2) / scale)
            with mg.frozen(G):
                fake = G(prior(M))
            if o.replay:                                                                                    # tip 8
                past.append(fake)
                fake = F.concatenate([fake[:, :M // 2], past[rng.integers(len(past))][:, M // 2:]], axis=1)
            if o.joint:                                                                                     # tip 4
                both = judged(F.concatenate([x, fake], axis=1))
                real_logits, fake_logits = both[:, :M], both[:, M:]
            else:
                real_logits, fake_logits = judged(x), judged(fake)
            value = bracket(real_logits, labels(*o.real)) + bracket(fake_logits, labels(*o.fake))
            ascent = mg.grad(F.sum(value), D.parameters())
            if o.balance:               # no gradient while D is ahead; Adam's momentum still moves it a little # tip 11
                ascent = [g * (-value.data > 1.3).reshape(S, 1, 1) for g in ascent]
            optimizers[1].step([-g for g in ascent])

        with mg.frozen(D):                                                  # phase 2
            logits = judged(G(prior(M)))
        loss = F.mean(F.logsigmoid(-logits) if o.saturating else -F.logsigmoid(logits), axis=(1, 2))        # tip 2
        optimizers[0].step(mg.grad(F.sum(loss), G.parameters()))
        yield (step + 1) / total, sample, (G, D)


# %% The tips: (number and name, the settings with it, the settings without it). A baseline that has it is switched off
TIPS = [
    ("1   data in [−1, 1], tanh", dict(tanh=True), {}),
    ("2   non-saturating loss", {}, dict(saturating=True)),
    ("3   z normal, not uniform", {}, dict(uniform=True)),
    ("4   batch norm in D", dict(norm=True), {}),
    ("4   … separate, not joint", dict(norm=True), dict(norm=True, joint=True)),
    ("5   leaky ReLU, not ReLU", {}, dict(relu=True)),
    ("6   one-sided label .9", dict(real=(0.9, 0.9)), {}),
    ("6   soft: .7–1.2, 0–.3", dict(real=(0.7, 1.2), fake=(0, 0.3)), {}),
    ("6   5% of labels flipped", dict(flip=0.05), {}),
    ("8   replay of old samples", dict(replay=True), {}),
    ("9   Adam, not SGD", {}, dict(sgd="GD")),
    ("9   Adam for G, SGD for D", dict(sgd="D"), {}),
    ("9   Adam's β₁ = .5, not .9", {}, dict(beta1=0.9)),
    ("11  no balancing by loss", {}, dict(balance=True)),
    ("13  noise on D's input", dict(noise=0.3), {}),
    ("13  noise in G's layers", dict(layer_noise=True), {}),
    ("14  k = 3, equal updates", dict(k=3), {}),
    ("15  D judges pairs", dict(pack=2), {}),                       # in place of minibatch discrimination, as PacGAN does
    ("17  dropout in G, kept", dict(dropout=True), {})]

measured = {}


def measure(settings):
    """(S, 3): modes with a good sample, modes with a fair share of them, % of good samples; of 2,500 samples of each
    seed, the mean of five looks in the last fifth of the game."""
    key = str(settings)
    if key not in measured:
        looks = []
        for share, sample, *_ in play(**settings):
            if share >= (16 + len(looks)) / 20:
                covered = [mode_coverage(x, ring.means, ring.std) for x in sample(2500)]
                looks.append([(c.modes, c.fair_modes, 100 * c.high_quality) for c in covered])
        measured[key] = np.mean(looks, 0)
    return measured[key]


# %% Every tip's three effects, as a table
class Effect(NamedTuple):
    """The mean over the seeds of a measure with the tip minus without it, its 95% interval, and what that says"""
    mean: float
    interval: tuple
    word: str                                   # helped, hurt or no effect seen: the interval holds 0
    certain: str                                # the same, by intervals so wide that all of them hold together in 95%


NUMBER = 2 * len(TIPS)                          # of the intervals in the picture, for Bonferroni's correction


def effect(differences):
    """The Effect whose differences (S,) were measured"""
    (mean, interval), (_, wider) = paired_interval(differences), paired_interval(differences, 1 - 0.05 / NUMBER)
    words = ["helped" if low > 0 else "hurt" if high < 0 else "no effect seen" for low, high in (interval, wider)]
    return Effect(mean, interval, *words)


effects = {name: [*map(effect, (measure(with_tip) - measure(without)).T)] for name, with_tip, without in TIPS}
baseline = measure({}).mean(0)
print(f"\nwith the tip − without it, {S} seeds      modes, ≥ 1 sample           modes, fair share           good, %")
for name, row in effects.items():
    print(f"{name:28}", *("{:+7.1f} [{:+5.1f}, {:+5.1f}] {:6}".format(e.mean, *e.interval, e.word.replace("no effect seen", ""))
                          for e in row), sep="")
print("{:28}{:7.1f}{:28.1f}{:28.1f}".format("the baseline itself", *baseline))
print("""Nothing said: no effect seen, the interval holds 0. Good: within 3 std of a mode's mean (real points: 98.9%).
Fair share: a fifth of the even share. With one sample the baseline has nearly all modes already, so that column shows harm
and hardly any help: picture and claims take the fair share. Nearly all rows share the baseline's runs: their luck is in
all of these rows. Published for pairs, on another ring: 6.3 modes become 7.9 (PacGAN 2018, table 1).""")

claims = Claims()
KINDS = {"modes with a fair share": 1, "share of good samples": 2}
for kind, column in KINDS.items():
    for word in ("helped", "hurt"):
        names = [" ".join(name.split()) for name, row in effects.items() if row[column].word == word]
        claims.add(f"{kind}: of {len(TIPS)} tips, those that {word} (interval without 0)", "; ".join(names) or "none")
seen, certain = (sum(getattr(row[column], what) != "no effect seen" for row in effects.values() for column in KINDS.values())
                 for what in ("word", "certain"))
claims.add(f"of {NUMBER} intervals, those without 0 (by chance, did no tip do anything: {0.05 * NUMBER:.1f})",
           f"{seen}, and {certain} when all are to hold together")

# %% What is exactly true
for _, _, (G, D) in play(min(STEPS, 50)):
    pass
logits = D(G(mg.randn(S, M, LATENT)))
losses = -F.mean(F.logsigmoid(logits), axis=(1, 2)), -bracket(logits, array(np.ones((S, M, 1))))
pairs = zip(*(map(mg.to_numpy, mg.grad(F.sum(loss), G.parameters())) for loss in losses))
gap = max(float(abs(a - b).max()) for a, b in pairs)
claims.add("2: the non-saturating gradient is that of flipped labels: largest difference of G's gradients", gap, "<= 1e-6",
           gap <= 1e-6)

z = np.random.default_rng(arguments.seed).standard_normal((2, 10_000, 100))
angle = np.arccos((z[0] * z[1]).sum(1) / np.prod(np.linalg.norm(z, axis=2), 0))
lerp, slerp = (z[0] + z[1]) / 2, (np.sin(angle / 2) / np.sin(angle))[:, None] * (z[0] + z[1])
ratio = float(np.mean(np.linalg.norm(lerp, axis=1) / np.linalg.norm(slerp, axis=1)))
claims.add("3: half way from z to z′, 100 numbers each, a straight line's point is 1/√2 = 0.707 as long as the arc's",
           ratio, "± 0.005", abs(ratio - math.sqrt(0.5)) <= 0.005)

x = np.linspace(-2, 3, 201)
p, q = np.exp(-x ** 2 / 2), np.exp(-(x - 1) ** 2 / 2)
for a, b, what in ((0.9, 0.0, "a = .9 for real"), (0.9, 0.2, "a = .9 for real, b = .2 for fake")):
    best = (a * p + b * q) / (p + q)
    logit = mg.tensor(np.log(best / (1 - best)), requires_grad=True)
    value = sum(mg.backend.asarray(density) * (label * F.logsigmoid(logit) + (1 - label) * F.logsigmoid(-logit))
                for density, label in ((p, a), (q, b)))                     # concave: where it is flat, it is greatest
    slope = abs(mg.grad(F.sum(value), logit)[0].numpy()).max()
    claims.add(f"6: labels {what}: D* = (a p + b q)/(p + q), {np.interp(0.5, x, best):.2f} where p = q: slope of V there",
               slope, "<= 1e-6", slope <= 1e-6)

# %% The picture: every tip's two effects with their intervals
VERDICTS = {"helped": COLOURS["D"], "hurt": COLOURS["G"], "no effect seen": "0.6"}
figure, panels = plt.subplots(1, 2, figsize=(10.4, 7.2), sharey=True)
titles = f"Modes with a fair share, of 8 (baseline {baseline[1]:.1f})", f"Good samples, % (baseline {baseline[2]:.0f}%)"
for axes, column, title in zip(panels, KINDS.values(), titles):
    for row, e in enumerate(row[column] for row in effects.values()):
        colour = VERDICTS[e.word]
        axes.plot(e.interval, (row, row), color=colour, linewidth=2.8)
        axes.plot(e.mean, row, "o", color=colour, markersize=8.5, markeredgewidth=2,
                  markerfacecolor="white" if e.certain == "no effect seen" else colour)
    axes.axvline(0, color="0.3", linewidth=1)
    axes.set(title=title, xlabel="with the tip − without it", yticks=range(len(effects)))
    axes.xaxis.set_major_locator(plt.MaxNLocator(9, integer=True))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
panels[0].set_yticklabels([name[:2].replace(" ", "\u2007") + name[2:] for name in effects], ha="left")  # a digit wide
panels[0].tick_params(axis="y", labelsize=12.5, pad=172)
panels[0].invert_yaxis()
for word, colour in VERDICTS.items():
    panels[0].plot([], [], "-o", color=colour, linewidth=2.8, markersize=8.5, label=word)
panels[0].plot([], [], "o", color="0.3", markersize=8.5, label=f"filled: also if all {NUMBER} are to hold together")
figure.legend(loc="outside lower center", ncols=4)
figure.suptitle(f"Which tips helped on the ring of 8? {S} seeds, {STEPS:,} iterations, 95% intervals", x=0.01, ha="left")
pictures.save(figure, arguments.out / "ganhacks.png")

run.finish(arguments, claims, measured=measured, effects={name: [e._asdict() for e in row] for name, row in effects.items()})
