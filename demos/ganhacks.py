"""The tips of "How to train a GAN?" as switches of one loop: which of them helped here, and which
did not?

Soumith Chintala and others collected seventeen tips in 2016 (github.com/soumith/ganhacks, by its
own word no longer maintained). Here a small GAN learns the ring of 8, and every tip that has a
meaning in the plane is one switch of Algorithm 1. Its effect, with the tip minus without it and all
else equal, is measured over seeds: on the modes that get a fair share, and on the share of good
samples. There is one setting of each tip, none tuned, and only the beginning of training: another
game may answer otherwise. What is exactly true of the tips stands in ganhacks_exact.py, tip 10,
track failures early, in gan_failures.py. Not for the plane: 7 (convolutions: dcgan_faces.py), 12
and 16 (labels and conditions), the pooling and up-sampling of 5.

    python demos/ganhacks.py              under two minutes on two cores; --seeds 16: narrower
    python demos/ganhacks.py --full       4,000 iterations each, ten minutes: some answers change
"""

# %% The tips: number and name, the settings with it, the settings without it. {} is the baseline
import math
from collections import deque
from types import SimpleNamespace

import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.effects import draw_effects, effect
from shared.pictures import COLOURS, plt
from shared.side_by_side import Dense, Normalise

import minigen as mg
from minigen import functional as F
from minigen.layers import Dropout, LeakyReLU, ReLU, Sequential, Tanh
from minigen.metrics import mode_coverage

FLAG = {"type": run.several, "default": 8, "help": "runs of each variant, at least 2 (default 8)"}
arguments = run.arguments(__doc__, steps=700, quick=10, full=4000, options={"--seeds": FLAG})
S, STEPS = 2 if arguments.quick else arguments.seeds, arguments.steps
M, HIDDEN, LATENT = 64, 32, 2
ring = mg.data.ring(8, radius=2.0, std=0.05)

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
    ("15  D judges pairs", dict(pack=2), {}),       # as PacGAN does, for minibatch discrimination
    ("17  dropout in G, kept", dict(dropout=True), {})]
BASELINE = dict(
    tanh=False, saturating=False, uniform=False, norm=False, joint=False, relu=False, real=(1, 1),
    fake=(0, 0), flip=0, replay=False, sgd="", beta1=0.5, balance=False, noise=0,
    layer_noise=False, k=1, pack=1, dropout=False)


# %% The players. All seeds learn side by side: the first axis of every array is the seed
def players(o):
    activation = ReLU if o.relu else LeakyReLU                                          # tip 5
    noise = [lambda h: h + 0.1 * mg.randn(*h.shape)] if o.layer_noise else []           # tip 13
    after = [Dropout(0.5)] if o.dropout else noise                                      # tip 17
    norm = [Normalise(S, HIDDEN)] if o.norm else []                                     # tip 4
    tanh = [Tanh()] if o.tanh else []                                                   # tip 1
    G = Sequential(Dense(S, LATENT, HIDDEN), activation(), *after,
                   Dense(S, HIDDEN, HIDDEN), activation(), *after, Dense(S, HIDDEN, 2), *tanh)
    D = Sequential(Dense(S, 2 * o.pack, HIDDEN), activation(),
                   Dense(S, HIDDEN, HIDDEN), *norm, activation(), Dense(S, HIDDEN, 1))
    return G, D


def optimizer(network, o, name):
    if name in o.sgd:                                                                   # tip 9
        return mg.optim.SGD(network.parameters(), 0.1, momentum=0.5)
    return mg.optim.Adam(network.parameters(), 3e-3, betas=(o.beta1, 0.999))


# %% Algorithm 1, and where each tip enters it
def bracket(logits, label):
    """1/m Σ [ label · log D + (1 − label) · log(1 − D) ] of every seed"""
    loss = F.binary_cross_entropy_with_logits(logits, label, reduction="none")
    return -F.mean(loss, axis=(1, 2))


def array(x):
    return mg.backend.asarray(np.asarray(x, "float32"))


