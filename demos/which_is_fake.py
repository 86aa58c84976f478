"""Which is fake? Real digits against generated ones, as a page to play: you against D.

Every pair shows a digit that a person wrote and one that G drew. You choose; then the page says
what D, which was trained for exactly this question, thinks of both. Theory (Goodfellow et al. 2014,
proposition 1) says that D knows best: given enough capacity it becomes p_data / (p_data + p_G), and
where G has won that is 1/2, a coin. The page is one HTML file that needs no network: open it from
the disk, play by mouse or keyboard.

    python demos/which_is_fake.py         trains the players first, as gan_mnist.py does
    python demos/which_is_fake.py --checkpoint out/gan_mnist/checkpoint.npz
                                          the players of gan_mnist.py
"""

# %% The pictures: digits that neither player has seen, and the page
import base64
import io
import json
import math
import pathlib
import sys

import numpy as np
from PIL import Image
from shared import digits_judge, pictures, run
from shared.claims import Claims
from shared.lecture import FOLDER
from shared.networks import decaying_adam, in_batches
from shared.pictures import plt

import minigen as mg
from minigen import functional as F
from minigen.files import replacing
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Reshape, Sequential, Sigmoid)
from minigen.layers.initialisers import normal

arguments = run.arguments(__doc__, steps=3000, quick=4, data=True, options={
    "--checkpoint": dict(type=pathlib.Path, help="take the players from this file of gan_mnist.py "
                                                 "instead of training them"),
})
PAIRS, ROUNDS = 60, 20                              # on the page; in a game
COUNTED, SHOWN = 1000, 7                            # for D's share; on the slide
channels, latent, m = 24, 64, 32
rate_G, rate_D, hold = 5e-3, 5e-4, 0.75


# %% The two players of gan_mnist.py
def generator():
    """z (m, latent) -> images (m, 1, 28, 28) in [0, 1]"""
    c, init = channels, normal(0.02)
    return Sequential(
        Dense(latent, 256, bias=False, init=init), BatchNorm(256), ReLU(),
        Dense(256, 2 * c * 7 * 7, bias=False, init=init),
        Reshape(2 * c, 7, 7), BatchNorm(2 * c), ReLU(),
        ConvTranspose2d(2 * c, c, 4, stride=2, padding=1, bias=False, init=init),
        BatchNorm(c), ReLU(),
        ConvTranspose2d(c, 1, 4, stride=2, padding=1, init=init), Sigmoid())


