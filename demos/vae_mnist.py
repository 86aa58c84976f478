"""The variational autoencoder on MNIST: a code that is a distribution, a loss that is a bound, and noise as an input.

An encoder gives mu and log_var of each image, z = mu + exp(log_var / 2) · noise is decoded, and the evidence lower bound
(ELBO) E log p(x|z) − KL(q(z|x) ‖ N(0, I)) is raised: Kingma & Welling 2014, sizes 784-400-20 as in PyTorch's example. As
there, grey pixels are taken as probabilities: the nats compare with that example, not with bounds for black and white.
How far a bound lies below log p(x) nobody knows here; vae_linear.py shows the case where everything is known.

    python demos/vae_mnist.py            30 epochs of 10,000 images
    python demos/vae_mnist.py --full     10 epochs of all 60,000
"""

# %% What the lecture shows, and what this run asks
from statistics import NormalDist

import numpy as np
from shared import digits_judge, pictures, run
from shared.claims import Claims
from shared.networks import in_batches, parameters_of
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, Layer, ReLU, Sequential
from minigen.metrics import Estimate, active_units, gaussian_kl, monte_carlo_kl

arguments = run.arguments(__doc__, steps=2370, full=4690, data=True)
images, _ = run.digits(arguments)
test, test_labels = run.digits(arguments, "test")
images, test = images.reshape(-1, 784)[:60_000 if arguments.data == "full" else 10_000], test.reshape(-1, 784)
M = 128                                                 # images in a batch
EPOCH = -(-len(images) // M)
STEPS = arguments.steps
# test ELBO by epoch in the same setting, by PyTorch, seed 0: (epochs, nats). All 60,000: a second seed ended 0.6 higher
KNOWN = {"full": ((1, -127.4), (2, -115.5), (3, -112.0), (5, -108.3), (7, -106.7), (10, -105.7)),
         "sample": ((5, -134.4), (10, -119.3), (20, -112.1), (30, -110.0))}[arguments.data]
# mean of the last epoch's looks, by PyTorch: of two seeds, and of nine on the sample (standard deviation 0.19)
MARKS = {("full", 10): (-105.4, 1.2), ("sample", 30): (-109.7, 0.8)}
PUBLISHED = "−106.66 after 7 epochs of 60,000 (pytorch/examples, pull request 1416)"


class Encoder(Layer):
    """x (m, 784) -> mu (m, d), log_var (m, d): where z is believed to be, and how surely"""

    def __init__(self, hidden, d):
        self.hidden = Sequential(Dense(784, hidden), ReLU())
        self.mu, self.log_var = Dense(hidden, d), Dense(hidden, d)

    def forward(self, x):
        h = self.hidden(x)
        return self.mu(h), self.log_var(h)


def vae(hidden, d, lr=1e-3):
    """(encoder, decoder, trainer); the decoder returns logits of the 784 pixels"""
    encoder = Encoder(hidden, d)
    decoder = Sequential(Dense(d, hidden), ReLU(), Dense(hidden, 784))
    optimizer = mg.optim.Adam(parameters_of(encoder, decoder), lr=lr)
    return encoder, decoder, mg.trainers.VAETrainer(encoder, decoder, optimizer)


def decoded(decoder, z):
    """Pixel probabilities (n, 784) of codes z (n, d), as a NumPy array"""
    return in_batches(lambda part: F.sigmoid(decoder(part)), z)


claims = Claims()

# %% One step by hand: from the image to the bound, and back through the noise
encoder, decoder, trainer = vae(400, 20)
x, noise = mg.backend.asarray(images[:M]), mg.randn(M, 20)

mu, log_var = encoder(x)
z = mu + F.exp(log_var / 2) * noise                     # the reparameterisation: noise is an input, so z has a gradient
logits = decoder(z)
reconstruction = -F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / M
kl = 0.5 * F.sum(F.square(mu) + F.exp(log_var) - 1 - log_var) / M
by_hand = mg.grad(-(reconstruction - kl), trainer.optimizer.parameters)

record = trainer.step(x, noise)                         # the trainer does the same, and descends
difference = max(float(abs(a.data - b).max() / abs(b).max()) for a, b in zip(by_hand, record.gradients.values()))
claims.add("the bound by hand, x → mu, log_var → z → logits: largest relative difference to the trainer's gradients",
           difference, "<= 1e-5", difference <= 1e-5)


# %% Training, from the start: the ELBO and its two terms
encoder, decoder, trainer = vae(400, 20)


def bounds(x, encoder=encoder, decoder=decoder, batch=500):
    """In nats, one z for each image: ELBO (n,), reconstruction (n,), KL of each unit (n, d); and mu, log_var (n, d)"""
    parts = []
    with mg.no_grad():
        for i in range(0, len(x), batch):
            xs = mg.backend.asarray(x[i:i + batch])
            mu, log_var = encoder(xs)
            logits = decoder(mu + F.exp(log_var / 2) * mg.randn(*mu.shape))
            log_p = -F.binary_cross_entropy_with_logits(logits, xs, reduction="none")
            parts.append([mg.to_numpy(a) for a in (F.sum(log_p, axis=1), mu, log_var)])
    reconstruction, mu, log_var = (np.concatenate(part) for part in zip(*parts))
    kl = gaussian_kl(mu, log_var)
    return reconstruction - kl.sum(1), reconstruction, kl, mu, log_var


curve, tested, last = [], [], []


def watch(trainer, record):
    """A callback: the bound of every batch, the test ELBO at some epochs and about eight times in the last one"""
    curve.append((record.elbo, record.reconstruction, record.kl))
    if trainer.steps % EPOCH == 0 and trainer.steps // EPOCH in dict(KNOWN):
        tested.append((trainer.steps // EPOCH, np.mean(bounds(test)[0])))
    if STEPS - trainer.steps < EPOCH and (STEPS - trainer.steps) % (EPOCH // 8) == 0:
        last.append(np.mean(bounds(test)[0]))


batches = mg.data.Batches(images, size=M)               # each epoch ends with a small batch, as in the script compared with
trainer.fit(batches, STEPS, callbacks=[watch])
elbos, reconstruction, kl, mu, log_var = bounds(test)
for name, values in (("here", tested), ("PyTorch in this setting", KNOWN)):
    print(f"test ELBO by epoch, nats, {name}:", ", ".join(f"{epoch}: {value:.1f}" for epoch, value in values))
print(f"published: {PUBLISHED}")

elbo, mark = float(np.mean(last)), MARKS.get((arguments.data, STEPS / EPOCH))
claims.add(f"test ELBO in the last of {STEPS / EPOCH:.3g} epochs of {len(images):,} images, nats, mean of {len(last)} looks",
           elbo, *(("{} ± {}, PyTorch".format(*mark), abs(elbo - mark[0]) <= mark[1]) if mark else ()))
claims.add("... standard error over the test images, which are PyTorch's too", Estimate.of(elbos).standard_error)
claims.add("... one look scatters by (standard deviation)", float(np.std(last)))
claims.add("... its two terms, reconstruction − KL", f"{reconstruction.mean():.1f} − {kl.sum(1).mean():.1f}")
p = images.mean(0, dtype=np.float64).clip(1e-6, 1 - 1e-6)
grey = np.clip(test.astype(np.float64), 1e-12, 1 - 1e-12)
entropy = -(grey * np.log(grey) + (1 - grey) * np.log(1 - grey)).sum(1).mean()
independent = (test * np.log(p) + (1 - test) * np.log(1 - p)).sum(1).mean()
claims.add("... for scale: independent pixels; the limit that grey pixels allow", f"{independent:.1f}; {-entropy:.1f}")
claims.add("latent units in use (variance of mu over images > 0.01), of 20", active_units(mu).count)

checks = [(gaussian_kl(mu[i], log_var[i]).sum(), monte_carlo_kl(mu[i], log_var[i], seed=10 * arguments.seed + i)) for i in range(10)]
worst = max(abs(exact - drawn.value) / drawn.standard_error for exact, drawn in checks)
claims.add("KL in closed form against 100,000 draws, ten images: largest difference in standard errors", worst, "<= 4",
           worst <= 4)
samples = decoded(decoder, mg.randn(1000, 20)).reshape(-1, 1, 28, 28)
reports = [digits_judge.report(x) for x in (samples, test[:1000].reshape(-1, 1, 28, 28))]
claims.add("samples of the prior that the judge is sure of (p >= 0.9), and digits among them; test images",
           "; ".join(f"{100 * report.share:.0f}%, {report.classes}" for report in reports))


# %% Why reparameterise: the score function is right on average too, and far noisier
def estimators(f, mu, sd, n):
    """n one-draw estimates of ∂/∂mu E f(z), z ~ N(mu, sd²): reparameterised, by the score function, and by the score function
    with the mean of f taken off first (a baseline; Williams 1992), which leaves all but 1/n of the expectation; each (n, d)"""
    mu, sd = (mg.backend.asarray(np.tile(a, (n, 1)).astype(np.float32)) for a in (mu, sd))
    mu, noise = mg.tensor(mu, requires_grad=True), mg.randn(*mu.shape)
    values = f(mu + sd * noise)                                             # (n,)
    (through_z,) = mg.grad(F.sum(values), mu)                               # f′(z): the gradient passes through z
    score, compared = ((values.data[:, None] - baseline) * noise / sd       # f(z) ∂ log q(z)/∂mu: f is only evaluated
                       for baseline in (0.0, values.data.mean()))
    return [mg.to_numpy(estimates) for estimates in (through_z, score, compared)]


DIMENSIONS = (1, 2, 5, 10, 20)
ratios = []
for d in DIMENSIONS:
    through_z, score, _ = estimators(lambda z: F.sum(F.square(z), axis=1), np.zeros(d), np.ones(d), 400_000)
    ratios.append(score[:, 0].var(dtype=np.float64) / through_z[:, 0].var(dtype=np.float64))
exact = np.array([(d + 2) * (d + 4) / 4 for d in DIMENSIONS])
worst = float(np.abs(ratios / exact - 1).max())
claims.add("variance of the score function's gradient over the reparameterised one's, f(z) = Σ z², D = 20", ratios[-1])
claims.add("... worst difference to (D+2)(D+4)/4 for D = 1 to 20", f"{100 * worst:.1f}%", "<= 5%", worst <= 0.05)

in_vae = []                                             # for ten test images, f(z) = log p(x|z), all 20 dimensions
for i in range(10):
    target = mg.backend.asarray(np.tile(test[i], (2000, 1)))
    variances = [estimates.var(0).sum() for estimates in estimators(
        lambda z: -F.sum(F.binary_cross_entropy_with_logits(decoder(z), target, reduction="none"), axis=1),
        mu[i], np.exp(log_var[i] / 2), len(target))]
    in_vae.append([variance / variances[0] for variance in variances[1:]])
noise_ratio, compared_ratio = map(float, np.median(in_vae, axis=0))
claims.add("... in this VAE, median of ten test images: as it is; with the mean of log p(x|z) taken off first",
           f"{noise_ratio:.0f}; {compared_ratio:.0f}")
image = test[:1]

# %% A second VAE with two latent numbers: small enough to see all of it
steps_2 = max(2, STEPS // 3)
encoder_2, decoder_2, trainer_2 = vae(200, 2, mg.optim.cosine_decay(3e-3, steps_2))
trainer_2.fit(images, steps_2, batch_size=M)
elbo_2, _, _, mu_2, _ = bounds(test, encoder_2, decoder_2)

# %% Picture 1: the ELBO and its two terms
figure, axes = plt.subplots(figsize=(9, 4.4))
smooth = np.array([np.mean(curve[max(0, i - 10):i + 11], axis=0) for i in range(len(curve))])
epochs = np.arange(1, len(curve) + 1) / EPOCH
names = "ELBO", "reconstruction, E log p(x|z)", "KL(q(z|x) ‖ prior)"
for values, name, colour in zip(smooth.T, names, ("black", COLOURS["real"], COLOURS["D"])):
    axes.plot(epochs, values, color=colour, label=name)
axes.plot(*np.reshape(tested, (-1, 2)).T, "o", color="black", label="ELBO, test images")
axes.plot(*zip(*KNOWN), "D", color="C1", markerfacecolor="none", markersize=9, label="ELBO, test images, by PyTorch")
axes.set(xlabel=f"epoch ({len(images):,} images each)", ylabel="nats per image", ylim=(-230, 45),
         xlim=(0, STEPS / EPOCH * 1.02), title="ELBO = reconstruction − KL: the code is paid for")
axes.legend(loc="lower right", ncols=2)
pictures.save(figure, arguments.out / "training.png")

# %% Picture 2: one image through the network; noise is an input of it, and what that is good for
figure, (first, code, copies, variance) = plt.subplots(1, 4, figsize=(15, 4.2), width_ratios=(0.8, 2, 0.34, 1.5))
pictures.show(first, image.reshape(1, 28, 28), 1, "image x")
sd = np.exp(log_var[0] / 2)
draws = mu[0] + sd * mg.to_numpy(mg.randn(3, 20))
code.errorbar(range(1, 21), mu[0], sd, fmt="o", color="black", markersize=4, capsize=3, label="mu ± sd")
for i, z in enumerate(draws):
    code.plot(range(1, 21), z, "x", color=f"C{i}", label=f"z, draw {i + 1}")
code.set(xlabel="latent unit", ylabel="value", xticks=(1, 5, 10, 15, 20), ylim=(-3.5, 4.5),
         title="Three draws z = mu + sd · noise, sd = exp(log_var/2)")
code.legend(loc="upper left", ncols=4, columnspacing=1, handletextpad=0.3)
pictures.show(copies, decoded(decoder, draws).reshape(-1, 28, 28), 1, "decoded")
variance.plot(DIMENSIONS, exact, color=COLOURS["quiet"], label="f(z) = Σ z²: (D+2)(D+4)/4")
variance.plot(DIMENSIONS, ratios, "o", color=COLOURS["gradient"], label="… measured")
variance.plot(20, noise_ratio, "*", color=COLOURS["generated"], markersize=13, label="this VAE, measured")
variance.plot(20, compared_ratio, "*", color=COLOURS["generated"], markerfacecolor="none", markersize=13,
              label="… with a baseline")
variance.set(yscale="log", xlabel="latent dimensions D", ylabel="variance, over that through z", xticks=DIMENSIONS, ylim=(2, 2e5),
             title="Why: its gradient has less noise")
variance.legend(loc="upper left")
pictures.save(figure, arguments.out / "reparameterisation.png")

# %% Picture 3: samples of the prior; one unit at a time; a code and its neighbourhood
figure, panels = plt.subplots(1, 3, figsize=(15, 5.4))
sweep = np.repeat(mu[:1], 64, axis=0).reshape(8, 8, 20)
units = np.argsort(-kl.mean(0))[:8]                     # that say most, by their KL
for row, unit in zip(sweep, units):
    row[:, unit] = np.linspace(-3, 3, 8)
chosen = [int(np.flatnonzero(test_labels == digit)[0]) for digit in range(8)]
SPREADS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2)
near = [decoded(decoder, mu[chosen] + spread * mg.to_numpy(mg.randn(8, 20))) for spread in SPREADS]
pictures.show(panels[0], samples[:64], 8, "From nothing: z ~ N(0, I)")
pictures.show(panels[1], decoded(decoder, sweep.reshape(64, 20)).reshape(-1, 28, 28), 8, "One unit at a time, −3 to 3")
panels[1].set_yticks(16 + 30 * np.arange(8), [f"z{unit + 1}" for unit in units])
pictures.show(panels[2], np.reshape([test[chosen], *near], (-1, 28, 28)), 8, "A code, and noise of this sd added to it")
panels[2].set_yticks(16 + 30 * np.arange(8), ("image", *SPREADS))
for axes in panels[1:]:
    axes.tick_params(length=0)
pictures.save(figure, arguments.out / "samples.png")

# %% Picture 4: the whole of a latent plane
figure, (plane, cloud) = plt.subplots(1, 2, figsize=(13, 6.3))
SIDE = 20
quantiles = [NormalDist().inv_cdf((i + 0.5) / SIDE) for i in range(SIDE)]           # equal shares of the prior
z = np.array([(a, b) for b in reversed(quantiles) for a in quantiles])
plane.imshow(pictures.image_grid(decoded(decoder_2, z).reshape(-1, 28, 28), SIDE, pad=0), cmap="gray", vmin=0, vmax=1)
plane.set_xticks((14, 280, 546), (".025", ".5", ".975"))
plane.set_yticks((14, 280, 546), (".975", ".5", ".025"))
plane.set(xlabel="z₁, quantile of the prior", ylabel="z₂, quantile of the prior", title="What each pair of numbers means")
for digit in range(10):
    cloud.scatter(*mu_2[test_labels == digit].T, s=9, color=plt.cm.tab10(digit), label=digit)
cloud.set(xlabel="mu₁", ylabel="mu₂", title=f"Codes of {len(test):,} test images (no label was used)", aspect="equal")
cloud.legend(title="digit", markerscale=2.5, loc="upper left", bbox_to_anchor=(1, 1))
pictures.save(figure, arguments.out / "manifold.png")

run.finish(arguments, claims, elbo=elbo, reconstruction=float(reconstruction.mean()), kl=float(kl.sum(1).mean()),
              published=PUBLISHED, tested=tested, known=KNOWN, elbo_2d=float(elbo_2.mean()),
              variance_ratios=[float(r) for r in ratios], vae_variance_ratios=in_vae)
