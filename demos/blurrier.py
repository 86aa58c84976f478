"""Are a VAE's samples blurrier, and of lower quality, than a GAN's? Two claims, measured apart.

The same decoder (but for its input, 20 or 64 numbers) is trained twice: as the decoder of a VAE,
which must give every training image a high probability and averages where it is unsure; and as the
generator of a GAN, which must pass for real. Blur is measured in the pixels, by three measures.
Quality is measured in the features of a classifier (the judge of supervised.py): a distance of
distributions, precision, recall, density and coverage, and how often the judge is sure. Blur comes
with the method; who leads in quality is a matter of the measure and of the training, so both get
about the same time: a step of the VAE costs half an iteration of the GAN, and it gets twice as
many, at a rate chosen for it by the Fréchet distance; the GAN's was not. A VAE is usually shown by
the means of p(x|z), as here, not by draws.

    python demos/blurrier.py
    python demos/blurrier.py --full         all of MNIST, twice the channels, eight times as long
"""

# %% What the lecture shows, and what this run asks
from fractions import Fraction

import numpy as np
from shared import digits_judge, pictures, run
from shared.claims import Claims
from shared.networks import in_batches, parameters_of
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Layer, LeakyReLU,
                            ReLU, Reshape, Sequential, Sigmoid)
from minigen.metrics import (Estimate, density_coverage, frechet_distance, grey_share,
                             high_frequency_share, laplacian_variance, precision_recall)

