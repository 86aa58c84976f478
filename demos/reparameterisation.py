"""Why a VAE reparameterises: two gradients, both right on average, and one is far noisier.

A VAE needs ∂/∂mu E f(z) for z ~ N(mu, sd²), where f(z) = log p(x|z). The score function moves the
derivative onto the density, E f(z) ∂ log q(z)/∂mu: f is only evaluated, as in REINFORCE (Williams
1992). Reparameterised, z = mu + sd · noise, and the gradient passes through z into f (Kingma &
Welling 2014). For f(z) = Σ z² the ratio of their variances is known; in a VAE it is measured. Read
next: vae_mnist.py, where the reparameterised gradient trains a VAE to its end.

    python demos/reparameterisation.py      ten seconds: the VAE here is trained for 5 epochs only
"""

# %% What the lecture shows, and what this run asks
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import GaussianEncoder, in_batches, parameters_of
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, ReLU, Sequential

arguments = run.arguments(__doc__, steps=395, data=True)
LATENT, HIDDEN, M = 20, 400, 128                        # of the VAE; M: images in a batch
DRAWS, DRAWS_IN_VAE, IMAGES = 400_000, 2000, 10
claims = Claims()


# %% Two gradients of E f(z) by mu, each from one draw of z
def estimates(f, mu, sd, n):
    """n one-draw estimates (n, d) of ∂/∂mu E f(z), z ~ N(mu, sd²), in three ways.

    f: a function of Tensors z (n, d) -> (n,). mu, sd: (d,). The third way subtracts a baseline, the
    mean of the n values of f, from f(z): all but 1/n of the expectation stays."""
    mu, sd = (mg.backend.asarray(np.tile(a, (n, 1)), np.float32) for a in (mu, sd))
    mu, noise = mg.tensor(mu, requires_grad=True), mg.randn(n, len(mu[0]))

    z = mu + sd * noise                                 # noise is an input; mu and sd are weights
    value = f(z)
    (reparameterised,) = mg.grad(F.sum(value), mu)      # f′(z) ∂z/∂mu

    score = noise / sd                                  # ∂ log q(z)/∂mu = (z − mu) / sd²
    score_function = value.data[:, None] * score
    with_baseline = (value.data - value.data.mean())[:, None] * score
    return {"reparameterised": mg.to_numpy(reparameterised),
            "score function": mg.to_numpy(score_function),
            "with a baseline": mg.to_numpy(with_baseline)}


def sum_of_squares(z):
    """f(z) = Σ z²: E f = Σ (mu² + sd²), so that the gradient by mu is 2 mu"""
    return F.sum(F.square(z), axis=1)


# %% f(z) = Σ z²: the same mean, and variances whose ratio is known
mu = np.linspace(-1, 1, 5)
errors = {}                                             # way -> of each dimension, standard errors
for way, values in estimates(sum_of_squares, mu, np.ones(5), DRAWS).items():
    standard_error = values.std(0, dtype=np.float64) / np.sqrt(DRAWS)
    errors[way] = np.abs(values.mean(0, dtype=np.float64) - 2 * mu) / standard_error
for way in ("reparameterised", "score function"):
    claims.at_most(f"the {way} gradient is right on average, f(z) = Σ z², D = 5: largest "
                   "difference to 2 mu, in standard errors", errors[way].max(), 4)

DIMENSIONS = (1, 2, 5, 10, 20)
ratios = []
for d in DIMENSIONS:
    values = estimates(sum_of_squares, np.zeros(d), np.ones(d), DRAWS)
    variance, noisy = (values[way][:, 0].var(dtype=np.float64)
                       for way in ("reparameterised", "score function"))
    ratios.append(noisy / variance)
exact = np.array([(d + 2) * (d + 4) / 4 for d in DIMENSIONS])
claims.report("variance of the score function's gradient over that of the reparameterised one, "
              "f(z) = Σ z², D = 20", ratios[-1])
worst = 100 * float(np.abs(ratios / exact - 1).max())
claims.at_most("... largest difference to (D+2)(D+4)/4 for D = 1 to 20", worst, 5, unit="%",
               shown=f"{worst:.1f}%")

