"""Are a VAE's samples blurrier and of lower quality than a GAN's? Two claims, and only the first holds whatever is measured.

The same decoder is trained twice: as the decoder of a VAE, which must give every training image a high probability and averages
where it is unsure, and as a GAN's generator, which must pass for real. Blur is measured in the pixels by three measures. Quality is
measured on the features of a classifier (the judge of supervised.py): distance between distributions, precision, recall, density
and coverage; these do not agree on who is better. A VAE's samples are usually shown as the means of p(x|z), not as draws from it.

    python demos/blurrier.py
"""

# %% What the lecture shows, and what this run asks
import common
import matplotlib.pyplot as plt
import numpy as np
from common import COLOURS

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Layer, LeakyReLU, ReLU, Reshape, Sequential, Sigmoid
from minigen.metrics import (density_coverage, frechet_distance, grey_share, high_frequency_share, laplacian_variance,
                             precision_recall)

arguments = common.arguments(__doc__, steps=800, quick=4, full=8000, data=True)
C, M, SHOWN = (32 if arguments.full else 16), 32, 40            # channels, images in a batch, images shown
images, _ = common.digits(arguments)
test, _ = common.digits(arguments, "test")
NUMBER = min(200 if arguments.quick else 2000, len(test))       # images that are measured, of every kind
test = test[::len(test) // NUMBER][:NUMBER]


# %% One decoder, trained in two ways
def decoder(latent):
    """z (m, latent) -> logits (m, 1, 28, 28)"""
    return Sequential(
        Dense(latent, 2 * C * 7 * 7, bias=False), Reshape(2 * C, 7, 7), BatchNorm(2 * C), ReLU(),
        ConvTranspose2d(2 * C, C, 4, stride=2, padding=1, bias=False), BatchNorm(C), ReLU(),
        ConvTranspose2d(C, 1, 4, stride=2, padding=1))


def body(outputs):
    """images (m, 1, 28, 28) -> (m, outputs): the discriminator, and the VAE's encoder"""
    return Sequential(
        Conv2d(1, C, 4, stride=2, padding=1), LeakyReLU(0.2),
        Conv2d(C, 2 * C, 4, stride=2, padding=1, bias=False), BatchNorm(2 * C), LeakyReLU(0.2),
        Flatten(), Dense(2 * C * 7 * 7, outputs))


class Encoder(Layer):
    """images -> mu, log_var, each (m, 20)"""

    def __init__(self):
        self.body = body(40)

    def forward(self, x):
        h = self.body(x)
        return h[:, :20], h[:, 20:]


def adam(*networks, beta1):
    return mg.optim.Adam([p for network in networks for p in network.parameters()], 1e-3, betas=(beta1, 0.999))


mg.seed(arguments.seed)
encoder, p = Encoder(), decoder(20)
vae = mg.trainers.VAETrainer(encoder, p, adam(encoder, p, beta1=0.9))
vae.fit(images, arguments.steps, batch_size=M)

mg.seed(arguments.seed)
G, D = Sequential(decoder(64), Sigmoid()), body(1)
gan = mg.trainers.GANTrainer(G, D, adam(G, beta1=0.5), adam(D, beta1=0.5), generator_loss="non_saturating",
                             prior=lambda m: mg.randn(m, 64))
gan.fit(images, arguments.steps, batch_size=M)


# %% Samples, and real images made noisy and blurred on purpose: what the measures say of those
def made(network, latent):
    """NUMBER images from z ~ N(0, I), with the running statistics of batch normalisation"""
    with mg.no_grad():
        parts = [mg.to_numpy(network(mg.randn(len(part), latent))) for part in np.array_split(test, -(-NUMBER // 500))]
    return np.concatenate(parts)


def blurred(x, sigma):
    """x under a Gaussian of `sigma` pixels: a product in the Fourier domain (the borders are black, so it may wrap)"""
    square = sum(f ** 2 for f in np.meshgrid(np.fft.fftfreq(28), np.fft.rfftfreq(28), indexing="ij"))
    return np.fft.irfft2(np.fft.rfft2(x) * np.exp(-2 * (np.pi * sigma) ** 2 * square)).clip(0, 1).astype(np.float32)


rng = np.random.default_rng(arguments.seed)
p.eval(), G.eval()
means = made(lambda z: F.sigmoid(p(z)), 20)
real = images[rng.permutation(len(images))[:NUMBER]]
KINDS = {"real": real, "VAE": means, "GAN": made(G, 64), "VAE, draws of p(x|z)": (rng.random(means.shape) < means).astype(np.float32),
         "real, blurred 1 pixel": blurred(real, 1), "real, noise 0.1": (real + 0.1 * rng.standard_normal(real.shape)).clip(0, 1).astype(np.float32)}

# %% Blur in the pixels, quality in the judge's features
judge = common.judge()


def features(x):
    """(n, 64): the judge's last feature maps, averaged over the image"""
    with mg.no_grad():
        parts = []
        for part in np.array_split(x, -(-len(x) // 500)):
            h = mg.backend.asarray(part)
            for layer in judge[:9]:
                h = layer(h)
            parts.append(mg.to_numpy(F.mean(h, axis=(2, 3))))
    return np.concatenate(parts)


SHARPNESS = {"Laplacian variance": laplacian_variance, "energy above 1/4": high_frequency_share,
             "black or white": lambda x: 1 - grey_share(x)}
QUALITY = ("Fréchet distance", "precision", "recall", "density", "coverage", "judge is sure")
sharp = {kind: np.array([measure(x) for measure in SHARPNESS.values()]) for kind, x in KINDS.items()}
reference, quality = features(test), {}
for kind, x in KINDS.items():
    f = features(x)
    quality[kind] = np.array([frechet_distance(reference, f), *precision_recall(reference, f, k=5), *density_coverage(reference, f, k=5),
                              common.judge_report(x, judge).share])
print(f"\n{'':22}" + "".join(f"{name.replace(' ', chr(10), 0):>20}" for name in SHARPNESS))
for kind in KINDS:
    print(f"{kind:22}" + "".join(f"{value:20.3f}" for value in sharp[kind]))
print(f"\n{'against test images':22}" + "".join(f"{name:>18}" for name in QUALITY))
for kind in KINDS:
    print(f"{kind:22}" + "".join(f"{value:18.3f}" for value in quality[kind]))
