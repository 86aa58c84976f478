"""The autoencoder on MNIST: 784 pixels through a bottleneck of 2, 5, 10 or 32 numbers, beside the
best linear map.

The encoder 784-256-64-k and the decoder k-64-256-784 (ReLU; sigmoid pixels) learn to give the image
back; no label is used. The opponent is PCA, the best linear autoencoder (Baldi & Hornik 1989): a
closed form without a seed. Read next: vae_mnist.py, where the code becomes a distribution.

    python demos/autoencoder_mnist.py                 one seed, 10,000 images
    python demos/autoencoder_mnist.py --seeds 3       the same from three starts
    python demos/autoencoder_mnist.py --full          three starts on all 60,000 images
"""

# %% What the lecture shows, and what this run asks
import zlib
from dataclasses import replace
from functools import partial

import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import in_batches, parameters_of
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen.layers import Dense, ReLU, Sequential, Sigmoid
from minigen.layers.initialisers import he
from minigen.metrics import fit_pca, mse, nearest_neighbour_accuracy, principal_angles

FLAG = {"type": run.positive, "help": "starts of each size (default 1; 3 with --full)"}
arguments = run.arguments(__doc__, steps=950, full=4690, data=True, options={"--seeds": FLAG})
SEEDS = arguments.seeds or (3 if arguments.full else 1)
SIZES = (2, 5, 10, 32)                                      # numbers in the code
KEPT = 1_000 if arguments.quick else 60_000 if arguments.data == "full" else 10_000
images, labels = (a[:KEPT] for a in run.digits(arguments))
test, test_labels = (a[:KEPT] for a in run.digits(arguments, "test"))
images, test = images.reshape(-1, 784), test.reshape(-1, 784)
EPOCHS = arguments.steps * 128 / len(images)


# %% The networks: the target is the input, the bottleneck is what makes it learn anything
def autoencoder(k):
    """Train one with a code of k numbers; (encoder, decoder)"""
    encoder = Sequential(Dense(784, 256, init=he), ReLU(), Dense(256, 64, init=he), ReLU(),
                         Dense(64, k))
    decoder = Sequential(Dense(k, 64, init=he), ReLU(), Dense(64, 256, init=he), ReLU(),
                         Dense(256, 784), Sigmoid())
    # of 1e-3 to 1e-2 the best on 2,000 training images held out
    rate = mg.optim.cosine_decay(5e-3, arguments.steps)
    optimizer = mg.optim.Adam(parameters_of(encoder, decoder), lr=rate)
    # descends the mean squared error per pixel
    trainer = mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)
    trainer.fit(images, arguments.steps, batch_size=128)
    return encoder, decoder


# %% The opponent: PCA, fitted to the same images
pca = fit_pca(images, 64)
linear = {k: replace(pca, components=pca.components[:, :k]) for k in (*SIZES, 64)}
# squared error that each component takes away
saved = np.square(pca.transform(test)).mean(0)
# of 0, 1, ... 64 numbers
linear_error = (np.square(test - pca.mean).sum(1).mean() - np.append(0, saved.cumsum())) / 784
# the fair opponent of a sigmoid
clipped_error = {k: mse(test, linear[k].reconstruct(test).clip(0, 1)) for k in SIZES}

# %% Training, and the first claim: fewer errors than the linear code of the same size
claims = Claims()
trained, errors, kept = {}, {k: [] for k in SIZES}, {}
for k in SIZES:
    for start in range(SEEDS):
        mg.seed(arguments.seed + start)
        encoder, decoder = autoencoder(k)
        codes = in_batches(encoder, test)
        errors[k].append(mse(test, in_batches(decoder, codes)))
        if start == 0:
            trained[k] = encoder, decoder, codes
            kept[k] = mse(images, in_batches(decoder, in_batches(encoder, images)))
    goal = min(linear_error[k], clipped_error[k])
    claims.below(f"test error (MSE per pixel), {k} numbers; PCA {linear_error[k]:.4f}, clipped to "
                 f"[0, 1] {clipped_error[k]:.4f}", errors[k], goal, digits=4,
                 when=k < 32,                               # at 32 it takes long training to win
                 shown=", ".join(f"{error:.4f}" for error in errors[k]))

