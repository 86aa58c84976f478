"""Outliers: train on nine digits, and ask which test images look strange. It works for some digits
and is reversed for 1.

A model that has only seen the normal images should reproduce them better than others, so its error
is a score of strangeness: the squared error of an autoencoder, the −ELBO of a VAE, and the distance
to the best image that a GAN can be made to draw by a search in z (Schlegl et al. 2017). Each of the
ten digits is held out in turn; AUROC is the probability that an image of it scores higher than one
of the others. Beside them: no model at all (the distance to the nearest training image), and the
ink alone.

    python demos/outliers.py                        the GAN for the digits 0 and 1 only
    python demos/outliers.py --full                 all of MNIST, longer, and the GAN for all ten
"""

# %% What the lecture shows, and what this run asks
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.latent_search import search
from shared.networks import GaussianEncoder, in_batches, parameters_of
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, LeakyReLU, ReLU, Sequential, Sigmoid
from minigen.metrics import auroc, auroc_interval
from minigen.metrics.distances import squared_distances

FLAG = dict(type=int, nargs="*", choices=range(10), metavar="DIGIT",
            help="hold these out of a GAN (0 1; all with --full)")
arguments = run.arguments(__doc__, steps=600, quick=4, data=True, full=3000,
                          options={"--gan": FLAG})
if arguments.gan is None:
    arguments.gan = list(range(10)) if arguments.full else [0, 1]
STEPS, M, LATENT = arguments.steps, 64, 16
SEARCH = 4 if arguments.quick else 100
images, labels = run.digits(arguments)
test, test_labels = run.digits(arguments, "test")
images, test = images.reshape(-1, 784), test.reshape(-1, 784)
if arguments.quick:
    images, labels, test, test_labels = (a[:800] for a in (images, labels, test, test_labels))
INK, ENERGY = test.sum(1), np.square(test).sum(1)
# One class out, AUROC of the digits 0 to 9 by the −ELBO of a VAE, from Tonnaer's thesis.
PUBLISHED = {
    "published: VAE, 2 latent": (.96, .73, .97, .94, .73, .92, .95, .77, .92, .66),
    "published: VAE, 32 latent": (.81, .09, .92, .87, .78, .86, .87, .51, .89, .58)}


# %% The models; each sees the training images of nine digits
def adam(*networks, lr, steps=STEPS, beta1=0.9):
    rate = mg.optim.cosine_decay(lr, steps)
    return mg.optim.Adam(parameters_of(*networks), rate, betas=(beta1, 0.999))


def autoencoder(normal):
    """Reconstructions (n, 784) of the test images through ten numbers"""
    encoder = Sequential(Dense(784, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, 10))
    decoder = Sequential(Dense(10, 64), ReLU(), Dense(64, 128), ReLU(), Dense(128, 784))
    trainer = mg.trainers.AutoencoderTrainer(encoder, decoder, adam(encoder, decoder, lr=4e-3))
    trainer.fit(normal, STEPS, batch_size=M, progress=False)
    return in_batches(Sequential(encoder, decoder), test)


def vae(normal):
    """−ELBO (n,) of the test images, nats, with one z for each"""
    encoder = GaussianEncoder(Sequential(Dense(784, 200), ReLU()), 200, 20)
    decoder = Sequential(Dense(20, 200), ReLU(), Dense(200, 784))
    trainer = mg.trainers.VAETrainer(encoder, decoder, adam(encoder, decoder, lr=2e-3))
    trainer.fit(normal, STEPS, batch_size=M, progress=False)
    with mg.no_grad():
        x = mg.backend.asarray(test)
        mu, log_var = encoder(x)
        logits = decoder(mu + F.exp(log_var / 2) * mg.randn(*mu.shape))
        misfit = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        kl = 0.5 * F.sum(F.square(mu) + F.exp(log_var) - 1 - log_var, axis=1)
        return mg.to_numpy(F.sum(misfit, axis=1) + kl)


def gan(normal):
    """(G, features): a generator z (m, 16) -> images (m, 784), and its discriminator without the
    last layer"""
    G = Sequential(Dense(LATENT, 128, bias=False), BatchNorm(128), ReLU(),
                   Dense(128, 256, bias=False), BatchNorm(256), ReLU(), Dense(256, 784), Sigmoid())
    features = Sequential(Dense(784, 128), LeakyReLU(), Dense(128, 64), LeakyReLU())
    D = Sequential(features, Dense(64, 1))
    steps = 2 * STEPS
    players = adam(G, lr=1e-3, steps=steps, beta1=0.5), adam(D, lr=5e-4, steps=steps, beta1=0.5)
    trainer = mg.trainers.GANTrainer(G, D, *players, generator_loss="non_saturating",
                                     prior=lambda m: mg.randn(m, LATENT))
    trainer.fit(normal, steps, batch_size=M, progress=False)
    return G.eval(), features