def discriminator():
    """images (m, 1, 28, 28) -> logits (m, 1); D(x) is their sigmoid"""
    c, init = channels, normal(0.02)
    return Sequential(
        Conv2d(1, c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Conv2d(c, 2 * c, 4, stride=2, padding=1, bias=False, init=init),
        BatchNorm(2 * c), LeakyReLU(0.2),
        Flatten(), Dense(2 * c * 7 * 7, 128, bias=False, init=init),
        BatchNorm(128), LeakyReLU(0.2),
        Dense(128, 1, init=init))


def prior(m):
    """m noise vectors z ~ N(0, I)"""
    return mg.randn(m, latent)


G, D = generator(), discriminator()
players = [decaying_adam(network.parameters(), rate, arguments.steps, hold=hold)
           for network, rate in ((G, rate_G), (D, rate_D))]
trainer = mg.trainers.GANTrainer(G, D, *players, generator_loss="non_saturating", prior=prior)
if arguments.checkpoint:
    try:
        mg.checkpoint.load(arguments.checkpoint, trainer)
    except (OSError, ValueError) as error:
        sys.exit(f"--checkpoint {arguments.checkpoint} is not a checkpoint of gan_mnist.py "
                 f"({error}); run that demo first")
    mg.seed(arguments.seed)
else:
    trainer.fit(run.digits(arguments)[0], arguments.steps, batch_size=m, compiled=True,
                checkpoint=arguments.out / "checkpoint.npz")


# %% Pairs: whatever G draws, beside a real digit of the same kind, in random places; none selected
def bytes_of(images):
    """Images in [0, 1] as the bytes that the page shows: D judges these, rounded as they are."""
    return np.round(255 * images).astype(np.uint8)


def d_of(pictures):
    """D(x) (n,) of pictures (n, 1, 28, 28) of bytes; batch normalisation by running statistics."""
    return in_batches(lambda x: F.sigmoid(D(x)), pictures / 255)[:, 0]


G.eval(), D.eval()
fake = bytes_of(in_batches(G, prior(COUNTED)))
images, labels = run.digits(arguments, "test")
kinds = digits_judge.probabilities(digits_judge.trained(), fake / 255).argmax(1)
rng = mg.random.generator()
decks = [iter(rng.permutation(np.flatnonzero(labels == kind)))      # no real digit comes twice
         for kind in range(10)]
dealt = [next(decks[kind], None) for kind in kinds]
fake = fake[[n is not None for n in dealt]]
real = bytes_of(images[[n for n in dealt if n is not None]])
d_real, d_fake = d_of(real), d_of(fake)
places = rng.integers(0, 2, len(fake))                  # of the generated one: left or right


# %% The page: a template and the pairs as JSON, pictures as PNG in base64
def png(picture):
    """A picture (1, 28, 28) of bytes as a data URI."""
    file = io.BytesIO()
    Image.fromarray(picture[0]).save(file, "png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def coin(n, share=0.95):
    """The narrowest [k, n − k] that holds the heads of n tosses with probability >= share."""
    chance = [math.comb(n, k) / 2 ** n for k in range(n + 1)]
    k = next(k for k in range(n // 2, -1, -1) if sum(chance[k:n - k + 1]) >= share)
    return k, n - k


saw = int((d_fake < d_real).sum())
pairs = [{"images": [png(x) for x in ((f, r), (r, f))[place]], "generated": int(place),
          "d": [float(d) for d in ((df, dr), (dr, df))[place]]}
         for f, r, df, dr, place in zip(fake[:PAIRS], real, d_fake, d_real, places)]
about = (f"The generator and D played {trainer.steps:,} iterations against each other. "
         f"Of {len(fake):,} such pairs D finds the generated one in {100 * saw / len(fake):.0f}%; "
         "were the generator perfect, it would be 50%. Nothing is selected: the first "
         f"{PAIRS} samples, each beside a test image, seen by neither, of the digit that a judge "
         "takes it for.")
data = {"pairs": pairs, "rounds": ROUNDS, "guessing": coin(ROUNDS), "about": about}
template = (FOLDER / "shared" / "which_is_fake.html").read_text(encoding="utf-8")
page = template.replace("{{data}}", json.dumps(data, ensure_ascii=False).replace("</", "<\\/"))
with replacing(arguments.out / "which_is_fake.html") as file:
    file.write(page.encode())

# %% The slide: some pairs, and the answers below
figure, axes = plt.subplots(figsize=(9, 3.8))
rows = [np.where(places[:SHOWN, None, None, None] == side, fake[:SHOWN], real[:SHOWN])
        for side in (0, 1)]
pictures.show(axes, np.concatenate(rows) / 255, SHOWN,
              "one of each column was drawn by the generator: which?")
for i, (df, dr, place) in enumerate(zip(d_fake, d_real, places[:SHOWN])):
    answer = f"{('upper', 'lower')[place]}\nD(fake) {df:.2f}\nD(real) {dr:.2f}"
    axes.text(17 + 30 * i, 66, answer, ha="center", va="top", fontsize=12)
pictures.save(figure, arguments.out / "pairs.png")

# %% What the lecture claims, and what this run measured
claims = Claims()
claims.interval_holds("at the end of the game D is a coin: share of pairs in which D finds the "
                      "generated digit (perfect G: 0.5)", saw / len(fake),
                      mg.metrics.wilson_interval(saw, len(fake)), 0.5)
claims.report("D(x) of test digits, mean (perfect G: 0.5)", d_real.mean())
claims.report("D(G(z)), mean (perfect G: 0.5)", d_fake.mean())
sure = digits_judge.report(fake / 255).share
claims.report("share of G's digits that the judge is sure of", sure,
              mg.metrics.wilson_interval(round(sure * len(fake)), len(fake)))
run.finish(arguments, claims, iterations=trainer.steps, pairs=len(fake))
