"""Explicit and implicit density: what a VAE can say of log p(x), what a GAN cannot, and the number
printed instead.

A VAE has a density: its ELBO is a lower bound on log p(x), and importance weighting tightens it
(Burda et al. 2016). A GAN only draws samples, so Goodfellow et al. (2014) put a Gaussian on each of
10,000 samples, a Parzen window, and scored the test images under the mixture. Part 1 checks the
bounds where log p(x) is known; part 2 prints them for digits; part 3 scores both models by Parzen
windows, and then real images: they lose to blurred ones (Theis et al. 2016).

    python demos/explicit_implicit.py
    python demos/explicit_implicit.py --full     all of MNIST, Goodfellow's protocol to the letter
"""

# %% What the lecture shows, and what this run asks
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import GaussianEncoder, in_batches, k_means, parameters_of
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Reshape, Sequential, Sigmoid)
from minigen.metrics import (Estimate, LinearVAE, fit_pca, gaussian_kl, importance_weighted_bound,
                             parzen_log_likelihood)

arguments = run.arguments(__doc__, steps=800, full=4690, data=True)
rng = mg.random.generator()
claims = Claims()
KS = (1, 5, 50)                                             # draws of z in a bound


def separate(log_weights):
    """[Estimate of L_k for k in KS] from log_weights (56, n): every bound has draws of its own, so
    that they can disagree"""
    return [importance_weighted_bound(part) for part in np.split(log_weights, (1, 6))]


# %% Part 1. A model whose log p(x) is known: z ~ N(0, I), x = W z + N(0, 0.3 I), so that
# x ~ N(0, W Wᵀ + 0.3 I)
SIGMA2 = 0.3
turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
# eigenvalues 4, 2, 1, .3, .3, .3
toy = LinearVAE(turn[:, :3] * np.sqrt(np.array([4, 2, 1]) - SIGMA2), np.zeros(6), SIGMA2)
n = 2000 if arguments.quick else 20_000
x = rng.standard_normal((n, 3)) @ toy.weight.T + np.sqrt(SIGMA2) * rng.standard_normal((n, 6))
log_p = toy.log_likelihood(x)
# diagonal here, because the columns of W are orthogonal
mean, covariance = toy.posterior(x)
variance = np.diag(covariance)


def gaussian(x, mean, variance):
    """log N(x; mean, diag variance), summed over the last axis"""
    return -0.5 * (np.log(2 * np.pi * variance) + np.square(x - mean) / variance).sum(-1)


def gaps(stretch, shift):
    """log p(x) − L_k, as Estimates, where q(z|x) has `stretch` times the posterior's variance and
    is off by `shift` of its sd"""
    q_mean, q_variance = mean + shift * np.sqrt(variance), stretch * variance
    z = q_mean + np.sqrt(q_variance) * rng.standard_normal((sum(KS), n, 3))
    log_joint = gaussian(z, 0, np.ones(3)) + gaussian(x, z @ toy.weight.T, np.full(6, SIGMA2))
    log_weights = log_joint - gaussian(z, q_mean, q_variance)
    return [Estimate(-e.value, e.standard_error) for e in separate(log_weights - log_p)]


WRONG = {
    "exact": (1, 0), "variance × 2": (2, 0), "variance × ½": (0.5, 0), "variance × 4": (4, 0),
    "mean off by ½ sd": (1, 0.5)
}
toy_gaps = {name: gaps(*error) for name, error in WRONG.items()}
toy_kl = {name: float(gaussian_kl(np.full(3, float(shift)), np.full(3, np.log(stretch))).sum())
          for name, (stretch, shift) in WRONG.items()}
worst = max(abs(gap.value) for gap in toy_gaps["exact"])
claims.at_most(
    "log p(x) known: with the exact posterior as q every bound equals it; largest gap, nats", worst,
    1e-9)
wrong = [name for name in WRONG if name != "exact"]
worst = max(
    abs(toy_gaps[name][0].value - toy_kl[name]) / toy_gaps[name][0].standard_error
    for name in wrong)
claims.at_most("a wrong q costs exactly KL(q ‖ posterior) at k = 1: largest difference in standard "
               "errors, of four", worst, 4)
falls = all(one.value > five.value > fifty.value
            for one, five, fifty in (toy_gaps[name] for name in wrong))
claims.holds(f"... and the gap falls with k for each of the four ({', '.join(wrong)}); at k = 50",
             ", ".join(f"{toy_gaps[name][2].value:.3f}" for name in wrong), "k = 1 > 5 > 50", falls)

# %% Part 2. A VAE of digits. Its images are drawn: each pixel black or white with its grey value as
# probability, anew each time,
# so that what is bounded is a probability (grey "targets" are not)
images, _ = run.digits(arguments)
test, _ = run.digits(arguments, "test")
images, test = images.reshape(-1, 784), test.reshape(-1, 784)
split = 50_000 if arguments.data == "full" else 11_000
train, validation = images[:split], images[split:split + 1000]
if arguments.quick:
    train, validation, test = train[:300], validation[:300], test[:300]


