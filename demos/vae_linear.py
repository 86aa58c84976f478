"""Where everything is known: a linear variational autoencoder against probabilistic PCA.

If decoder and encoder are linear, x = W z + b + noise with z ~ N(0, I) and noise ~ N(0, I), then
log p(x) and the best W are known (Tipping & Bishop 1999). With U, λ the eigenvectors and
eigenvalues of the data's covariance: column j of W is √(λⱼ − 1) uⱼ where λⱼ > 1, and zero where
not. The ELBO at this W equals log p(x), unit j tells KL ½ log λⱼ about x, and a unit of a zero
column tells nothing: its collapse is the optimum, not a failure of training (Lucas et al. 2019). So
what gradient descent reaches can be judged to the last digit; for a VAE with hidden layers nobody
can do that.

    python demos/vae_linear.py            six made-up inputs, and 12,000 digits
    python demos/vae_linear.py --full     six made-up inputs, and all 60,000 digits
"""

# %% What the lecture shows, and what this run asks
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import parameters_of
from shared.pictures import COLOURS, plt
from tqdm import tqdm

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, Layer
from minigen.metrics import active_units, fit_pca, gaussian_kl, linear_vae_optimum, mse

arguments = run.arguments(__doc__, steps=12_000, full=24_000, data=True)
digits = run.digits(arguments)[0].reshape(-1, 784)
TOY_STEPS, SEEDS = (20, 2) if arguments.quick else (3000, 5)
# of the six inputs' covariance: three exceed the noise's 1
EIGENVALUES = np.array([4, 2, 1, 0.3, 0.3, 0.3]) / 0.3


# %% The model, and its ELBO without sampling
class Encoder(Layer):
    """mu = A x + c, and one log_var for all x: the form that the exact posterior has"""

    def __init__(self, inputs, q):
        self.mu = Dense(inputs, q)
        self.log_var = mg.tensor(np.zeros((1, q), np.float32), requires_grad=True)

    def forward(self, x):
        mu = self.mu(x)
        return mu, F.broadcast_to(self.log_var, mu.shape)


def elbo(x, trainer):
    """ELBO in nats and the KL of every unit:
    E ‖x − W z − b‖² = ‖x − W mu − b‖² + Σⱼ vⱼ ‖Wⱼ‖², v = exp(log_var)"""
    with mg.no_grad():
        mu, log_var = trainer.encoder(mg.backend.asarray(x))
        mean = mg.to_numpy(trainer.decoder(mu))
    mu, log_var, W = map(mg.to_numpy, (mu, log_var, trainer.decoder.weight))
    kl = gaussian_kl(mu, log_var).mean(0)
    spread = (np.exp(log_var[0]) * np.square(W).sum(0)).sum()
    return -0.5 * (x.shape[1] * (np.log(2 * np.pi) + mse(x, mean)) + spread) - kl.sum(), kl


def trained(x, q, lr, steps, batch_size, every, best):
    """A linear VAE with q units, and its path: (step, nats below the exact log p(x), KL of every
    unit) `every` so many steps"""
    encoder, decoder = Encoder(x.shape[1], q), Dense(q, x.shape[1])
    optimizer = mg.optim.Adam(parameters_of(encoder, decoder), lr=mg.optim.cosine_decay(lr, steps))
    trainer = mg.trainers.VAETrainer(encoder, decoder, optimizer, likelihood="gaussian")
    path = []

    def watch(trainer, record):
        if trainer.steps % every == 0 or trainer.steps == steps:
            value, kl = elbo(x, trainer)
            path.append((trainer.steps, best - value, kl))

    trainer.fit(x, steps, batch_size=batch_size, callbacks=[watch], progress=batch_size < len(x))
    return trainer, path


# %% Six inputs, three units
def six_inputs(n=2000):
    """n points whose covariance has exactly these eigenvalues, along axes that were drawn at
    random"""
    rng = mg.random.generator()
    x = rng.standard_normal((n, 6))
    x -= x.mean(0)
    x = np.linalg.solve(np.linalg.cholesky(x.T @ x / n), x.T).T            # its covariance is I now
    axes = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    return ((x * np.sqrt(EIGENVALUES)) @ axes).astype(np.float32)


paths = []
for seed in tqdm(range(arguments.seed, arguments.seed + SEEDS), unit="seed", disable=None):
    mg.seed(seed)
    toy = six_inputs()
    best = linear_vae_optimum(fit_pca(toy, 3), 3, 1.0).log_likelihood(toy).mean()
    paths.append(trained(toy, 3, 0.03, TOY_STEPS, len(toy), 20, best)[1])

claims = Claims()
gaps = [path[-1][1] for path in paths]
claims.between(f"six inputs, three units: the ELBO ends below the exact log p(x) = {best:.4f} by, "
               f"nats, worst of {SEEDS} seeds", gaps, -1e-4, 0.05, shown=max(gaps))
