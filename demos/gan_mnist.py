"""The minimax game on handwritten digits: a generator G, a discriminator D, and Algorithm 1.

G turns noise z into an image; D says how likely an image is to be real. D ascends V(D, G) =
E log D(x) + E log(1 − D(G(z))), G descends it, and neither ever sees the other's weights: what D
tells G is the gradient at G's samples, and nothing else (Goodfellow et al. 2014). The first
iteration is played by hand; then the trainer plays all of them. The networks are a small DCGAN
(Radford et al. 2016) with one more dense layer in each, as InfoGAN has (Chen et al. 2016). The G
that is kept is the mean of its last 200 iterations or so: while it plays, it circles. Read next:
minigen/trainers/gan.py, where each line of the algorithm is one line of code.

    python demos/gan_mnist.py                       less than two minutes on two cores
    python demos/gan_mnist.py --loss saturating     the loss of the algorithm box itself
    python demos/gan_mnist.py --theatre             and a page of six iterations: every gradient
    python demos/gan_mnist.py --resume              go on from the checkpoint after a Ctrl-C
    python demos/gan_mnist.py --full                all of MNIST, four times as long: a quarter of
                                                    an hour; the paper's own measure
    mpiexec -n 4 python demos/gan_mnist.py          four processes, a quarter of each batch each
"""

# %% The data: images x alone, no labels
import copy
import math
import sys

import numpy as np
from shared import digits_judge, pictures, run
from shared.claims import Claims
from shared.networks import Average, decaying_adam, in_batches
from shared.pictures import plt
from tqdm import tqdm

import minigen as mg
from minigen import functional as F
from minigen import inspect
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Reshape, Sequential, Sigmoid)
from minigen.layers.initialisers import normal

arguments = run.arguments(__doc__, steps=3000, quick=4, data=True, full=11_000, options={
    "--loss": dict(choices=("saturating", "non_saturating"), default="non_saturating",
                   help="what G descends (default non_saturating)"),
    "--k": dict(type=run.positive, default=1, help="D's steps in each iteration (default 1)"),
    "--momentum": dict(type=float, default=0.5,
                       help="Adam's first beta, the momentum of both players (default 0.5)"),
    "--theatre": run.THEATRE,
    "--resume": dict(action="store_true",
                     help="go on from the checkpoint in --out (curves and averages begin there)"),
}, processes=True)
channels, latent, m = 24, 64, 32
rate_G, rate_D, hold = 5e-3, 5e-4, 0.75             # a fast G against a slow D; then both slow down
images, _ = run.digits(arguments)
if arguments.full:                                  # the paper's split: the last 10,000 images
    images, validation = images[:50_000], images[50_000:]       # choose the Parzen window's width


# %% The two players. (A bias before a BatchNorm, which subtracts the mean, would learn nothing.
# Only that before Reshape could, as 49 places share a mean, and G does without it.)
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
steps, k, momentum = arguments.steps, arguments.k, arguments.momentum
G_optimizer = decaying_adam(G.parameters(), rate_G, steps, momentum, hold=hold)
D_optimizer = decaying_adam(D.parameters(), rate_D, k * steps, momentum, hold=hold)
trainer = mg.trainers.GANTrainer(
    G, D, G_optimizer, D_optimizer, k=k, generator_loss=arguments.loss, prior=prior)
training = mg.parallel_training(trainer)
if training.rank > 0:                               # one of several, which take a share of each
    training.fit(images, steps, batch_size=m)       # batch; the first does all that follows
    sys.exit()

