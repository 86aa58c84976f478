"""What is exactly true of three tips of "How to train a GAN?": a gradient, a length, an optimum.

Whether a tip helps is a matter of luck and of the game (ganhacks.py measures it). Some of what the
list says is mathematics, and can be checked to rounding: the non-saturating loss is the loss of
flipped labels (tip 2); in many dimensions a straight line between two codes leaves the shell where
the prior has its mass, an arc does not (tip 3); smoothed labels move the optimal discriminator
(tip 6). Read next: gan_failures.py.

    python demos/ganhacks_exact.py
"""

# %% Tip 2: descending −log D(G(z)) is descending the discriminator's loss with the labels flipped
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, Sequential

arguments = run.arguments(__doc__, steps=50)
claims = Claims()

G = Sequential(Dense(2, 32), LeakyReLU(0.2), Dense(32, 2))
D = Sequential(Dense(2, 32), LeakyReLU(0.2), Dense(32, 1))
trainer = mg.trainers.GANTrainer(G, D, mg.optim.Adam(G.parameters(), 3e-3, betas=(0.5, 0.999)),
                                 mg.optim.Adam(D.parameters(), 3e-3, betas=(0.5, 0.999)),
                                 generator_loss="non_saturating", prior=lambda m: mg.randn(m, 2))
trainer.fit(mg.data.ring(), arguments.steps, progress=False)    # at weights that mean something

logits = D(G(mg.randn(256, 2)))
flipped = mg.backend.asarray(np.ones((256, 1), "float32"))      # "real", said of generated samples
losses = -F.mean(F.logsigmoid(logits)), F.binary_cross_entropy_with_logits(logits, flipped)
pairs = zip(*(map(mg.to_numpy, mg.grad(loss, G.parameters())) for loss in losses))
claims.at_most("2: the non-saturating gradient is that of flipped labels: largest difference of "
               "G's gradients", max(float(abs(a - b).max()) for a, b in pairs), 1e-6)

# %% Tip 3: half way from z to z′, on the straight line and on the arc, in 100 dimensions
z = np.random.default_rng(arguments.seed).standard_normal((2, 10_000, 100))
angle = np.arccos((z[0] * z[1]).sum(1) / np.prod(np.linalg.norm(z, axis=2), 0))
line = (z[0] + z[1]) / 2
arc = (np.sin(angle / 2) / np.sin(angle))[:, None] * (z[0] + z[1])
lengths = {"ends": np.linalg.norm(z[0], axis=1), "on the arc": np.linalg.norm(arc, axis=1),
           "on the line": np.linalg.norm(line, axis=1)}
ratio = float(np.mean(lengths["on the line"] / lengths["on the arc"]))
claims.near("3: half way from z to z′, 100 numbers each, a straight line's point is 1/√2 = 0.707 "
            "as long as the arc's", ratio, np.sqrt(0.5), within=0.005, digits=3)

# %% Tip 6: with labels a for real and b for fake, D* = (a p + b q) / (p + q): V is flat there
x = np.linspace(-2, 3, 201)
p, q = np.exp(-x ** 2 / 2), np.exp(-(x - 1) ** 2 / 2)
LABELS = {"a = .9 for real": (0.9, 0.0), "a = .9 for real, b = .2 for fake": (0.9, 0.2)}
optima = {"labels 1 and 0": p / (p + q)}
for what, (a, b) in LABELS.items():
    best = optima[what] = (a * p + b * q) / (p + q)
    logit = mg.tensor(np.log(best / (1 - best)), requires_grad=True)
    value = sum(mg.backend.asarray(density)
                * (label * F.logsigmoid(logit) + (1 - label) * F.logsigmoid(-logit))
                # concave: where it is flat, it is greatest
                for density, label in ((p, a), (q, b)))
    slope = float(abs(mg.grad(F.sum(value), logit)[0].numpy()).max())
    claims.at_most(f"6: labels {what}: D* = (a p + b q)/(p + q), {np.interp(0.5, x, best):.2f} "
                   "where p = q: slope of V there", slope, 1e-6)

# %% The picture
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.4))
s = np.linspace(-6, 6, 200)
probability = 1 / (1 + np.exp(-s))
left.plot(probability, probability, color=COLOURS["quiet"], label="saturating, log(1 − D)")
left.plot(probability, 1 - probability, color=COLOURS["G"], linewidth=3,
          label="non-saturating, −log D")
left.plot(probability[::12], 1 - probability[::12], "o", color="black", markersize=4,
          label="flipped labels")
left.set(xlabel="D(G(z))", ylabel="|∂ loss / ∂ logit|", title="2: what reaches G, by what D says")
left.legend()
for name, colour in zip(lengths, (COLOURS["quiet"], COLOURS["real"], COLOURS["G"])):
    middle.hist(lengths[name], bins=60, color=colour, alpha=0.6, label=name)
middle.set(xlabel="length of z, 100 dimensions", yticks=[], ylabel="pairs",
           title="3: half way on the line, z is too short")
middle.legend()
for (name, best), style in zip(optima.items(), ("-", "--", ":")):
    right.plot(x, best, style, color=COLOURS["D"], label=name)
right.set(xlabel="x", ylabel="D*(x)", ylim=(0, 1), title="6: smoothed labels move the optimum")
right.legend(loc="lower left")
pictures.save(figure, arguments.out / "exact.png")

run.finish(arguments, claims)