# %% Each digit held out in turn
nearest = np.empty((len(test), 10))     # squared distance to the nearest training image of a digit
for digit in range(10):
    for rows, distances in squared_distances(test, images[labels == digit]):
        nearest[rows, digit] = distances.min(1)

NEAREST, NEAREST_SHARE, LITTLE = "nearest training image", "nearest image / ‖x‖²", "1 / ‖x‖² alone"
AE, AE_SHARE = "autoencoder, error", "autoencoder, error / ‖x‖²"
VAE, GAN = "VAE, −ELBO", "GAN, search (200 : 200)"
ROWS = ("ink alone", LITTLE, NEAREST, NEAREST_SHARE, AE, AE_SHARE, VAE, GAN)
table = {name: np.full(10, np.nan) for name in ROWS}
reconstructions, found_by_search = {}, {}
with run.progress(range(10), desc="digit held out") as bar:
    for digit in bar:
        mg.seed(arguments.seed)
        normal, outlier = images[labels != digit], test_labels == digit
        reconstructions[digit] = autoencoder(normal)
        error = np.square(test - reconstructions[digit]).sum(1)
        distance = np.delete(nearest, digit, axis=1).min(1)
        scores = {"ink alone": INK, LITTLE: 1 / ENERGY, NEAREST: distance,
                  NEAREST_SHARE: distance / ENERGY, AE: error, AE_SHARE: error / ENERGY,
                  VAE: vae(normal)}
        for name, score in scores.items():
            table[name][digit] = auroc(score, outlier)
        if digit in arguments.gan:      # 200 of each side: a search is a hundred steps an image
            some = np.concatenate([np.flatnonzero(side)[:200] for side in (outlier, ~outlier)])
            score, drawn = search(*gan(normal), test[some], LATENT, SEARCH)
            table[GAN][digit] = auroc(score, outlier[some])
            found_by_search[digit] = (some, score, drawn)


# %% The claims
def interval(name, digit, most=None):
    """95% interval of an AUROC of the table, at `most` images of each side"""
    n = int((test_labels == digit).sum())
    return auroc_interval(table[name][digit],
                          *(min(side, most or side) for side in (n, len(test) - n)))


print("\nAUROC by held-out digit" + " " * 5 + "".join(f"{d:6}" for d in range(10)) + "  mean")
for name, row in {**table, **PUBLISHED}.items():
    print(f"{name:28}" + "".join("     –" if np.isnan(a) else f"{a:6.2f}"
                                 for a in [*row, np.mean(row)]))
print(
    "published: Tonnaer's thesis, one class out. Users of GANomaly's official code get about 0.1\n"
    "for digit 1, which its author confirms (samet-akcay/ganomaly, issue 44)\n")

claims = Claims()
mean = table[AE].mean()
claims.at_least("what the autoencoder reconstructs badly is an outlier: AUROC, mean of the ten "
                "digits", mean, 0.75)
for digit in (0, 2):
    claims.at_least(f"... digit {digit} held out", table[AE][digit], 0.85,
                    interval=interval(AE, digit))
for name, what in ((AE, "the autoencoder's error"), (VAE, "the VAE's −ELBO")):
    claims.below("the method fails for digit 1, which looks more normal than the rest: AUROC by "
                 f"{what}", table[name][1], 0.5, interval=interval(name, 1))
ordinary = test_labels != 1
error = np.square(test - reconstructions[1]).sum(1)
claims.report("... a 1 has little ink to get wrong: AUROC of ink alone for digit 1",
              table["ink alone"][1], interval=interval("ink alone", 1))
# pairs of a 1 and another digit
alike = abs(INK[~ordinary, None] - INK[ordinary]) < 5
equal = float((error[~ordinary, None] > error[ordinary])[alike].mean())
claims.at_least("... which is the cause: among images of equal ink (± 5) a 1 is no more normal "
                "than others: AUROC by the error", equal, 0.5)
share, little = table[AE_SHARE], table[LITTLE]
claims.more("a repair is to take the error as a share of ‖x‖²: AUROC of digit 1 by it, against "
            "1 / ‖x‖² without any error", share[1], little[1], interval=interval(AE_SHARE, 1),
            shown=f"{share[1]:.3f} against {little[1]:.3f}")
claims.holds("... it turns the bias round, but it does find outliers: mean of the ten digits, "
             "against 1 / ‖x‖² alone", f"{share.mean():.3f} against {little.mean():.3f}", "+ 0.1",
             share.mean() >= little.mean() + 0.1)
claims.report("... what it costs: digit 0 by the autoencoder's error, and by its share",
              f"{table[AE][0]:.3f}, {share[0]:.3f}")