# %% While it runs: the same noise again and again, at steps that lie close together at first
z_fixed, shown = prior(64), 14
moments = {0, *(arguments.steps // 2 ** i for i in range(6))}
album = {}                                          # step -> what G made of z_fixed


def take_picture(trainer, record):
    """A callback: G's samples, and all rows so far beside real digits."""
    if trainer.steps not in moments:
        return
    with mg.no_grad(), mg.frozen(G):                # no tape; G's running statistics stay the same
        album[trainer.steps] = mg.to_numpy(G(z_fixed))[:shown]
    figure, axes = plt.subplots(figsize=(9, 0.65 * (len(album) + 1)))
    pictures.show(axes, np.concatenate([*album.values(), images[:shown]]), shown,
                  "the same noise z through G, iteration by iteration")
    axes.set_yticks([2 + 30 * row + 14 for row in range(len(album) + 1)],
                    [*map("{:,}".format, album), "real"])
    axes.tick_params(length=0)
    pictures.save(figure, arguments.out / "samples.png")


def narrate(trainer, record):
    """A callback: the first and the last iteration in words, line by line."""
    if trainer.steps in (1, arguments.steps):
        tqdm.write(f"\n{inspect.algorithm(trainer)}\n")


take_picture(trainer, None)                         # step 0: G knows nothing yet
with mg.no_grad(), mg.frozen(D):
    D(mg.tensor(images[:2]))                        # so that the shapes below are known
print(f"G\n{G}\n\nD\n{D}\n")
if training.size > 1:
    print(f"{training.describe(m)}\n")


# %% One iteration of Algorithm 1 by hand, by players like these
def play_by_hand(G, D, D_optimizer, batches):
    """The gradients of phase 1 (its last step of k) by θd, and of phase 2 by θg."""
    for _ in range(k):                                              # phase 1: G's samples are data
        x, z = mg.tensor(next(batches)), prior(m)
        with mg.frozen(G):
            fake = G(z)
        V = F.mean(F.logsigmoid(D(x))) + F.mean(F.logsigmoid(-D(fake)))
        ascent = mg.grad(V, D.parameters())                         # ∇θd V
        D_optimizer.step([-gradient.data for gradient in ascent])   # ascend V = descend −V

    z = prior(m)                                                    # phase 2: D's weights are fixed
    with mg.frozen(D):
        logits = D(G(z))                                            # but the gradient passes D
    if arguments.loss == "saturating":
        value = F.mean(F.logsigmoid(-logits))                       # log(1 − D(G(z)))
    else:
        value = -F.mean(F.logsigmoid(logits))                       # −log D(G(z))
    return ascent, mg.grad(value, G.parameters())                   # G would descend ∇θg value


random_state = mg.random.generator().bit_generator.state
G_copy, D_copy = copy.deepcopy((G, D))
by_hand = play_by_hand(
    G_copy, D_copy, decaying_adam(D_copy.parameters(), rate_D, k * steps, momentum, hold=hold),
    mg.data.Batches(images, size=m, drop_last=True))
mg.random.generator().bit_generator.state = random_state    # the trainer draws the same batch and z
differences = []


def compare(trainer, record):
    """A callback: how far the trainer's first gradients are from those by hand, relative."""
    if trainer.steps == 1 and training.size == 1:
        for gradients, (_, latest) in zip(by_hand, trainer.records().values()):
            differences.extend(float(abs(ours.data - theirs).max() / abs(theirs).max())
                               for ours, theirs in zip(gradients, latest.gradients.values()))


# %% The game: k times D, once G
checkpoint = arguments.out / "checkpoint.npz"
curves = inspect.Curves(every=max(arguments.steps // 200, 1))
average = Average(G, keep=0.995)
recorder = inspect.Recorder(run.moments(steps, 6), checks=1) if arguments.theatre else None
# replayed: the same numbers in less time; the theatre and several processes need the tape
replayed = recorder is None and training.size == 1
record = training.fit(images, arguments.steps, batch_size=m, checkpoint=checkpoint, every=250,
                      callbacks=[compare, curves, lambda *_: average.update(), take_picture,
                                 narrate, *filter(None, [recorder])], resume=arguments.resume,
                      compiled=replayed)
if record is None:
    sys.exit(f"--resume: the game in {checkpoint} is over after {trainer.steps:,} iterations; "
             "ask for more by --steps")
pictures.save(inspect.game(curves), arguments.out / "curves.png")
pictures.save(inspect.gradient_norms(curves), arguments.out / "gradients.png")
if recorder:
    recorder.recording.to_html(arguments.out / "theatre.html", title="Gradient theatre: digits")


# %% Test time: D is discarded, and G's weights are the mean of its last iterations
def samples_of(state, n):
    """n images by a generator whose parameters and running statistics are `state`"""
    network = generator()
    network.load_state_dict(state)
    return in_batches(network.eval(), prior(n))


samples = samples_of(average.state, 4000)
test, _ = run.digits(arguments, "test")
real = test[:1000]
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 3.6))
pictures.show(left, samples[:128], 16, "generated: G alone, new noise")
pictures.show(right, real[:128], 16, "real: test images")
pictures.save(figure, arguments.out / "final.png")

# %% What the lecture claims, and what this run measured
halves = np.concatenate([real[:, :, :14], np.roll(real, 1, axis=0)[:, :, 14:]], axis=2)
generated, reference, nonsense = map(digits_judge.report, (samples, real, halves))
interval, interval_of_nonsense = (mg.metrics.wilson_interval(round(n * report.share), n)
                                  for report, n in ((generated, 4000), (nonsense, 1000)))
claims = Claims()
claims.at_most("one iteration by hand has the gradients of the trainer's first: largest relative "
               "difference", max(differences, default=math.nan), 1e-6, when=bool(differences),
               shown=None if differences else "none: a run resumed, or of several processes")
claims.at_least("G's samples look real: share of 4,000 that the judge takes for a digit, p >= 0.9",
                generated.share, 0.75, interval=interval)
claims.report("... by G's last weights, not their mean over the last iterations",
              digits_judge.report(samples_of(G.state_dict(), 4000)).share)
claims.report("the same share of 1,000 real test digits", reference.share)
claims.interval_below("the same share of nonsense, upper half of one digit and lower half of "
                      "another, is less (intervals apart)", nonsense.share, interval_of_nonsense,
                      interval[0], digits=3)
claims.equal("G makes all ten digits (each >= 1% of those)", generated.classes, 10)
claims.report("entropy of the ten digits' shares in nats (log 10 = 2.303)", generated.entropy)
claims.near("the game ends at D(x) = 1/2 (mean of the last fifth of the iterations)",
            curves.last("D(x)"), 0.5, within=0.05)
claims.near("... and D(G(z)) = 1/2", curves.last("D(G(z))"), 0.5, within=0.05)
claims.near("... and V = −log 4", curves.last("V"), -math.log(4), within=0.05, digits=3)
if arguments.full:
    flat = [x.reshape(len(x), -1)
            for x in (samples_of(average.state, 10_000), validation[:1000], test)]
    window = mg.metrics.parzen_window(*flat)
    claims.report("log-likelihood of the test images under a Parzen window of 10,000 samples, nats "
                  "(the paper's GAN: 225 ± 2, standard error; 10,000 real images: 241)",
                  f"{window.value:.0f} ± {window.standard_error:.0f}")
run.finish(arguments, claims, shares=generated.shares, real_shares=reference.shares,
           iterations=trainer.steps)