arguments = run.arguments(__doc__, steps=1000, quick=4, full=8000, data=True)   # of the GAN
CHANNELS, M = (32 if arguments.full else 16), 32                # M: images in a batch
SHOWN = 40
images, _ = run.digits(arguments)
test, _ = run.digits(arguments, "test")
NUMBER = min(200 if arguments.quick else 2000, len(test))       # images measured, of every kind
test = test[::len(test) // NUMBER][:NUMBER]


# %% One decoder, trained in two ways
def decoder(latent):
    """z (m, latent) -> logits (m, 1, 28, 28)"""
    return Sequential(
        Dense(latent, 2 * CHANNELS * 7 * 7, bias=False), Reshape(2 * CHANNELS, 7, 7),
        BatchNorm(2 * CHANNELS), ReLU(),
        ConvTranspose2d(2 * CHANNELS, CHANNELS, 4, stride=2, padding=1, bias=False),
        BatchNorm(CHANNELS), ReLU(),
        ConvTranspose2d(CHANNELS, 1, 4, stride=2, padding=1))


def body(outputs):
    """images (m, 1, 28, 28) -> (m, outputs): the discriminator, and the VAE's encoder"""
    return Sequential(
        Conv2d(1, CHANNELS, 4, stride=2, padding=1), LeakyReLU(0.2),
        Conv2d(CHANNELS, 2 * CHANNELS, 4, stride=2, padding=1, bias=False),
        BatchNorm(2 * CHANNELS), LeakyReLU(0.2),
        Flatten(), Dense(2 * CHANNELS * 7 * 7, outputs))


class Encoder(Layer):
    """images -> mu, log_var, each (m, 20)"""

    def __init__(self):
        self.body = body(40)

    def forward(self, x):
        h = self.body(x)
        return h[:, :20], h[:, 20:]


def adam(*networks, lr, beta1):
    return mg.optim.Adam(parameters_of(*networks), lr, betas=(beta1, 0.999))


def sample_images(network, latent):
    """NUMBER images from z ~ N(0, I), with the running statistics of batch normalisation"""
    return in_batches(network.eval(), mg.randn(NUMBER, latent))


mg.seed(arguments.seed)
encoder, vae_decoder = Encoder(), decoder(20)
rate = mg.optim.cosine_decay(1e-2, 2 * arguments.steps)     # of 1e-3 to 1e-2 the best, by Fréchet
optimizer = adam(encoder, vae_decoder, lr=rate, beta1=0.9)
vae = mg.trainers.VAETrainer(encoder, vae_decoder, optimizer)
vae.fit(images, 2 * arguments.steps, batch_size=M)
means = sample_images(Sequential(vae_decoder, Sigmoid()), 20)

mg.seed(arguments.seed)
G, D = Sequential(decoder(64), Sigmoid()), body(1)
gan = mg.trainers.GANTrainer(G, D, adam(G, lr=1e-3, beta1=0.5), adam(D, lr=1e-3, beta1=0.5),
                             generator_loss="non_saturating", prior=lambda m: mg.randn(m, 64))
gan.fit(images, arguments.steps, batch_size=M)
fakes = sample_images(G, 64)


# %% Real images made noisy and blurred on purpose: what the measures say of those
def blur(x, sigma):
    """x under a Gaussian of `sigma` pixels: a product in the Fourier domain (the borders are black,
    so it may wrap)"""
    frequencies = np.meshgrid(np.fft.fftfreq(28), np.fft.rfftfreq(28), indexing="ij")
    kept = np.exp(-2 * (np.pi * sigma) ** 2 * sum(f ** 2 for f in frequencies))
    return np.fft.irfft2(np.fft.rfft2(x) * kept).clip(0, 1).astype(np.float32)


rng = np.random.default_rng(arguments.seed)
real = images[rng.permutation(len(images))[:NUMBER]]
KINDS = {
    "real": real, "VAE": means, "GAN": fakes,
    "VAE, draws": (rng.random(means.shape) < means).astype(np.float32),     # black or white
    "real, blurred": blur(real, 1),
    "real, noisy": (real + 0.1 * rng.standard_normal(real.shape)).clip(0, 1).astype(np.float32)}

# %% Blur in the pixels, quality in the judge's features
judge = digits_judge.trained()
convolutions = Sequential(*judge[:9])


def features(x):
    """(n, 64): the judge's last feature maps, averaged over the image"""
    return in_batches(lambda part: F.mean(convolutions(part), axis=(2, 3)), x)


SHARPNESS = {               # more is sharper; noise raises the first two and lowers the third
    "Laplacian variance": laplacian_variance, "energy above 1/4 cycle": high_frequency_share,
    "ink pixels not grey": lambda x: 1 - grey_share(x)}
QUALITY = ("Fréchet distance", "precision", "recall", "density", "coverage", "judge is sure")
MORE_IS_BETTER = np.array([-1, 1, 1, 1, 1, 1])
IS_A_SHARE = np.array([0, 1, 1, 0, 1, 1])           # of NUMBER images, and so with a known error
sharp = {kind: np.array([measure(x) for measure in SHARPNESS.values()])
         for kind, x in KINDS.items()}
reference = features(test)


def quality_of(x):
    """The six measures QUALITY of images x, against the test images"""
    f = features(x)
    return np.array([frechet_distance(reference, f), *precision_recall(reference, f, k=5),
                     *density_coverage(reference, f, k=5), digits_judge.report(x, judge).share])


def leads(gan, vae):
    """1 where the GAN is better, −1 where the VAE is, 0 where two shares differ by less than two
    standard errors. (Of the Fréchet distance and the density the sign alone counts.)"""
    noise = 2 * np.sqrt(IS_A_SHARE * (gan * (1 - gan) + vae * (1 - vae)).clip(0) / NUMBER)
    return np.where(abs(gan - vae) > noise, np.sign(gan - vae) * MORE_IS_BETTER, 0)


quality = {kind: quality_of(x) for kind, x in KINDS.items()}
for names, figures in ((SHARPNESS, sharp), (QUALITY, quality)):
    width = 24 if figures is sharp else 18
    print(f"\n{'':14}" + "".join(f"{name:>{width}}" for name in names))
    for kind in KINDS:
        print(f"{kind:14}" + "".join(f"{value:{width}.3f}" for value in figures[kind]))
print("\npublished Fréchet distances on MNIST (Inception features, best of a wide search;\n"
      "Lucic et al. 2018): VAE 23.8, GAN 6.8")

# %% The claims
claims = Claims()


def ratio(kind):
    """Laplacian variance over that of real images, and its 95% interval from twenty parts of both
    sets"""
    parts = [np.array([laplacian_variance(part) for part in np.array_split(KINDS[name], 20)])
             for name in (kind, "real")]
    value = parts[0].mean() / parts[1].mean()
    error = value * np.sqrt(sum(part.var(ddof=1) / 20 / part.mean() ** 2 for part in parts))
    return value, Estimate(value, error).interval


value, interval = ratio("VAE")
claims.at_most("VAE samples are blurrier: Laplacian variance over that of real images", value,
               Fraction(1, 2), interval=interval)
value, interval = ratio("GAN")
claims.at_least("... and a GAN's are not", value, Fraction(2, 3), interval=interval)
claims.above("... grey share of the ink pixels, VAE minus real",
             sharp["real"][2] - sharp["VAE"][2], 0.2)
claims.at_most("... GAN minus real",                # noise would hide blur, but noise is grey
               sharp["real"][2] - sharp["GAN"][2], 0.1)
wins = int((sharp["VAE"] < sharp["GAN"]).sum())
claims.every("... whatever the measure: VAE less sharp than GAN", wins, of=3,
             shown=f"{wins} of 3 measures")
value, interval = ratio("VAE, draws")
claims.report("... of the means of p(x|z), which are what is shown; draws from p(x|z) have", value,
              interval=interval)
lead = leads(quality["GAN"], quality["VAE"])
wins = int((lead > 0).sum())
claims.every("VAE samples are of lower quality, whatever the measure: the GAN is better by", wins,
             of=6, shown=f"{wins} of 6 measures")
for name, vae_value, gan_value, ahead in zip(QUALITY, quality["VAE"], quality["GAN"], lead):
    winner = {1: "GAN", -1: "VAE", 0: "neither"}[ahead]
    claims.report(f"quality by {name}: which is better",
                  f"{winner}; VAE {vae_value:.3f}, GAN {gan_value:.3f}")
claims.report("... of real images blurred by one pixel: this distance punishes blur itself",
              quality["real, blurred"][0])

# %% The picture: samples; where the energy is; both claims in figures
figure = plt.figure(figsize=(15, 7.8))
grid = figure.add_gridspec(2, 3, height_ratios=(1, 1.15))
TITLES = {"real": "real", "VAE": "VAE: means of p(x|z), z ~ N(0, I)",
          "GAN": "GAN: G(z), the same layers"}
for column, (kind, title) in enumerate(TITLES.items()):
    pictures.show(figure.add_subplot(grid[0, column]), KINDS[kind][:SHOWN], 8, title)
colours = {"real": COLOURS["real"], "VAE": COLOURS["D"], "GAN": COLOURS["generated"]}

spectrum = figure.add_subplot(grid[1, 0])
frequency = np.hypot(np.fft.fftfreq(28)[:, None], np.fft.fftfreq(28))
ring = np.round(frequency * 28).astype(int)
for kind, style in (("real", "-"), ("VAE", "-"), ("GAN", "-"), ("real, blurred", ":"),
                    ("real, noisy", "--")):
    energy = (np.abs(np.fft.fft2(KINDS[kind][:, 0])) ** 2).mean(0)
    curve = [energy[ring == r].mean() for r in range(1, 15)]
    spectrum.plot(np.arange(1, 15) / 28, curve, style, color=colours.get(kind, "0.6"), label=kind)
spectrum.set(yscale="log", xlabel="frequency, cycles per pixel", ylabel="mean energy",
             title="What blur takes away")
spectrum.legend()


def bars(axes, names, figures, title):
    """Groups of bars, real, VAE, GAN; a bar's height is its share of the largest of the three, its
    value stands above"""
    values = np.array([figures[kind] for kind in colours])
    for i, (kind, colour) in enumerate(colours.items()):
        drawn = axes.bar(
            np.arange(len(names)) + 0.27 * (i - 1), values[i] / values.max(0), 0.25, color=colour,
            label=kind)
        axes.bar_label(drawn, [f"{v:.2f}" if v < 9.95 else f"{v:.0f}" for v in values[i]],
                       fontsize=11, rotation=90, padding=3)
    axes.set(xticks=range(len(names)), xticklabels=[name.replace(" ", "\n", 1) for name in names],
             yticks=[], ylim=(0, 1.25), title=title)
    axes.tick_params(length=0, axis="x", labelsize=10)


bars(figure.add_subplot(grid[1, 1]), SHARPNESS, sharp, f"Sharpness: VAE below GAN in {wins} of 3")
bars(figure.add_subplot(grid[1, 2]), ("Fréchet (less\nis better)", *QUALITY[1:]), quality,
     f"Quality: GAN better in {(lead > 0).sum()} of {len(lead)}")
pictures.save(figure, arguments.out / "blurrier.png")

run.finish(arguments, claims, sharpness=sharp, quality=quality)
