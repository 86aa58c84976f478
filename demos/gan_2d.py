"""Algorithm 1 in the plane, where the data's density is known: what D should say, and tells G.

Goodfellow et al. 2014 prove that for a fixed G the best D is D* = p/(p + q), and that V(D*, G) =
−log 4 + 2 JSD(p ‖ q), least where q = p. In two dimensions all of that can be looked at; and in
phase_2.png, how the gradient passes through a frozen D. Read next: gan_modes.py, which modes of the
data such a game finds.

    python demos/gan_2d.py           a quarter of a minute on two cores
    python demos/gan_2d.py --full    larger networks and batches, 5,000 iterations: a minute or two
"""

# %% The data, the two players, and what is known about them
import math

import numpy as np
from shared import pictures, plane, run
from shared.claims import Claims
from shared.networks import in_batches
from shared.pictures import COLOURS, plt
from shared.plane import dx, kernel_density, lattice, on_lattice, smooth

import minigen as mg
from minigen import functional as F
from minigen import inspect
from minigen.data import ring
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential
from minigen.metrics import Estimate, js_divergence, minimax_value, optimal_discriminator

arguments = run.arguments(__doc__, steps=3000, quick=10, full=5000)
STEPS = arguments.steps
hidden, m = (128, 256) if arguments.full else (64, 128)
p = ring(modes=8, radius=2.0, std=0.3)                      # wide enough that a heat map shows it
claims = Claims()


def generator():
    return Sequential(Dense(2, hidden), ReLU(), Dense(hidden, hidden), ReLU(), Dense(hidden, 2))


def discriminator():
    return Sequential(Dense(2, hidden), LeakyReLU(0.2), Dense(hidden, hidden), LeakyReLU(0.2),
                      Dense(hidden, 1))


def game(G, D, loss="non_saturating", lr=1e-3):
    """A GANTrainer with Adam for both players, k = 1; momentum, Adam's first beta, is 0.5."""
    players = [mg.optim.Adam(network.parameters(), lr, betas=(0.5, 0.999)) for network in (G, D)]
    return mg.trainers.GANTrainer(G, D, *players, k=1, generator_loss=loss,
                                  prior=lambda n: mg.randn(n, 2))


def logits(D, x):
    """D's logits at the points x (n, 2): (n,), in double precision"""
    return in_batches(D, x)[:, 0].astype("float64")


def value_of(D, p, q):
    """V(D, G) = ∫ p log D + q log(1 − D), by the sum over the lattice"""
    s = logits(D, lattice)
    return float(-(p * np.logaddexp(0, -s) + q * np.logaddexp(0, s)).sum() * dx)


def measured_value(D, G, n=100_000):
    """V(D, G), an Estimate from n fresh points of each side, which know nothing of densities"""
    on_real, on_fake = logits(D, p.sample(n)), logits(D, in_batches(G, mg.randn(n, 2)))
    log_D, log_1_D = -np.logaddexp(0, -on_real), -np.logaddexp(0, on_fake)
    return Estimate(float(log_D.mean() + log_1_D.mean()),
                    math.sqrt((log_D.var() + log_1_D.var()) / n))