# %% A linear autoencoder finds the subspace of PCA, not its vectors
centred = images - images.mean(0)
LINEAR_STEPS = 40 if arguments.quick else 30 * 79
for k in (2, 5, 10) if arguments.full else (2, 5):
    mg.seed(arguments.seed)
    encoder, decoder = Dense(784, k, bias=False), Dense(k, 784, bias=False)
    rate = mg.optim.cosine_decay(5e-3, LINEAR_STEPS)
    optimizer = mg.optim.Adam(parameters_of(encoder, decoder), lr=rate)
    mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer).fit(centred, LINEAR_STEPS,
                                                                    batch_size=128)
    columns, principal = mg.to_numpy(decoder.weight), pca.components[:, :k]
    optimum = pca.eigenvalues[k:].sum() / 784
    excess = mse(centred, in_batches(decoder, in_batches(encoder, centred))) / optimum - 1
    angle = np.degrees(principal_angles(columns, principal)[0])
    claims.between(                                         # below 0 by rounding only
        f"linear autoencoder, {k} numbers: its error is above PCA's, the least possible, by",
        100 * excess, -0.01, 0.5, unit="%", shown=f"{100 * excess:.2f}%")
    claims.at_most(f"... largest angle between its decoder's span and the {k} leading "
                   "eigenvectors', degrees", float(angle), 3 if k == 10 else 2)
    if k > 2:                                               # in a plane chance brings them near
        alike = np.abs((columns / np.linalg.norm(columns, axis=0)).T @ principal).max(1)
        claims.report(f"... cosine of each of its {k} vectors with the nearest eigenvector",
                      ", ".join(f"{a:.2f}" for a in alike))

# %% Does the code keep what matters? The label of the nearest training image
def nearest(encode):
    return nearest_neighbour_accuracy(encode(images), labels, encode(test), test_labels)


raw = nearest(lambda x: x)
found = {k: nearest(partial(in_batches, trained[k][0])) for k in SIZES}
found_linear = {k: nearest(linear[k].transform) for k in SIZES}
claims.at_least(f"label of the nearest training image, by a code of 2 numbers; by PCA with 2 "
                f"{found_linear[2]:.3f}", found[2], found_linear[2] + 0.1, digits=3)
claims.above(f"... of 10 numbers; by PCA with 10 {found_linear[10]:.3f}", found[10],
             found_linear[10], digits=3)
best = max(SIZES, key=found.get)
claims.above(
    "the code is a better place to compare images than the pixels (the best code of the four)",
    found[best], raw, digits=3)
claims.report("... PCA with 32 numbers, without a network", found_linear[32])

# %% Compression: bytes for an image, and for the decoder that everybody must have


def eight_bits(codes, known):
    """The codes (n, k) when each number is one byte: 256 steps over the range of the known codes
    (those of training)"""
    low, high = known.min(0), known.max(0)
    levels = np.round((codes - low) / (high - low) * 255).clip(0, 255)
    return (low + levels / 255 * (high - low)).astype(np.float32)


pca_codes = eight_bits(pca.transform(test), pca.transform(images))
pca_error = [mse(test, pca.mean + pca_codes[:, :n] @ pca.components[:, :n].T) for n in range(1, 65)]
bytes_error = {}
for k in SIZES:
    encoder, decoder, codes = trained[k]
    bytes_error[k] = mse(test, in_batches(decoder, eight_bits(codes, in_batches(encoder, images))))
for k in (2, 5, 10):
    equal = next((n for n, error in enumerate(pca_error, 1) if error <= bytes_error[k]),
                 f"more than {len(pca_error)}")
    claims.report(f"{k} bytes for an image of 784, one for each number: test error; bytes that PCA "
                  "needs to be as good", f"{bytes_error[k]:.4f}; {equal}")
