"""Debiasing: a VAE finds rare images without their labels, and a classifier sees them more often.

Amini, Soleimany, Schwarting, Bhatia & Rus 2019: at the start of every epoch each image x is
encoded, and its chance to be drawn becomes proportional to ∏ᵢ 1 / (Q̂ᵢ(zᵢ(x)) + α); Q̂ᵢ is the
histogram of latent dimension i over the training set. What is rare in the latent space is drawn
often; no label of a group is used. Here the task is "4 or 9?", and in 5% of the training images
the digit is changed, in one of two ways. In the paper classifier and VAE share an encoder and only
faces are resampled; here they are two networks and both digits are, so that the four ways to
sample differ in the sampling alone. The VAE learns from what it samples, and that feeds back: the
stream ends far from even, on few images (the last row of each case).

    python demos/debiasing.py
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
from minigen.metrics import paired_interval, worst_group_accuracy

arguments = run.arguments(__doc__, steps=20, quick=2, data=True, options={
    "--seeds": dict(type=run.several, default=5,
                    help="how many paired runs, 2 or more (default 5)"),
    "--alpha": dict(type=run.not_negative, default=0.1,
                    help="the paper's α: large is close to uniform sampling, small rarely samples "
                         "the common images (default 0.1)")})
EPOCHS = arguments.steps                                                # a step here is an epoch
SEEDS = 2 if arguments.quick else arguments.seeds
N = 500 if arguments.quick else 4000 if arguments.data == "full" else 2000      # training images
M = 64                                                                  # images in a batch
SHARE = 0.05                                                            # of the changed images
BINS = 10                                                               # of a histogram
D = 8                                                                   # latent dimensions
CHANGES = {
    "inverted": lambda x: 1 - x,                        # like no other image: rare in latent space
    "turned by 90°": lambda x: np.rot90(x, axes=(-2, -1))}      # the same ink elsewhere: not rare
WAYS = ("plain", "debiasing", "shuffled", "oracle")


# %% A skewed training set, and a balanced test set
def four_or_nine(split):
    images, labels = run.digits(arguments, split)
    chosen = (labels == 4) | (labels == 9)
    return images[chosen], (labels[chosen] == 9).astype(int)


TRAIN, TEST = four_or_nine("train"), four_or_nine("test")


def training_and_test_set(change):
    """A training set with 5% changed images, and a test set with every image in both forms.

    Returns (images (N, 784), labels, which are changed), (images, labels, group: 1 if changed)."""
    order = mg.random.generator().permutation(len(TRAIN[0]))
    images, labels = (part[order[:N]] for part in TRAIN)
    rare = np.arange(N) < SHARE * N
    images = np.where(rare[:, None, None, None], change(images), images)
    unseen, unseen_labels = (np.concatenate([a[order[N:]], b]) for a, b in zip(TRAIN, TEST))
    both, groups = np.concatenate([unseen, change(unseen)]), np.repeat([0, 1], len(unseen))
    return ((images.reshape(N, 784), labels, rare),
            (both.reshape(-1, 784), np.tile(unseen_labels, 2), groups))


# %% The debiasing VAE: how rare is each image in the latent space?
def rarity(mu, alpha):
    """Weights (n,) ∝ ∏ᵢ 1 / (Q̂ᵢ(zᵢ) + α) of codes mu (n, D); they sum to 1.

    Q̂ᵢ: shares of ten bins of equal width."""
    log_weight = np.zeros(len(mu))
    for z in mu.T:
        counts, edges = np.histogram(z, BINS)
        log_weight -= np.log(counts[np.digitize(z, edges[1:-1])] / len(z) + alpha)
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def epoch_of_rows(weights):
    """One epoch: the rows of N images, sampled with these probabilities, in batches of M"""
    order = mg.random.generator().choice(N, N, p=weights)
    return np.split(order, range(M, N, M))


def debiasing_weights(x):
    """A VAE learns from what its own weights sample; no label is used.

    Returns the weights (EPOCHS, N), and the codes (N, D) behind the last of them."""
    encoder = GaussianEncoder(Sequential(Dense(784, 128), ReLU()), 128, D)
    decoder = Sequential(Dense(D, 128), ReLU(), Dense(128, 784))
    optimizer = mg.optim.Adam(parameters_of(encoder, decoder), 2e-3)
    trainer = mg.trainers.VAETrainer(encoder, decoder, optimizer)
    weights = []
    for _ in range(EPOCHS):
        mu = in_batches(lambda part: encoder(part)[0], x)
        weights.append(rarity(mu, arguments.alpha))
        for rows in epoch_of_rows(weights[-1]):
            trainer.step(x[rows])
    return np.array(weights), mu


# %% The classifier, and the four ways to sample its training images
def accuracy(train, test, weights):
    """The GroupAccuracy of a small classifier, trained on images sampled by weights (EPOCHS, N)."""
    (x, y, _), (test_x, test_y, groups) = train, test
    network = Sequential(Dense(784, 64), ReLU(), Dense(64, 1))
    optimizer = mg.optim.Adam(network.parameters(), 1e-3)
    for epoch in range(EPOCHS):
        for rows in epoch_of_rows(weights[epoch]):
            target = mg.backend.asarray(y[rows, None].astype(np.float32))
            loss = F.binary_cross_entropy_with_logits(network(mg.tensor(x[rows])), target)
            optimizer.step(mg.grad(loss, network.parameters()))
    says_nine = in_batches(network, test_x)[:, 0] > 0
    return worst_group_accuracy(says_nine.astype(int), test_y, groups)


results = {name: {way: [] for way in WAYS} for name in CHANGES}     # GroupAccuracy of every seed
streams = {name: [] for name in CHANGES}    # of every seed: changed images' share, effective share
first = {}                                  # of the first seed: training set, last weights, codes
with run.progress(total=len(CHANGES) * SEEDS, unit="run") as bar:
    for name, change in CHANGES.items():
        for seed in range(arguments.seed, arguments.seed + SEEDS):
            mg.seed(seed)
            train, test = training_and_test_set(change)
            x, _, rare = train
            debiasing, mu = debiasing_weights(x)
            by_group = np.where(rare, 0.5 / rare.sum(), 0.5 / (~rare).sum())
            shuffle = mg.random.generator().permutation(N)
            weights = {"plain": np.full((EPOCHS, N), 1 / N),
                       "debiasing": debiasing,
                       "shuffled": debiasing[:, shuffle],
                       "oracle": np.tile(by_group, (EPOCHS, 1))}
            for way in WAYS:
                mg.seed(1000 + seed)        # the same first weights for all four
                results[name][way].append(accuracy(train, test, weights[way]))
            effective = 1 / (N * np.square(debiasing).sum(1))       # (Σw)² / Σw², per image
            streams[name].append((debiasing[:, rare].sum(1).mean(), effective.mean()))
            first.setdefault(name, (train, debiasing[-1], mu))
            bar.update()

# %% What came out
worst = {name: {way: np.array([r.worst for r in runs]) for way, runs in ways.items()}
         for name, ways in results.items()}
claims = Claims()


def gain(name, way):
    """Mean gain over uniform sampling in the worst group, and its paired 95% interval"""
    return paired_interval(worst[name][way] - worst[name]["plain"])


print(f"\naccuracy on the worst group, mean of {SEEDS} seeds (mean over both groups)")
for name in CHANGES:
    means = {way: np.mean([r.mean for r in results[name][way]]) for way in WAYS}
    print(f"  {name}:", ", ".join(f"{way} {worst[name][way].mean():.3f} ({means[way]:.3f})"
                                  for way in WAYS))
print("\nthe first seed's last codes weighted with other α: the changed images' share of the "
      "stream (5% in the set)")
for name, ((_, _, rare), _, mu) in first.items():
    print(f"  {name}: " + ", ".join(f"α = {alpha}: {rarity(mu, alpha)[rare].sum():.0%}"
                                    for alpha in (1, 0.1, 0.01, 0.001)))

for name in CHANGES:
    gap = np.mean([r.groups[0].value - r.groups[1].value for r in results[name]["plain"]])
    claims.at_least(f"digits {name}: under uniform sampling they are classified less accurately "
                    "than the other digits, by", gap, 0.1)
    wins = int((worst[name]["oracle"] > worst[name]["plain"]).sum())
    value, interval = gain(name, "oracle")
    claims.every(f"digits {name}: sampling by the true group helps, gain in the worst group "
                 "(checks the set-up)", wins, SEEDS, shown=f"{value:+.3f}, {wins} of {SEEDS} seeds",
                 interval=interval)
    value, interval = gain(name, "debiasing")
    claims.interval_above(f"digits {name}: the debiasing VAE makes the classifier fairer, gain in "
                          "the worst group", value, interval, 0, shown=f"{value:+.3f}")
    value, interval = gain(name, "shuffled")
    claims.report(f"digits {name}: control, the same weights on other images", f"{value:+.3f}",
                  interval)
    share, effective = np.mean(streams[name], axis=0)
    claims.report(f"digits {name}: their share of the VAE's stream (5% of the set); effective "
                  "share of the images, (Σw)² / (n Σw²); both means over the epochs",
                  f"{share:.0%}; {effective:.2f}")


# %% The picture: the latent space, the images sampled most often, the accuracies
def draw_latent_space(axes, name):
    """The codes in the plane of their first two principal components."""
    (_, _, rare), _, mu = first[name]
    share, _ = np.mean(streams[name], axis=0)
    plane = mg.metrics.fit_pca(mu, 2).transform(mu)
    axes.scatter(*plane[~rare].T, s=6, color="0.7", label="unchanged")
    axes.scatter(*plane[rare].T, s=14, color=COLOURS["generated"], label=name)
    axes.set(xticks=[], yticks=[], xlabel="first principal component of mu", ylabel="second",
             title=f"Digits {name}, in the latent space:\n5% of the set, "
                   f"{share:.0%} of the VAE's stream")
    axes.legend(loc="best", markerscale=1.5)


def draw_most_frequent(axes, name):
    """The 48 images with the largest weights."""
    (x, _, rare), weights, _ = first[name]
    top = np.argsort(-weights)[:48]
    pictures.show(axes, x[top].reshape(-1, 28, 28), 8,
                  f"Sampled most often of all {N:,} (α = {arguments.alpha:g}):\n"
                  f"{rare[top].sum()} of these 48 are {name}")
    axes.spines[:].set_visible(True)


def draw_accuracies(axes, name):
    """The worst group's accuracy by the four ways, a line for each seed."""
    values = np.array([worst[name][way] for way in WAYS]) * 100
    least = 100 * min(v.min() for ways in worst.values() for v in ways.values()) - 3
    axes.plot(values, "o-", color="0.7", markersize=5, linewidth=1)
    axes.plot(values.mean(1), "D", color=COLOURS["D"], markersize=9, label=f"mean of {SEEDS} seeds")
    for i, value in enumerate(values.mean(1)):
        axes.annotate(f"{value:.0f}%", (i, value), xytext=(11, -4), textcoords="offset points",
                      color=COLOURS["D"], weight="bold")
    value, interval = gain(name, "debiasing")
    points = [f"{100 * v:+.0f}".replace("-", "−") for v in (value, *interval)]
    axes.set(xticks=range(4), xlim=(-0.3, 3.6), ylim=(least, 100),
             xticklabels=("plain", "debiasing\nVAE", "its weights\nshuffled",
                          "true group\n(oracle)"),
             ylabel="accuracy on the worst group, %",
             title="Worst group, a line for each seed: {} points\nby debiasing, interval {} to {}"
                   .format(*points))
    axes.legend(loc="lower right")


figure, rows = plt.subplots(2, 3, figsize=(15, 8.6), width_ratios=(1, 1.1, 1.25))
for (cloud, grid, axes), name in zip(rows, CHANGES):
    draw_latent_space(cloud, name)
    draw_most_frequent(grid, name)
    draw_accuracies(axes, name)
pictures.save(figure, arguments.out / "debiasing.png")

run.finish(arguments, claims, streams=streams,
           worst={name: {way: list(v) for way, v in ways.items()} for name, ways in worst.items()})
