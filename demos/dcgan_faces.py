"""Vector arithmetic on faces: (man with glasses) − (man) + (woman) = ?  A DCGAN, and a judge.

Radford, Metz & Chintala 2016, figure 7: average the z of three samples for each concept, add and
subtract, decode. Here the faces are drawn (minigen/data/faces.py), so a classifier can say of
every result whether it is a woman with glasses, and the claim is counted over many sets of
exemplars instead of shown once. The same sum of the *pictures* is the negative control: it has
both attributes too, but is no face. D is kept smooth by R1, the gradient of a gradient (Mescheder,
Geiger & Nowozin 2018).

    python demos/dcgan_faces.py                 3,000 iterations, two to three minutes on two cores
    python demos/dcgan_faces.py --folder DIR    your own pictures, which nobody judges
"""

# %% The data: drawings whose attributes are known, or pictures in a folder
import sys

import numpy as np
from shared import faces_judge, pictures, run
from shared.claims import Claims
from shared.faces_judge import FEMALE, GLASSES, ONE_FACE, SIZE, concepts, pick, says
from shared.networks import Average, decaying_adam, in_batches
from shared.pictures import plt

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Reshape, Sequential, Tanh, initialisers)
from minigen.metrics import paired_interval, wilson_interval

arguments = run.arguments(__doc__, steps=3000, quick=4, options={
    "--folder": dict(help="learn from the pictures in this folder instead of the drawings"),
})
LATENT, CHANNELS = 100, 16
M, RATE, GAMMA = 32, 2e-3, 0.5              # pictures in a batch, learning rate, weight of R1
if arguments.folder:
    try:
        images = mg.data.from_folder(arguments.folder, SIZE)
    except (OSError, ValueError) as error:
        sys.exit(f"--folder {arguments.folder}: {error}")
else:
    images, _ = mg.data.faces(500 if arguments.quick else 12_000, SIZE, seed=arguments.seed)


# %% The two networks: batch normalisation in G alone. (It subtracts each channel's mean: a bias
# before it would learn nothing, but for the dense layer's, which differs from place to place.)
def generator():
    """z (m, 100) -> pictures (m, 3, 32, 32) in [−1, 1]"""
    c, init = CHANNELS, initialisers.normal(0.02)
    return Sequential(
        Dense(LATENT, 4 * c * 4 * 4), Reshape(4 * c, 4, 4), BatchNorm(4 * c), ReLU(),
        ConvTranspose2d(4 * c, 2 * c, 4, stride=2, padding=1, bias=False, init=init),
        BatchNorm(2 * c), ReLU(),
        ConvTranspose2d(2 * c, c, 4, stride=2, padding=1, bias=False, init=init),
        BatchNorm(c), ReLU(),
        ConvTranspose2d(c, 3, 4, stride=2, padding=1, init=init), Tanh())