def play(steps=STEPS, **switch):
    """The game with the settings of BASELINE, but for those that `switch` changes. After every
    iteration: its share of the whole, and m -> samples (S, m, 2)."""
    o = SimpleNamespace(**{**BASELINE, **switch})
    mg.seed(arguments.seed)                         # the same weights, z and x for every variant
    rng = np.random.default_rng(arguments.seed)     # what the tips draw besides
    G, D = players(o)
    g_optimizer, d_optimizer = optimizer(G, o, "G"), optimizer(D, o, "D")
    past, scale = deque(maxlen=100), 2.2 if o.tanh else 1.0     # 2.2: the ring lies in [−1, 1]²

    def prior(m):
        a = math.sqrt(3)                                        # uniform of the same variance
        shape = (S, m, LATENT)
        return mg.random.uniform(-a, a, shape) if o.uniform else mg.randn(*shape)       # tip 3

    def labels(low, high):
        label = rng.uniform(low, high, (S, M // o.pack, 1))                             # tip 6
        return array(np.where(rng.random(label.shape) < o.flip, 1 - label, label))

    def logits_of(x):
        x = x + array(sigma * rng.standard_normal(x.shape)) if sigma else x             # tip 13
        return D(x.reshape(S, -1, 2 * o.pack))                                          # tip 15

    def sample(m):
        with mg.no_grad():
            return scale * mg.to_numpy(G(prior(m)))

    total = max(2 * steps // (o.k + 1), 1)          # as many updates in all, whatever k is
    for step in range(total):
        sigma = o.noise * (1 - step / total)
        for _ in range(o.k):                        # phase 1                           # tip 14
            x = array(ring.sample(S * M).reshape(S, M, 2) / scale)
            with mg.frozen(G):
                fake = G(prior(M))
            if o.replay:                                                                # tip 8
                past.append(fake)
                old = past[rng.integers(len(past))]
                fake = F.concatenate([fake[:, :M // 2], old[:, M // 2:]], axis=1)
            if o.joint:                                                                 # tip 4
                both = logits_of(F.concatenate([x, fake], axis=1))
                real_logits, fake_logits = both[:, :M], both[:, M:]
            else:
                real_logits, fake_logits = logits_of(x), logits_of(fake)
            value = bracket(real_logits, labels(*o.real)) + bracket(fake_logits, labels(*o.fake))
            ascent = mg.grad(F.sum(value), D.parameters())
            if o.balance:           # no gradient while D is ahead (Adam still moves it) # tip 11
                ascent = [g * (-value.data > 1.3).reshape(S, 1, 1) for g in ascent]
            d_optimizer.step([-g for g in ascent])

        with mg.frozen(D):                          # phase 2
            logits = logits_of(G(prior(M)))
        losses = F.logsigmoid(-logits) if o.saturating else -F.logsigmoid(logits)       # tip 2
        g_optimizer.step(mg.grad(F.sum(F.mean(losses, axis=(1, 2))), G.parameters()))
        yield (step + 1) / total, sample


# %% Every tip's three effects, as a table
measured = {}


def measure(settings):
    """(S, 3): modes with a good sample, modes with a fair share of them, % of good samples; of
    2,500 samples of each seed, the mean of five looks in the last fifth of the game."""
    key = str(settings)
    if key not in measured:
        looks = []
        for share, sample in play(**settings):
            if share >= (16 + len(looks)) / 20:
                found = [mode_coverage(x, ring.means, ring.std) for x in sample(2500)]
                looks.append([(c.modes, c.fair_modes, 100 * c.high_quality) for c in found])
        measured[key] = np.mean(looks, 0)
    return measured[key]


KINDS = {"modes with a fair share": 1, "share of good samples": 2}
INTERVALS = len(KINDS) * len(TIPS)                  # in the picture
effects = {name: [effect(d, INTERVALS) for d in (measure(with_tip) - measure(without)).T]
           for name, with_tip, without in TIPS}
baseline = measure({}).mean(0)
print(f"\nwith the tip − without it, {S} seeds      modes, ≥ 1 sample           modes, fair share "
      "          good, %")
for name, row in effects.items():
    print(f"{name:28}", *("{:+7.1f} [{:+5.1f}, {:+5.1f}] {:6}".format(
        e.mean, *e.interval, "" if e.verdict == "no effect seen" else e.verdict)
        for e in row), sep="")
print("{:28}{:7.1f}{:28.1f}{:28.1f}".format("the baseline itself", *baseline))
print("""Nothing said: no effect seen, the interval holds 0. Good: within 3 std of a mode's mean
(real points: 98.9%). Fair share: a fifth of the even share. With one sample the baseline has nearly
all modes already, so that column shows harm and hardly any help: picture and claims take the fair
share. Nearly all rows share the baseline's runs: their luck is in all of these rows. Published for
pairs, on another ring: 6.3 modes become 7.9 (PacGAN 2018, table 1).""")

claims = Claims()
for kind, column in KINDS.items():
    for verdict in ("helped", "hurt"):
        names = [" ".join(name.split()) for name, row in effects.items()
                 if row[column].verdict == verdict]
        claims.report(f"{kind}: of {len(TIPS)} tips, those that {verdict} (interval without 0)",
                      "; ".join(names) or "none")
chosen = [row[column] for row in effects.values() for column in KINDS.values()]
seen = sum(e.verdict != "no effect seen" for e in chosen)
certain = sum(e.certain != "no effect seen" for e in chosen)
claims.report(f"of {INTERVALS} intervals, those without 0 (by chance, did no tip do anything: "
              f"{0.05 * INTERVALS:.1f})", f"{seen}, and {certain} when all are to hold together")

# %% The picture: every tip's two effects with their intervals
VERDICTS = {"helped": COLOURS["D"], "hurt": COLOURS["G"], "no effect seen": "0.6"}
figure, panels = plt.subplots(1, 2, figsize=(10.4, 7.2), sharey=True)
titles = (f"Modes with a fair share, of 8 (baseline {baseline[1]:.1f})",
          f"Good samples, % (baseline {baseline[2]:.0f}%)")
for axes, column, title in zip(panels, KINDS.values(), titles):
    draw_effects(axes, [row[column] for row in effects.values()], VERDICTS)
    axes.set(title=title, xlabel="with the tip − without it", yticks=range(len(effects)))
    axes.xaxis.set_major_locator(plt.MaxNLocator(9, integer=True))
    axes.tick_params(axis="y", length=0)
numbers_of_one_width = [name[:2].replace(" ", "\u2007") + name[2:] for name in effects]
panels[0].set_yticklabels(numbers_of_one_width, ha="left")
panels[0].tick_params(axis="y", labelsize=12.5, pad=172)
panels[0].invert_yaxis()
for verdict, colour in VERDICTS.items():
    panels[0].plot([], [], "-o", color=colour, linewidth=2.8, markersize=8.5, label=verdict)
panels[0].plot([], [], "o", color="0.3", markersize=8.5,
               label=f"filled: also if all {INTERVALS} are to hold together")
figure.legend(loc="outside lower center", ncols=4)
figure.suptitle(f"Which tips helped on the ring of 8? {S} seeds, {STEPS:,} iterations, 95% "
                "intervals", x=0.01, ha="left")
pictures.save(figure, arguments.out / "ganhacks.png")

run.finish(arguments, claims, measured=measured,
           effects={name: [e._asdict() for e in row] for name, row in effects.items()})