lossless = len(zlib.compress((test * 255).round().astype(np.uint8).tobytes(), 9)) / len(test)
claims.report("... lossless compression (zlib), bytes for an image", lossless)
weights = 4 * sum(p.size for p in trained[5][1].parameters())
claims.report(
    f"... the decoder's weights, shared by {len(images):,} training images: bytes for each",
    weights / len(images))

# %% Picture 1, the slide: truth, five numbers, two numbers
chosen = [int(np.flatnonzero(test_labels == digit)[0]) for digit in range(10)]
rows = [test[chosen]] + [in_batches(trained[k][1], trained[k][2][chosen]) for k in (5, 2)]
figure, axes = plt.subplots(figsize=(11, 3.7))
pictures.show(axes, np.reshape(rows, (-1, 28, 28)), 10,
              "Test digits through a code of five numbers, and of two")
axes.set_yticks(16 + 30 * np.arange(3), ("ground truth", "5-D code", "2-D code"))
axes.tick_params(length=0, labelsize=14)
pictures.save(figure, arguments.out / "reconstructions.png")

# %% Picture 2: the code of two numbers, beside PCA's
figure, panels = plt.subplots(1, 2, figsize=(13, 6.2))
titles = (f"PCA, 2 numbers: nearest neighbour {100 * found_linear[2]:.0f}% right",
          f"Autoencoder, 2 numbers: {100 * found[2]:.0f}%")
for axes, points, title in zip(panels, (linear[2].transform(test), trained[2][2]), titles):
    for digit in range(10):
        axes.scatter(*points[test_labels == digit].T, s=10, color=plt.cm.tab10(digit), label=digit)
        place = np.median(points[test_labels == digit], axis=0)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7,
               "boxstyle": "circle,pad=0.15"}
        axes.text(*place, digit, fontsize=15, weight="bold", ha="center", va="center", bbox=box)
    axes.set(xlabel="first number", ylabel="second number", title=title)
panels[1].legend(title="digit", markerscale=2.5, loc="upper left", bbox_to_anchor=(1, 1))
pictures.save(figure, arguments.out / "codes.png")

# %% Picture 3: error and nearest neighbours, by the size of the code
figure, (error, accuracy) = plt.subplots(1, 2, figsize=(12, 4.6))
error.plot(range(1, 65), linear_error[1:], color=COLOURS["quiet"], label="PCA, test images")
error.plot(SIZES, [clipped_error[k] for k in SIZES], "x", color=COLOURS["quiet"],
           label="PCA clipped to [0, 1]")
error.plot(SIZES, [np.mean(errors[k]) for k in SIZES], "o-", color=COLOURS["D"],
           label="autoencoder, test images")
error.plot(SIZES, [kept[k] for k in SIZES], "o--", color=COLOURS["D"], markerfacecolor="white",
           label="autoencoder, training images")
error.set(xscale="log", xticks=(1, 2, 5, 10, 32, 64), xlabel="numbers in the code",
          ylabel="MSE per pixel", ylim=(0, None),
          title=f"The same error with fewer numbers ({EPOCHS:.0f} epochs)")
accuracy.axhline(100 * raw, color=COLOURS["real"], linestyle="--", label="784 pixels")
accuracy.plot(SIZES, [100 * found_linear[k] for k in SIZES], "o-", color=COLOURS["quiet"],
              label="PCA")
accuracy.plot(SIZES, [100 * found[k] for k in SIZES], "o-", color=COLOURS["D"], label="autoencoder")
accuracy.set(xscale="log", xticks=SIZES, xlabel="numbers in the code",
             ylabel="nearest neighbour's label right, %", ylim=(0, 100),
             title=f"The best code {100 * found[best]:.1f}%, the pixels {100 * raw:.1f}%")
for axes in (error, accuracy):
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.minorticks_off()
    axes.legend()
pictures.save(figure, arguments.out / "errors.png")

run.finish(arguments, claims, epochs=EPOCHS, errors=errors,
           pca={k: float(linear_error[k]) for k in SIZES}, pca_clipped=clipped_error,
           nearest=found, nearest_pca=found_linear,
           nearest_pixels=raw, errors_8_bits=bytes_error, pca_errors_8_bits=pca_error)