def discriminator():
    """pictures (m, 3, 32, 32) -> logits (m, 1)"""
    c, init = CHANNELS, initialisers.normal(0.02)
    return Sequential(
        Conv2d(3, c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Conv2d(c, 2 * c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Conv2d(2 * c, 4 * c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Flatten(), Dense(4 * c * 4 * 4, 1))


def prior(m):
    """m noise vectors z ~ N(0, I)"""
    return mg.randn(m, LATENT)


# %% R1: D must not be steep at the data
EVERY = 8


def r1(D, optimizer, x):
    """One step down (γ/2) E ‖∇x D(x)‖²  over the real batch x, D's logit: a second derivative.

    Done every 8th iteration, and 8 times as strongly (Karras et al. 2020, "lazy regularisation").
    Biases get no gradient from it: leaky ReLUs make D's slope piecewise constant in them."""
    x = mg.tensor(mg.backend.asarray(x), requires_grad=True)
    (slope,) = mg.grad(F.sum(D(x)), x, create_graph=True)   # ∇x D(x), a function of D's weights
    penalty = EVERY * GAMMA / 2 / len(x) * F.sum(F.square(slope))
    weights = [p for p in optimizer.parameters if p.ndim > 1]
    gradients = dict(zip(map(id, weights), mg.grad(penalty, weights)))
    optimizer.step([gradients.get(id(p)) for p in optimizer.parameters])


def adam(network, each=1):
    """Adam, its rate in the second half of the game falling to a fiftieth.

    each: how many steps it takes in every iteration."""
    return decaying_adam(network.parameters(), RATE, each * arguments.steps, final=RATE / 50)


def train():
    """The game: phases 1 and 2 by the trainer, R1 every 8th time.

    Returns G with its weights averaged over the iterations."""
    G, D = generator(), discriminator()
    for layer in G.steps:
        if isinstance(layer, BatchNorm):
            layer.weight.data = 1 + 0.02 * mg.randn(*layer.weight.shape)
    trainer = mg.trainers.GANTrainer(
        G, D, adam(G), adam(D, 1 + 1 / EVERY), generator_loss="non_saturating", prior=prior,
        batches="joint")                            # D normalises nothing: joint is only quicker
    batches = mg.data.Batches(images, size=min(M, len(images)), drop_last=True)
    average = Average(G, keep=0.995)
    with run.progress(total=arguments.steps, unit="step") as bar:
        for x in batches:
            trainer.step([x])
            if trainer.steps % EVERY == 0:
                r1(D, trainer.discriminator_optimizer, x)
            average.update()
            bar.update()
            if trainer.steps == arguments.steps:
                break
    G.load_state_dict(average.state)
    return G.eval()


# %% Train, and look: samples, and the way from one face to another
G = train()
rng = np.random.default_rng(arguments.seed)             # measuring does not disturb the training


def decode(z):
    """G's pictures of z (n, 100), as a NumPy array (n, 3, 32, 32)"""
    return in_batches(G, z, batch=256)


def between(a, b, n):
    """n points from a to b on the arc round the origin.

    On the straight line they would be too short for N(0, I)."""
    angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    t = np.linspace(0, 1, n)[:, None]
    points = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return points.astype(np.float32)


z = rng.standard_normal((64, LATENT)).astype(np.float32)
figure, axes = plt.subplot_mosaic([["generated", "learned"], ["ways", "ways"]],
                                  figsize=(12, 6.4), height_ratios=(4, 5))
pictures.show(axes["generated"], decode(z[:40]) / 2 + 0.5, 10, "samples of G, none chosen")
pictures.show(axes["learned"], images[:40] / 2 + 0.5, 10, "what it learned from")
ways = np.concatenate([between(z[40 + 2 * i], z[41 + 2 * i], 16) for i in range(4)])
pictures.show(axes["ways"], decode(ways) / 2 + 0.5, 16,
              "G(z) while z moves from one point to another")
pictures.save(figure, arguments.out / "samples.png")
if arguments.folder:
    run.finish(arguments)
    sys.exit()

# %% The sum, and who judges it: a classifier that learned from drawings alone (faces_judge.py)
judge = faces_judge.trained()
SETS, PICTURE_SETS = 20, 200                # sets of exemplars; more where no neighbours are needed
SAMPLES, NEIGHBOURS = (600, 4) if arguments.quick else (4096, 64)


def arithmetic(values, exemplars):
    """(man with glasses) − (man) + (woman), of means over exemplars: (sets, ...)

    values: (N, ...), z or pictures. exemplars: their rows (sets, 3, n), n for each concept."""
    return np.stack([values[man_glasses].mean(0) - values[man].mean(0) + values[woman].mean(0)
                     for man_glasses, man, woman in exemplars])


def verdicts(answers):
    """Which pictures show a woman with glasses, and which one face: (2, n), from answers (n, 3)"""
    return np.stack([answers[:, [GLASSES, FEMALE]].min(1), answers[:, ONE_FACE]]) > 0.5


def around(centres):
    """The two shares (2, sets) of the judge's verdicts on c + U(±0.25), 64 of each centre c.

    centres: (sets, 100)"""
    z = centres[:, None] + rng.uniform(-0.25, 0.25, (len(centres), NEIGHBOURS, LATENT))
    found = verdicts(says(judge, decode(z.reshape(-1, LATENT).astype(np.float32))))
    return found.reshape(2, len(centres), NEIGHBOURS).mean(2)


z = rng.standard_normal((SAMPLES, LATENT)).astype(np.float32)
x = decode(z)
answers = says(judge, x)
groups = concepts(answers[:, GLASSES], answers[:, FEMALE])
# Three means of three z each: their sum is about as long as one z, 10, as G is used to.
three, twenty = (pick(rng, groups, SETS, n) for n in (3, 20))
shares, faces = around(arithmetic(z, three))
of_twenty, _ = around(arithmetic(z, twenty))
man_glasses, man, woman = (z[twenty[:, i]].mean(1) for i in range(3))
away = rng.standard_normal(man.shape)
away *= (np.linalg.norm(man_glasses - man, axis=1, keepdims=True)
         / np.linalg.norm(away, axis=1, keepdims=True))
exemplars_of_pictures = np.concatenate([three, pick(rng, groups, PICTURE_SETS - SETS, 3)])
sums = arithmetic(x, exemplars_of_pictures).clip(-1, 1)
sums_right, sums_faces = verdicts(says(judge, sums))

# %% The slide: three samples for each concept, their sum, and the same sum of pictures
centre = arithmetic(z, three[:1])
ring = centre + rng.uniform(-0.25, 0.25, (9, LATENT))
ring[4] = centre                                        # in the middle of its neighbours
figure, axes = plt.subplots(1, 5, figsize=(14, 4.6), width_ratios=(1, 1, 1, 3.1, 1.4))
for place, exemplars, name in zip(axes, three[0], ("man with glasses", "− man", "+ woman")):
    mean = decode(z[exemplars].mean(0, keepdims=True))
    pictures.show(place, np.concatenate([x[exemplars], mean]) / 2 + 0.5, 1, name)
    place.axhline(3 * (SIZE + 2) + 0.5, color="black", linewidth=2)
axes[0].set_ylabel("mean z        three samples  ", loc="bottom")
pictures.show(axes[3], decode(ring.astype(np.float32)) / 2 + 0.5, 3,
              f"= woman with glasses: the judge says so of {100 * shares[0]:.0f}%")
pictures.show(axes[4], sums[:1] / 2 + 0.5, 1, "the same sum of pictures")
pictures.save(figure, arguments.out / "arithmetic.png")

# %% What the lecture claims, and what this run measured
claims = Claims()
drawings, known = mg.data.faces(SAMPLES, SIZE, seed=20_001)
answers_drawn = says(judge, drawings) > 0.5
right = np.mean([answers_drawn[:, GLASSES] == known["glasses"],
                 answers_drawn[:, FEMALE] == known["female"]])
claims.at_least("the judge knows new drawings: right about glasses and female", right, 0.99)


def over_sets(shares):
    """The mean share of the sets of exemplars, and its 95% interval"""
    mean, interval = paired_interval(shares)
    return mean, tuple(np.clip(interval, 0, 1))


share, interval = over_sets(of_twenty)
claims.at_least("(man with glasses) − (man) + (woman) = woman with glasses: share, "
                f"{SETS} sets of 20 exemplars, {NEIGHBOURS} neighbours each", share, 0.9,
                interval=interval)
share, interval = over_sets(shares)
claims.at_least("... with three exemplars, as in the paper's figure", share, 0.5, interval=interval)
claims.report("... chance: any z", verdicts(answers)[0].mean())
share, interval = over_sets(around(woman + away)[0])
claims.at_most("... control: a random direction as long as (man with glasses) − (man)", share, 0.15,
               interval=interval)
claims.report("... control: the women alone", around(woman)[0].mean())
claims.report("the same sum of pictures has both attributes too "
              f"({PICTURE_SETS} sets of 3 exemplars)", sums_right.mean())
claims.at_most("... but is no face: share that the judge takes for one face", sums_faces.mean(),
               0.15, interval=wilson_interval(int(sums_faces.sum()), PICTURE_SETS))
share, interval = over_sets(faces)
claims.at_least("the decoded sum is a face: share that the judge takes for one face (3 exemplars)",
                share, 0.4, interval=interval)
claims.report("... the same share of G's samples, and of drawings",
              f"{(answers[:, ONE_FACE] > 0.5).mean():.2f}, {answers_drawn[:, ONE_FACE].mean():.2f}")
run.finish(arguments, claims, iterations=arguments.steps, batch=M,
           exemplars=[len(group) for group in groups])