by_nothing = max(table[name].mean() for name in (NEAREST, NEAREST_SHARE))
by_model = max(table[name].mean() for name in (AE, AE_SHARE, VAE))
claims.more("a model finds outliers better than no model: the better mean of autoencoder and VAE, "
            "against the nearest training image's, with and without ‖x‖²", by_model, by_nothing,
            shown=f"{by_model:.3f} against {by_nothing:.3f}")
for digit in arguments.gan:
    count = min(200, int((test_labels == digit).sum()))
    claims.report(f"latent search through a GAN, digit {digit} held out ({count} against 200)",
                  table[GAN][digit], interval=interval(GAN, digit, 200))

# %% Picture 1: the table
figure, axes = plt.subplots(figsize=(12, 5.2))
shown = {**table, **PUBLISHED}
values = np.array([[*row, np.mean(row)] for row in shown.values()])
picture = axes.imshow(np.insert(values, 10, np.nan, axis=1), cmap="viridis", vmin=0, vmax=1,
                      aspect="auto")
for (i, j), a in np.ndenumerate(values):
    if not np.isnan(a):
        axes.text(j + (j == 10), i, f"{a:.2f}".lstrip("0"), ha="center", va="center",
                  weight="bold" if a < 0.5 else None, color="white" if a < 0.6 else "black")
axes.set(xticks=[*range(10), 11], xticklabels=[*range(10), "mean"], yticks=range(len(shown)),
         yticklabels=shown, xlabel="digit held out",
         title="Is the digit held out found strange? AUROC below 1/2: more normal than the rest")
if np.isnan(values[ROWS.index(GAN)]).any():
    axes.text(10.2, ROWS.index(GAN), "others: --gan", ha="center", va="center",
              color=COLOURS["quiet"], style="italic")
axes.spines[:].set_visible(False)
axes.tick_params(length=0)
figure.colorbar(picture, label="AUROC")
pictures.save(figure, arguments.out / "auroc.png")

# %% Picture 2: why 1 is reversed, and what was found strangest
figure = plt.figure(figsize=(15, 8.2))
left, right = figure.subfigures(1, 2, width_ratios=(1, 1.75))
upper, lower = left.subplots(2, 1)
for axes, values, name in ((upper, error, "squared error"),
                           (lower, error / ENERGY, "squared error / ‖x‖²")):
    axes.scatter(INK[ordinary], values[ordinary], s=5, color="0.65", label="other digits")
    axes.scatter(INK[~ordinary], values[~ordinary], s=7, color=COLOURS["generated"],
                 label="1, held out")
    axes.set(xlabel="ink (sum of the pixels)", ylabel=name, ylim=(0, None))
upper.set_title(f"1 held out: less ink, less error; AUROC {auroc(error, ~ordinary):.2f}")
lower.set_title("As a share of ‖x‖² it is more, as 1 / ‖x‖² is; AUROC "
                f"{auroc(error / ENERGY, ~ordinary):.2f}")
upper.legend(loc="lower right", markerscale=2)
rows = right.subplots(4, 1)


def strangest(row, score, x, drawn, outlier, title, n=14):
    """The n images of the highest score over what the model made of them, those of the held-out
    digit framed"""
    axes, top = rows[row], np.argsort(-score)[:n]
    pictures.show(axes, np.concatenate([x[top], drawn[top]]).reshape(-1, 28, 28), n,
                  f"{title}: {outlier[top].sum()} of the {n} strangest")
    for i in np.flatnonzero(outlier[top]):
        axes.add_patch(plt.Rectangle((1 + 30 * i, 1), 29, 59, fill=False,
                                     edgecolor=COLOURS["generated"], linewidth=2.5))
    axes.set(yticks=(16, 46), yticklabels=("x", "made"))
    axes.tick_params(length=0)


error_0 = np.square(test - reconstructions[0]).sum(1)
strangest(0, error_0, test, reconstructions[0], test_labels == 0,
          "0 held out (framed), by the autoencoder's error")
strangest(1, error, test, reconstructions[1], ~ordinary, "1 held out, by the autoencoder's error")
strangest(2, error / ENERGY, test, reconstructions[1], ~ordinary, "1 held out, by error / ‖x‖²")
for digit, (some, score, drawn) in [*found_by_search.items()][:1]:
    strangest(3, score, test[some], drawn, test_labels[some] == digit,
              f"{digit} held out, by the search through a GAN")
rows[3].set_visible(bool(found_by_search))
pictures.save(figure, arguments.out / "strangest.png")

run.finish(arguments, claims, published=PUBLISHED,
           auroc={name: [None if np.isnan(a) else a for a in row]
                  for name, row in table.items()})