class Drawn:
    """The training images, black and white: sample(m) draws m of them, and their pixels"""

    def sample(self, m):
        grey = train[rng.integers(len(train), size=m)]
        return (rng.random(grey.shape, dtype=np.float32) < grey).astype(np.float32)


encoder = GaussianEncoder(Sequential(Dense(784, 400), ReLU()), 400, 20)
decoder = Sequential(Dense(20, 400), ReLU(), Dense(400, 784))
optimizer = mg.optim.Adam(parameters_of(encoder, decoder), lr=1e-3)
mg.trainers.VAETrainer(encoder, decoder, optimizer).fit(Drawn(), arguments.steps, batch_size=128)


def log_weights(x, draws):
    """log p(x|z) + log p(z) − log q(z|x) of `draws` codes z ~ q(z|x) for each row of x: (draws,
    n)"""
    parts = []
    with mg.no_grad():
        for i in range(0, len(x), 20):
            xs = mg.backend.asarray(np.tile(x[i:i + 20], (draws, 1)))
            mu, log_var = encoder(xs)
            noise = mg.randn(*mu.shape)
            z = mu + F.exp(log_var / 2) * noise
            log_p = -F.sum(F.binary_cross_entropy_with_logits(decoder(z), xs, reduction="none"),
                           axis=1)
            # log p(z) − log q(z|x)
            log_ratio = 0.5 * F.sum(noise * noise + log_var - z * z, axis=1)
            parts.append(mg.to_numpy(log_p + log_ratio).reshape(draws, -1))
    return np.concatenate(parts, axis=1)


