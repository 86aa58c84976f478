"""Supervised learning, for contrast: pairs (x, y), where every other demo has x alone.

The lecture opens with this difference. Given pairs (x, y), an image and its label, learn a
function x -> y: here a small convolutional network that reads handwritten digits. Given x alone
there is no y to learn, but there is structure: here ten groups of similar images, found by
k-means, which have no names and need not be the digits. The network is also the judge of the other
demos: what a generative model draws counts as a digit when this network is sure which one it is.
Read next: gan_mnist.py.

    python demos/supervised.py                  about a minute on two cores
    python demos/supervised.py --full           all of MNIST, for ten epochs
    python demos/supervised.py --save-judge     the default, and replaces the judge in demos/shared
"""

# %% The data: pairs
import sys

import numpy as np
from shared import digits_judge, pictures, run
from shared.claims import Claims
from shared.networks import k_means, save_network
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F

arguments = run.arguments(__doc__, steps=1600, quick=5, data=True, full=9000, options={
    "--batch": dict(type=run.positive, default=64, help="pairs in a batch (default 64)"),
    "--lr": dict(type=float, default=2e-3,
                 help="Adam's learning rate, falling to 0 by half a cosine (default 0.002)"),
    "--save-judge": dict(action="store_true", help="keep the network as the judge of the other "
                                                   "demos, demos/shared/digits_judge.npz"),
})
if arguments.save_judge and arguments.data == "full":
    sys.exit("--save-judge: the judge of the other demos is one that learned from the sample; "
             "leave out --full and --data full")
images, labels = run.digits(arguments, "train")
test_images, test_labels = run.digits(arguments, "test")
print(f"{len(images):,} pairs to learn from, {len(test_images):,} kept for the test")

# %% The network, and the loss: how little probability it gives to the right label
network = digits_judge.classifier()
rate = mg.optim.cosine_decay(arguments.lr, arguments.steps)
optimizer = mg.optim.Adam(network.parameters(), lr=rate)


def shift(batch, reach=2):
    """The batch moved by up to `reach` pixels each way: a digit stays the same digit."""
    down, right = mg.random.generator().integers(-reach, reach + 1, 2)
    padded = np.pad(batch, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    return padded[:, :, reach - down:reach - down + 28, reach - right:reach - right + 28]


def predict(images):
    """The probabilities (n, 10) of the ten labels; batch normalisation by running statistics."""
    network.eval()
    p = digits_judge.probabilities(network, images)
    network.train()
    return p


# %% Training: descend the loss on one batch of pairs after the other
batches = mg.data.Batches(images, labels, size=arguments.batch)
curve = []                                              # (pairs seen, accuracy on the test images)
for step in run.progress(range(1, arguments.steps + 1), unit="step"):
    x, y = next(batches)
    loss = F.cross_entropy(network(mg.tensor(shift(x))), mg.backend.asarray(y))
    optimizer.step(mg.grad(loss, network.parameters()))
    if step % max(arguments.steps // 16, 1) == 0 or step == arguments.steps:
        accuracy = (predict(test_images).argmax(1) == test_labels).mean()
        curve.append((step * arguments.batch, accuracy))
print(network)

# %% x alone: ten groups of the same images. The labels only say, afterwards, what the groups hold
centres, group = k_means(mg.random.generator(), images.reshape(len(images), -1), 10, rounds=30)
counts = np.array([np.bincount(labels[group == g], minlength=10)      # (group, digit)
                   for g in range(10)])
alone = counts.max(1).sum() / len(images)

# %% What it learned
p = predict(test_images)
right = p.argmax(1) == test_labels
sure = p.max(1) >= 0.9

figure = plt.figure(figsize=(11, 5.4))
grid = figure.add_gridspec(3, 2, width_ratios=(7, 4), height_ratios=(2, 2, 1.1))
pairs, mistakes, groups = (figure.add_subplot(grid[row, 0]) for row in range(3))
axes = figure.add_subplot(grid[:, 1])


def show_with_labels(axes, which, title):
    """Up to 20 test images with what the network says below each."""
    which, pad = which[:20], 14
    pictures.show(axes, test_images[which], 10, title, pad)
    for i, n in enumerate(which):
        text, colour = f"{p[n].argmax()}", "black"
        if not right[n]:
            text, colour = f"{text}, not {test_labels[n]}", "#B03A00"
        x, y = pad + 14 + i % 10 * (28 + pad), pad + 29 + i // 10 * (28 + pad)
        axes.text(x, y, text, color=colour, fontsize=9, ha="center", va="top")


show_with_labels(pairs, np.arange(20), "test images x, and the y that the network says")
wrong = np.flatnonzero(~right)
show_with_labels(mistakes, wrong, f"its mistakes, {len(wrong)} of {len(right):,} "
                 f"({min(len(wrong), 20)} shown): what it says, and the label")
order = counts.argmax(1).argsort(kind="stable")
pictures.show(groups, centres[order].reshape(-1, 28, 28), 10,
              "x alone: the means of ten groups, and the most frequent digit of each", 14)
for i, g in enumerate(order):
    share = counts[g].max() / max(counts[g].sum(), 1)
    groups.text(28 + i * 42, 43, f"{counts[g].argmax()}: {100 * share:.0f}%", fontsize=9,
                ha="center", va="top")
seen, accuracies = zip(*curve)
axes.plot(seen, 100 * np.array(accuracies), "o-", color=COLOURS["D"])
axes.set(title="accuracy on the test images, %", xlabel="pairs seen", xlim=(0, None))
pictures.save(figure, arguments.out / "supervised.png")

claims = Claims()
goal = 0.975 if arguments.data == "sample" else 0.988
claims.at_least("from pairs (x, y) a network learns to say y for an x it has never seen: share "
                "of right labels", right.mean(), goal,
                interval=mg.metrics.wilson_interval(int(right.sum()), len(right)))
claims.report("from x alone: ten groups without names; share of images whose digit is its group's "
              "most frequent one", alone)
claims.report("share of real test images that the judge is sure of (>= 0.9)", sure.mean())
claims.report("of those it is sure of, share that is right",
              right[sure].mean() if sure.any() else 0.0)

if arguments.save_judge and right.mean() < goal:
    print(f"\nnot saved: the judge of the other demos is one that knows {100 * goal:.1f}% of the "
          "test digits or more")
elif arguments.save_judge:
    save_network(network, digits_judge.STATE)
run.finish(arguments, claims)