def ascend(trainer, steps, p_density, q_density):
    """`steps` steps of phase 1 while G is fixed: [(step, V(D, G))], now and then"""
    climb = [(0, value_of(trainer.discriminator, p_density, q_density))]
    for step in range(1, steps + 1):
        trainer.update_discriminator(p.sample(2 * m))
        if step % max(steps // 50, 1) == 0:
            climb.append((step, value_of(trainer.discriminator, p_density, q_density)))
    return climb


def what_d_tells_g(G, D, z, loss="non_saturating"):
    """Phase 2 with rate 0, which changes nothing: its record, and −∂value/∂G(z) of each sample.

    That is the direction in which D sends the sample."""
    record = game(G, D, loss, lr=0.0).update_generator(len(z), noise=z)
    return record, -len(z) * mg.to_numpy(record.sample_gradient)


# %% 1. D alone, against a G whose density is exact: G(z) = Az + b, so q = N(b, AAᵀ)
A, b = np.array([[1.2, 0.5], [0.0, 0.7]]), np.array([0.5, 0.4])
linear = Sequential(Dense(2, 2))
linear.load_state_dict({"0.weight": A, "0.bias": b})
whitened = np.linalg.solve(A, (lattice - b).T)
q_exact = on_lattice(np.exp(-0.5 * (whitened ** 2).sum(0)))
p_exact = on_lattice(p.density(lattice))
D1 = discriminator()
value_best = minimax_value(p_exact, q_exact, dx)
D_best = optimal_discriminator(p_exact, q_exact, dx=dx)
climb = ascend(game(linear, D1), STEPS // 2, p_exact, q_exact)
D_1 = F.sigmoid(logits(D1, lattice))
apart = float((abs(D_1 - D_best) * (p_exact + q_exact)).sum() * dx / 2)
measured = measured_value(D1, linear)
low, high = value_best - 0.05, value_best + 2 * measured.standard_error
claims.holds("V(D, G) ascends to V(D*, G) = −log 4 + 2 JSD, and no further: V of 100,000 fresh "
             "points of each side", measured.value, f"{low:.3f} to {value_best:.3f} (+ 2 se)",
             low <= measured.value <= high, interval=measured.interval)
claims.report("... what is left, V(D*) − V(D), both by the densities", value_best - climb[-1][1])
claims.at_most("D tends to D* = p/(p + q): mean |D − D*|", apart, 0.05)

# %% 2. The gradient that G gets from this D: saturating and non-saturating, for the same noise
z = mg.randn(2000, 2)
d, gap, sizes = F.sigmoid(logits(D1, in_batches(linear, z))), 0.0, {}
for loss in ("saturating", "non_saturating"):
    record, arrows = what_d_tells_g(linear, D1, z, loss)
    closed = -d if loss == "saturating" else -(1 - d)       # of log(1 − σ(s)), −log σ(s) by s
    by_logit = mg.to_numpy(record.logit_gradients["fake"])[:, 0] * len(z)
    gap = max(gap, abs(by_logit - closed).max())
    sizes[loss] = np.hypot(*arrows.T)
claims.at_most("∂value/∂logit is −D(G(z)), saturating, and −(1 − D(G(z))), non-saturating: "
               "largest difference", gap, 1e-6)
rejected = d < 0.1
ratios = sizes["non_saturating"][rejected] / sizes["saturating"][rejected]
ratio = float(np.median(ratios)) if rejected.any() else "no such sample"
claims.report("where D rejects a sample, D(G(z)) < 0.1, the non-saturating gradient is larger by a "
              "factor (median)", ratio)

# %% 3. The game: Algorithm 1 from an untrained G with two-dimensional noise
G, D = generator(), discriminator()
trainer, p_smooth = game(G, D), smooth(p_exact)
moments = sorted({STEPS // 100, STEPS // 10, STEPS})
bounds = []                                                 # (step, −log 4 + 2 JSD)
album = {}                                                  # step -> what the pictures need
z_arrows, z_many = mg.randn(150, 2), mg.randn(200_000, 2)


def look(trainer, record):
    """A callback: the bound now and then; at three moments q, D, samples, and what D tells G."""
    if trainer.steps % max(STEPS // 40, 1) and trainer.steps not in moments:
        return
    q = kernel_density(in_batches(G, z_many if trainer.steps in moments else z_many[:50_000]))
    bounds.append((trainer.steps, minimax_value(p_smooth, q, dx)))
    if trainer.steps in moments:
        _, arrows = what_d_tells_g(G, D, z_arrows)
        album[trainer.steps] = {"q": q, "D": F.sigmoid(logits(D, lattice)),
                                "x": in_batches(G, z_arrows), "arrows": arrows,
                                "weights": G.state_dict()}


curves = inspect.Curves(every=max(STEPS // 400, 1))
trainer.fit(p, STEPS, batch_size=m, callbacks=[curves, look], compiled=True)
q, bound = album[STEPS]["q"], bounds[-1][1]
claims.near("D(x) tends to 1/2, the answer of a D that knows nothing (mean of the last fifth)",
            curves.last("D(x)"), 0.5, within=0.05)
claims.near("D(G(z)) tends to 1/2 (mean of the last fifth)", curves.last("D(G(z))"), 0.5,
            within=0.05)
claims.near("V(D, G) tends to −log 4 = −1.386 (mean of the last fifth)", curves.last("V"),
            -math.log(4), within=0.05, digits=3)
floor = js_divergence(p_smooth, kernel_density(p.sample(200_000)), dx)
claims.report(f"yet q is not p: JSD(p ‖ q) in nats (the same estimate of p itself: {floor:.3f})",
              js_divergence(p_smooth, q, dx))

after = ascend(trainer, STEPS // 3, p_smooth, q)            # G stops, D goes on: does it find more?
measured = measured_value(D, G)
claims.above(f"... as D finds when G stops: V of 100,000 fresh points of each side after "
             f"{STEPS // 3:,} more steps of phase 1", measured.value, -math.log(4) + 0.05, digits=3,
             interval=measured.interval)
claims.report("... beside −log 4 + 2 JSD of the smoothed densities, which is below that of the "
              "true ones", bound)


# %% Picture 1: D against a fixed G
def draw_sizes(axes):
    """How large the gradient at each sample is, by D's answer."""
    for loss, colour in (("saturating", COLOURS["quiet"]), ("non_saturating", COLOURS["gradient"])):
        axes.scatter(d, sizes[loss], s=5, color=colour, label=loss.replace("_", "-"))
    axes.set(xlabel="D(G(z))", ylabel="‖∂value/∂G(z)‖ per sample", xlim=(0, 1), yscale="log",
             ylim=(1e-4, None), title="What D tells G fades where D wins")
    axes.legend(loc="lower right", markerscale=4)


figure, axes = plt.subplots(1, 4, figsize=(17, 4.4), width_ratios=(1, 1, 1.15, 1.15))
plane.heat(axes[0], D_1, p_exact + q_exact, f"D after {STEPS // 2:,} steps")
image = plane.heat(axes[1], D_best, p_exact + q_exact, "D* = p/(p + q), exact")
figure.colorbar(image, ax=axes[1], ticks=(0, 0.5, 1), shrink=0.8, label="D(x)")
axes[2].plot(*zip(*climb), color=COLOURS["D"])
axes[2].axhline(value_best, color="0.3", linestyle="--", linewidth=1)
axes[2].annotate("−log 4 + 2 JSD = V(D*)", (STEPS // 2, value_best), ha="right", va="bottom",
                 fontsize=11)
axes[2].set(xlabel="step of phase 1, G frozen", ylabel="V(D, G)", ylim=(None, value_best + 0.1),
            title="D ascends V, up to V(D*)")
draw_sizes(axes[3])
pictures.save(figure, arguments.out / "optimal_discriminator.png")


# %% Picture 2: the game at three moments
def draw_arrows(axes, seen):
    """Data, G's samples, and where D sends these."""
    unit = 1.3 * np.quantile(np.hypot(*seen["arrows"].T), 0.95)
    axes.scatter(*p.sample(400).T, s=3, color=COLOURS["real"], alpha=0.5)
    axes.scatter(*seen["x"].T, s=7, color=COLOURS["generated"])
    axes.quiver(*seen["x"].T, *seen["arrows"].T, color=COLOURS["gradient"], width=0.006,
                angles="xy", scale_units="xy", scale=unit)
    plane.label(axes, f"what D tells G (length 1: {unit:.2g})")


def draw_mesh(axes, seen):
    """Where G puts a square grid of z."""
    ticks, fine = np.linspace(-2.2, 2.2, 13), np.linspace(-2.2, 2.2, 200)
    vertical = [np.stack([np.full(200, t), fine], 1) for t in ticks]
    G.load_state_dict(seen["weights"])
    for line in (*vertical, *(line[:, ::-1] for line in vertical)):
        axes.plot(*in_batches(G, line).T, color=COLOURS["generated"], linewidth=0.7, alpha=0.8)
    plane.label(axes, "G: where the grid of z goes")


figure, rows = plt.subplots(len(album), 4, figsize=(15.5, 3.8 * len(album)), squeeze=False)
for row, (step, seen) in zip(rows, album.items()):
    mass, best = p_smooth + seen["q"], optimal_discriminator(p_smooth, seen["q"], dx=dx)
    plane.heat(row[0], seen["D"], mass, f"iteration {step:,}: D")
    image = plane.heat(row[1], best, mass, "D* (kernel density q)")
    figure.colorbar(image, ax=row[1], ticks=(0, 0.5, 1), shrink=0.85, label="D(x)")
    draw_arrows(row[2], seen)
    draw_mesh(row[3], seen)
for axes in rows.flat:
    axes.label_outer()
figure.suptitle("Algorithm 1: real points green, G's orange, arrows ∂ log D/∂G(z), where G is sent",
                x=0.01, ha="left")
pictures.save(figure, arguments.out / "game.png")

# %% Picture 3: V, and its bound
figure, axes = plt.subplots(figsize=(9, 4))
steps_after, values_after = zip(*after)
axes.plot(curves.steps, curves.values["V"], color=COLOURS["D"], linewidth=0.8, alpha=0.6,
          label="V(D, G), by batches")
axes.plot(*zip(*bounds), color="black", linestyle="--", label="its bound −log 4 + 2 JSD(p ‖ q)")
axes.axhline(-math.log(4), color="0.5", linewidth=1)
axes.plot(STEPS + np.array(steps_after), values_after, color=COLOURS["D"],
          label="V, G stopped, D goes on")
axes.axvspan(STEPS, STEPS * 4 / 3, color=COLOURS["D"], alpha=0.08, linewidth=0)
axes.annotate("−log 4", (STEPS * 4 / 3, -1.4), ha="right", va="top", fontsize=11)
axes.set(xlabel="iteration", ylabel="nats", ylim=(-1.6, 0.05),
         title="V settles at −log 4; that does not make q = p")
axes.legend(loc="upper center")
pictures.save(figure, arguments.out / "values.png")
pictures.save(inspect.game(curves), arguments.out / "curves.png")

# %% Picture 4: the tape of phase 2: D is frozen, and the gradient passes through it to G
z = mg.randn(m, 2)
fake = G(z)
with mg.frozen(D):
    value = -F.mean(F.logsigmoid(D(fake)))                  # −log D(G(z))
tape = inspect.draw_graph(value, gradients=True, G=G, D=D, z=z, fake=fake, value=value)
pictures.save(tape, arguments.out / "phase_2.png")

run.finish(arguments, claims)