exact = 0.5 * np.log(EIGENVALUES[:3])
units = np.array([np.sort(path[-1][2])[::-1] for path in paths])
claims.report(
    "... KL of the units, first seed; exact, ½ log λ: " + ", ".join(f"{k:.3f}" for k in exact),
    ", ".join(f"{k:.3f}" for k in units[0]))
claims.report("... largest difference of any unit of any seed, nats",
              float(np.abs(units - exact).max()))

# %% Digits, twenty units, of which twelve are worth their price
q = 20
pca = fit_pca(digits, q)
optimum = linear_vae_optimum(pca, q, 1.0)
best = optimum.log_likelihood(digits).mean()
mg.seed(arguments.seed)
vae, path = trained(digits, q, 2e-3, arguments.steps, 128, max(1, arguments.steps // 40), best)
_, gap, kl = path[-1]
claims.between(
    f"{len(digits):,} digits, {q} units: the ELBO ends below the exact {best:.3f} by, nats", gap,
    -1e-3, 0.05)
worth = int((pca.eigenvalues > 1).sum())
with mg.no_grad():
    used = active_units(mg.to_numpy(vae.encoder(mg.backend.asarray(digits))[0])).count
claims.equal(f"... {worth} eigenvalues exceed the noise's 1: units in use (variance of mu over "
             "images > 0.01)", used, worth)
W = mg.to_numpy(vae.decoder.weight).astype(np.float64)
W = W[:, np.argsort(-np.square(W).sum(0))]                              # the longest column first
lengths = np.square(W).sum(0)
cosine = np.abs((W[:, :worth] * pca.components[:, :worth]).sum(0)) / np.sqrt(lengths[:worth])
claims.report("... |cosine| of a column of W and its axis: the first, the worst of those in use",
              f"{cosine[0]:.3f}, {cosine.min():.3f}")
by_step = ", ".join(f"{step:,}: {below:.3f}" for step, below, _ in path[3::4])
print(f"\nnats below the exact log p(x) by step: {by_step}")

# %% The picture: the bound becomes exact; first the plane, then the axes; which units collapse;
# what the columns look like
figure = plt.figure(figsize=(15, 8.2))
grid = figure.add_gridspec(2, 3, height_ratios=(1.5, 1))
rise, axes = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
for i, toy_path in enumerate(paths):
    steps, below, toy_kl = zip(*toy_path)
    rise.plot(steps, np.maximum(below, 1e-5), color="0.6", linewidth=1.2,
              label=f"each of {SEEDS} seeds" if i == 0 else None)
rise.axhline(0.05, color=COLOURS["generated"], linestyle="--")
rise.annotate("0.05 nat", (0.98, 0.05), xycoords=("axes fraction", "data"), ha="right", va="bottom",
              color=COLOURS["generated"])
rise.set(yscale="log", xlabel="step", ylabel="log p(x) − ELBO, nats",
         title="Six inputs: the bound becomes exact")
rise.legend(loc="lower left")
steps, _, toy_kl = zip(*paths[0])
axes.plot(steps, toy_kl, color=COLOURS["D"])
for k in exact:
    dotted = axes.axhline(k, color="black", linestyle=":")
axes.set(xlabel="step", ylabel="KL of each unit, nats", ylim=(0, 1.5),
         title="First the space, then its axes (first seed)")
axes.legend([dotted], ["exact: ½ log λ"], loc="lower right")

bars = figure.add_subplot(grid[0, 2])
bars.bar(range(1, q + 1), np.sort(kl)[::-1], color=COLOURS["D"], label="learned")
bars.plot(range(1, q + 1), 0.5 * np.log(np.maximum(pca.eigenvalues[:q], 1)), "o", color="black",
          markersize=4, label="exact: ½ log λ, or 0")
bars.set(xlabel="unit", ylabel="KL, nats", xticks=(1, 5, 10, 15, 20),
         title=f"Digits: {used} of {q} units in use")
bars.legend()

sign = np.sign((W[:, :worth] * pca.components[:, :worth]).sum(0))
columns = figure.add_subplot(grid[1, :])
both = np.array([optimum.weight[:, :worth].T, (W[:, :worth] * sign).T])
pictures.show(columns, 0.5 + 0.5 * both.reshape(-1, 28, 28) / np.abs(both).max(), worth,
              "Columns of W as images (grey: zero). Axes of nearly equal λ may stay mixed: it "
              "costs next to nothing")
columns.set_yticks((16, 46), ("exact", "learned"))
columns.tick_params(length=0)
pictures.save(figure, arguments.out / "linear.png")

run.finish(arguments, claims, toy_gaps=gaps, toy_kl=units, digits_gap=gap,
           digits_kl=np.sort(kl)[::-1], cosine=cosine)