# %% A VAE: f(z) = log p(x|z), in 20 dimensions. Trained briefly, by the reparameterised gradient
images, _ = run.digits(arguments)
test, _ = run.digits(arguments, "test")
images, test = images.reshape(-1, 784)[:10_000], test.reshape(-1, 784)
encoder = GaussianEncoder(Sequential(Dense(784, HIDDEN), ReLU()), HIDDEN, LATENT)
decoder = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, 784))
optimizer = mg.optim.Adam(parameters_of(encoder, decoder), lr=1e-3)
trainer = mg.trainers.VAETrainer(encoder, decoder, optimizer)
trainer.fit(images, arguments.steps, batch_size=M)


def codes(x):
    """mu and sd (n, 20) of images x (n, 784), as NumPy arrays"""
    mu, sd = (in_batches(part, x)
              for part in (lambda x: encoder(x)[0], lambda x: F.exp(encoder(x)[1] / 2)))
    return mu, sd


def log_likelihood(x):
    """log p(x|z) of one image x (784,) as a function of z (n, 20)"""
    def f(z):
        pixels = mg.backend.asarray(np.tile(x, (len(z), 1)))
        loss = F.binary_cross_entropy_with_logits(decoder(z), pixels, reduction="none")
        return -F.sum(loss, axis=1)
    return f


mu, sd = codes(test[:IMAGES])
in_vae = {"score function": [], "with a baseline": []}  # way -> of each image, ratio of variances
for x, mu_x, sd_x in zip(test, mu, sd):
    variances = {way: values.var(0).sum() for way, values in
                 estimates(log_likelihood(x), mu_x, sd_x, DRAWS_IN_VAE).items()}
    for way, found in in_vae.items():
        found.append(float(variances[way] / variances["reparameterised"]))
plain, with_baseline = (float(np.median(in_vae[way])) for way in in_vae)
claims.at_least("in a VAE, f(z) = log p(x|z): the same ratio of variances, summed over 20 "
                f"dimensions, in each of {IMAGES} test images", in_vae["score function"], 100,
                shown=f"median {plain:.0f}, least {min(in_vae['score function']):.0f}")
claims.above("... with a baseline, the mean of log p(x|z), subtracted from f",
             in_vae["with a baseline"], 1,
             shown=f"median {with_baseline:.0f}, least {min(in_vae['with a baseline']):.1f}")


# %% The picture: one image through the network, where noise is an input; and what that is good for
def draw_code(code, copies):
    """mu ± sd of one image, three draws of z, and what the decoder makes of them."""
    units = range(1, LATENT + 1)
    z = mu[0] + sd[0] * mg.to_numpy(mg.randn(3, LATENT))
    code.errorbar(units, mu[0], sd[0], fmt="o", color="black", markersize=4, capsize=3,
                  label="mu ± sd")
    for i, draw in enumerate(z):
        code.plot(units, draw, "x", color=f"C{i}", label=f"z, draw {i + 1}")
    code.set(xlabel="latent unit", ylabel="value", xticks=(1, 5, 10, 15, 20), ylim=(-3.5, 4.5),
             title="Three draws z = mu + sd · noise, sd = exp(log_var/2)")
    code.legend(loc="upper left", ncols=4, columnspacing=1, handletextpad=0.3)
    decoded = in_batches(lambda z: F.sigmoid(decoder(z)), z)
    pictures.show(copies, decoded.reshape(-1, 28, 28), 1, "decoded")


def draw_variances(axes):
    """The ratio of variances by dimension: the formula, measured, and in the VAE."""
    generated = COLOURS["generated"]
    axes.plot(DIMENSIONS, exact, color=COLOURS["quiet"], label="f(z) = Σ z²: (D+2)(D+4)/4")
    axes.plot(DIMENSIONS, ratios, "o", color=COLOURS["gradient"], label="… measured")
    axes.plot(LATENT, plain, "*", color=generated, markersize=13, label="this VAE, measured")
    axes.plot(LATENT, with_baseline, "*", color=generated, markerfacecolor="none", markersize=13,
              label="… with a baseline")
    axes.set(yscale="log", xlabel="latent dimensions D", xticks=DIMENSIONS, ylim=(2, 2e5),
             ylabel="variance, over that through z", title="Why: its gradient has less noise")
    axes.legend(loc="upper left")


figure, (first, code, copies, variance) = plt.subplots(
    1, 4, figsize=(15, 4.2), width_ratios=(0.8, 2, 0.34, 1.5))
pictures.show(first, test[0].reshape(1, 28, 28), 1, "image x")
draw_code(code, copies)
draw_variances(variance)
pictures.save(figure, arguments.out / "reparameterisation.png")

run.finish(arguments, claims, variance_ratios=ratios, vae_variance_ratios=in_vae)