looked = test[::max(1, len(test) // 2000)][:2000]
weights = log_weights((rng.random(looked.shape) < looked).astype(np.float32),
                      sum(KS)).astype(np.float64)
of_images = [F.logsumexp(part, axis=0) - np.log(len(part)) for part in np.split(weights, (1, 6))]
bounds = [Estimate.of(bound) for bound in of_images]
claims.report(f"VAE 784-400-20 after {arguments.steps:,} steps of 128 images, {len(looked):,} "
              "black and white test images: ELBO, nats", bounds[0].value, bounds[0].interval)
print("""Published, black and white digits drawn anew, a network 784-200-200-50 after 3,280 epochs:
log p(x) by L₅₀₀₀ −86.8, and −84.8 where L₅₀ was raised in place of the ELBO (Burda et al. 2016,
table 1)""")
rises = [Estimate.of(above - below) for below, above in zip(of_images, of_images[1:])]
claims.holds(
    "... the bounds rise with k: L₅ − L₁, L₅₀ − L₅, mean over the images (each bound from "
    "draws of its own)",
    ", ".join(f"{rise.value:.2f} ± {rise.standard_error:.2f}" for rise in rises), "> 0 (4 se)",
    all(rise.value > 4 * rise.standard_error for rise in rises))

# %% Part 3. A GAN of the same digits (a small DCGAN, as in gan_mnist.py). It has no p(x) to
# bound: it only draws
C = 32 if arguments.full else 16
G = Sequential(
    Dense(64, 2 * C * 7 * 7, bias=False), Reshape(2 * C, 7, 7), BatchNorm(2 * C), ReLU(),
    ConvTranspose2d(2 * C, C, 4, stride=2, padding=1, bias=False), BatchNorm(C), ReLU(),
    ConvTranspose2d(C, 1, 4, stride=2, padding=1), Sigmoid())
D = Sequential(
    Conv2d(1, C, 4, stride=2, padding=1), LeakyReLU(0.2),
    Conv2d(C, 2 * C, 4, stride=2, padding=1, bias=False), BatchNorm(2 * C), LeakyReLU(0.2),
    Flatten(), Dense(2 * C * 7 * 7, 1))
gan = mg.trainers.GANTrainer(G, D, mg.optim.Adam(G.parameters(), 1e-3, betas=(0.5, 0.999)),
                             mg.optim.Adam(D.parameters(), 1e-3, betas=(0.5, 0.999)),
                             generator_loss="non_saturating", prior=lambda m: mg.randn(m, 64))
gan.fit(train.reshape(-1, 1, 28, 28), arguments.steps, batch_size=32)


real = train[:10_000]
N = len(real)


def sampled(network, latent):
    """As many images of a network as there are real ones, (N, 784)"""
    return in_batches(network, mg.randn(N, latent)).reshape(N, 784)


REAL, FEW = f"{N:,} real images", f"{N // 10:,} real images"
CENTRES = f"{N // 10:,} k-means centres"
BLURRED = f"{N:,} blurred images"
means = sampled(lambda z: F.sigmoid(decoder(z)), 20)
contestants = {
    REAL: real,
    FEW: real[:N // 10],
    CENTRES: k_means(rng, train, N // 10)[0],
    # 50 principal components of each
    BLURRED: fit_pca(real, 50).reconstruct(real).astype(np.float32),
    "VAE: means of p(x|z)": means,
    "VAE: drawn from p(x|z)": (rng.random(means.shape, dtype=np.float32)
                               < means).astype(np.float32),
    "GAN": sampled(G.eval(), 64),
}
SIGMAS = np.logspace(-1, 0, 10)                             # Goodfellow's grid
scores, widths = {}, {}
# the width that suits the validation images, then the test images
for name, centres in contestants.items():
    widths[name] = float(SIGMAS[parzen_log_likelihood(centres, validation,
                                                      SIGMAS).mean(1).argmax()])
    scores[name] = parzen_log_likelihood(centres, test, [widths[name]])[0]
parzen = {name: Estimate.of(values) for name, values in scores.items()}


def wins(name, over=REAL):
    """The difference of two scores on the same test images, as an Estimate"""
    return Estimate.of(scores[name] - scores[over])


claims.between(f"Parzen window of {N:,} real training images, nats (241.2 on Goodfellow's images)",
               parzen[REAL].value, 240.7, 241.7, when=arguments.full,
               interval=parzen[REAL].interval)
for name, what in ((CENTRES, f"... {CENTRES} of all {len(train):,} beat them, by"),
                   (BLURRED,
                    "... the same images blurred (50 principal components) beat them, by")):
    lead = wins(name)
    claims.holds(what, lead.value, "> 0 (4 se)", lead.value > 4 * lead.standard_error,
                 interval=lead.interval)
claims.report(f"... and the score depends on how many there are: {N // 10:,} real images",
              parzen[FEW].value, parzen[FEW].interval)
print("""Published, 10,000 samples, nats ± standard error: DBN 138 ± 2, stacked CAE 121 ± 1.6, deep
GSN 214 ± 1.1, GAN 225 ± 2 (Goodfellow et al. 2014); the training images 243, k-means centres 313
(Theis et al. 2016)""")
for name in ("VAE: means of p(x|z)", "VAE: drawn from p(x|z)", "GAN"):
    published = (f" after {arguments.steps:,} steps of 32 images; Goodfellow et al. 2014: 225 ± 2"
                 if name == "GAN" else "")
    claims.report(f"Parzen window of {N:,} samples, {name}{published}", parzen[name].value,
                  parzen[name].interval)

# %% Picture 1: the bounds
figure, (known, digits) = plt.subplots(1, 2, figsize=(12, 4.4))
for name in wrong:
    line, = known.plot(KS, [gap.value for gap in toy_gaps[name]], "o-", label=f"q: {name}")
    known.plot(0.8, toy_kl[name], ">", color=line.get_color(), markersize=9)
known.set(xscale="log", yscale="log", xticks=KS, xlabel="k, draws of z in the bound",
          ylabel="log p(x) − $L_k$, nats", title="log p(x) known: more draws, tighter bound")
known.annotate("▸ KL(q ‖ posterior), exact", (0.03, 0.04), xycoords="axes fraction")
known.legend()
digits.errorbar(KS, [b.value for b in bounds], [1.96 * b.standard_error for b in bounds], fmt="o-",
                color=COLOURS["D"], capsize=4)
digits.set(xscale="log", xticks=KS, xlabel="k, draws of z in the bound",
           ylabel="$L_k$, nats per image (95% interval)",
           title="A VAE of digits: the ELBO (k = 1) and above")
for axes in (known, digits):
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.minorticks_off()
pictures.save(figure, arguments.out / "bounds.png")

# %% Picture 2: who wins by Parzen windows
order = sorted(parzen, key=lambda name: parzen[name].value)
figure, (strip, bars) = plt.subplots(1, 2, figsize=(12, 5), width_ratios=(1.2, 1))
pictures.show(strip, np.reshape([contestants[name][:8] for name in reversed(order)], (-1, 28, 28)),
              8, "What is scored …")
strip.set_yticks(16 + 30 * np.arange(len(order)), reversed(order))
strip.tick_params(length=0)
meaning = {"VAE:": "D", "GAN": "generated"}
colours = [
    COLOURS[meaning.get(name.split()[0], "real" if "real" in name else "quiet")] for name in order
]
values = [parzen[name].value for name in order]
drawn = bars.barh(range(len(order)), values, color=colours)
bars.errorbar(values, range(len(order)),
              xerr=[1.96 * parzen[name].standard_error for name in order], fmt="none",
              color="black", capsize=3)
bars.bar_label(drawn, [f"{value:.0f}".replace("-", "−") for value in values], padding=14)
bars.set(
    yticks=[], ylim=(-0.5, len(order) - 0.5), xlabel="Parzen score of the test images, nats",
    title=f"… and its score: {len(order) - order.index(REAL) - 1} score higher than real images")
bars.margins(x=0.15)
bars.axvline(0, color=COLOURS["quiet"], linewidth=1)
pictures.save(figure, arguments.out / "parzen.png")

run.finish(arguments, claims, bounds={k: b.value for k, b in zip(KS, bounds)},
           toy_gaps={name: [gap.value for gap in gaps] for name, gaps in toy_gaps.items()},
           parzen={name: list(estimate) for name, estimate in parzen.items()}, sigma=widths)
