"""The engine in a page: reverse-mode differentiation from nothing, beside minigen's own.

However large a network is, a computer evaluates it in small steps, and the derivative of each step
fits on one line. The chain rule joins the steps. Walking back from the loss L, it asks the same
question at every step y = f(x): given g = ∂L/∂y, what is ∂L/∂x? The answer has the shape of x. So
one walk finds ∂L/∂w for every weight w, for a small multiple of the price of L itself, and this is
why networks with millions of weights can be trained at all.

The first cell is the whole engine, 80 lines to read and to type in. The others train the 8-3-8
autoencoder and play one iteration of a GAN with it, beside minigen: each gradient has to agree to
1e-12. Then comes the real engine, the same page in earnest.
Read next: minigen/__init__.py.
    python demos/engine_in_a_page.py
"""

# %% The engine
import itertools

import numpy as np

births = itertools.count()


class Tensor:
    """An array that remembers how it was computed.

    value: the array.  memory: for each Tensor x that this one, y, was computed from, the pair
    (x, rule): given g = ∂L/∂y, rule(g) is ∂L/∂x.  Weights and data were not computed: no memory."""

    def __init__(self, value, *memory):
        self.value, self.memory = np.asarray(value, float), memory
        self.birth = next(births)           # so y is always younger than what it was computed from

    def __add__(a, b):
        return Tensor(a.value + b.value, (a, lambda g: g), (b, lambda g: g))

    def __mul__(a, b):
        return Tensor(a.value * b.value, (a, lambda g: g * b.value), (b, lambda g: g * a.value))

    def __matmul__(a, b):                   # (m, i) @ (i, o): the shapes allow only these products
        return Tensor(a.value @ b.value, (a, lambda g: g @ b.value.T), (b, lambda g: a.value.T @ g))

    def __neg__(a):
        return Tensor(-a.value, (a, lambda g: -g))

    def __sub__(a, b):                      # made of two others, so it needs no rule of its own
        return a + -b

    def transpose(a):
        return Tensor(a.value.T, (a, lambda g: g.T))

    def sum(a):                             # each element moves the sum by as much as itself
        return Tensor(a.value.sum(), (a, lambda g: np.full(a.value.shape, g)))

    def mean(a):
        return a.sum() * Tensor(1 / a.value.size)


def sigmoid(a):                             # σ′ = σ (1 − σ): the value is all that the rule needs
    y = 1 / (1 + np.exp(-a.value))
    return Tensor(y, (a, lambda g: g * y * (1 - y)))

def tanh(a):
    y = np.tanh(a.value)
    return Tensor(y, (a, lambda g: g * (1 - y ** 2)))

def leaky_relu(a, slope=0.2):
    slopes = np.where(a.value > 0, 1, slope)
    return Tensor(a.value * slopes, (a, lambda g: g * slopes))

def logsigmoid(a):                          # −log(1 + e⁻ᵃ); its slope is 1 − σ(a) = 1 / (1 + eᵃ)
    return Tensor(-np.logaddexp(0, -a.value), (a, lambda g: g / (1 + np.exp(a.value))))


def sum_to(g, shape):                       # sum over axes that broadcasting added or stretched
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)

def grad(loss, inputs):
    """∂loss/∂x for each x of `inputs`: the walk from the loss back to what it was made of."""
    gradients, waiting = {loss: np.ones(())}, {loss}                # ∂loss/∂loss = 1
    while waiting:
        # Order: the youngest first. Whatever used y is younger than y and has had its turn, so
        # gradients[y] is complete. In another order y might pass on a part, and later that again.
        y = max(waiting, key=lambda tensor: tensor.birth)
        waiting.remove(y)
        for x, rule in y.memory:
            # Shape: broadcasting used x many times, as x @ W + b adds b to each row of a batch,
            # and L changes through each of these uses: their gradients are summed.
            gx = sum_to(rule(gradients[y]), x.value.shape)
            # Sum: the same holds if x was used in several places: old + new.
            gradients[x] = gradients[x] + gx if x in gradients else gx
            waiting.add(x)
    return [gradients[x] for x in inputs]


# %% That was the engine. From here on minigen stands beside it, both in double precision
import timeit
from types import SimpleNamespace

from shared import pictures, run
from shared.claims import Claims
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, Sequential, Sigmoid, Tanh
from minigen.layers.initialisers import uniform

arguments = run.arguments(__doc__, steps=5000)
mg.set_default_dtype("float64")


def differences(page, minigens):
    """The largest difference in each gradient, relative to the largest element of them all."""
    minigens = [mg.to_numpy(g) for g in minigens]
    largest = np.max([abs(g).max() for g in minigens])
    return [abs(ours - theirs).max() / largest if np.shape(ours) == theirs.shape else np.inf
            for ours, theirs in zip(page, minigens)]


# %% Each operation alone, and the three ideas of the walk
OPERATIONS = {                                  # name: f(functions, *inputs), the inputs' shapes
    "a + b": (lambda F, a, b: a + b, (4, 3), (4, 3)),
    "a − b": (lambda F, a, b: a - b, (4, 3), (4, 3)),
    "a · b": (lambda F, a, b: a * b, (4, 3), (4, 3)),
    "a @ b": (lambda F, a, b: a @ b, (4, 3), (3, 2)),
    "transpose": (lambda F, a: a.transpose(), (4, 3)),
    "sum": (lambda F, a: a.sum(), (4, 3)),
    "mean": (lambda F, a: a.mean(), (4, 3)),
    "sigmoid": (lambda F, a: F.sigmoid(a), (4, 3)),
    "tanh": (lambda F, a: F.tanh(a), (4, 3)),
    "leaky ReLU": (lambda F, a: F.leaky_relu(a, 0.2), (4, 3)),
    "log sigmoid": (lambda F, a: F.logsigmoid(a), (4, 3)),
    "order: (b + b) · b, b = −a": (lambda F, a: ((b := -a) + b) * b, (4, 3)),
    "shape: row + column": (lambda F, a, b: a + b, (3,), (4, 1)),
    "sum: a · a": (lambda F, a: a * a, (4, 3))}
page = SimpleNamespace(sigmoid=sigmoid, tanh=tanh, leaky_relu=leaky_relu, logsigmoid=logsigmoid)


def compare(f, *shapes):
    """The largest difference between both engines' gradients of Σ f · c, all numbers random."""
    arrays = [mg.to_numpy(mg.randn(*shape)) for shape in shapes]
    ours = [Tensor(array) for array in arrays]
    theirs = [mg.tensor(array, requires_grad=True) for array in arrays]
    y, y_minigen = f(page, *ours), f(F, *theirs)
    c = mg.randn(*y_minigen.shape)
    return np.max(differences(grad((y * Tensor(mg.to_numpy(c))).sum(), ours),
                           mg.grad(y_minigen, theirs, grad_outputs=c)))


alone = {name: compare(*operation) for name, operation in OPERATIONS.items()}


# %% 8-3-8: eight patterns through three hidden units, by plain gradient descent
def dense(x, W, b):
    return x @ W.transpose() + b                # x (m, inputs)   W (outputs, inputs)   b (outputs,)

def descend(weights, gradients, rate):
    return [Tensor(w.value - rate * g) for w, g in zip(weights, gradients)]


def autoencoder(weights):
    """The codes of the patterns x, what they are decoded to, and half the squared error."""
    W1, b1, W2, b2 = weights
    codes = sigmoid(dense(x, W1, b1))
    decoded = sigmoid(dense(codes, W2, b2))
    e = decoded - x
    return codes, decoded, Tensor(0.5) * (e * e).sum()

def minigens_loss():
    return 0.5 * F.mse_loss(network(patterns), patterns, reduction="sum")


init = uniform(0.1)
network = Sequential(Dense(8, 3, init=init), Sigmoid(), Dense(3, 8, init=init), Sigmoid())
parameters = network.parameters()
start = [mg.to_numpy(p) for p in parameters]
x, weights, path, apart = Tensor(np.eye(8)), [Tensor(w) for w in start], [], []
patterns = mg.backend.asarray(np.eye(8))
for _ in range(arguments.steps):
    codes, _, loss = autoencoder(weights)
    gradients = grad(loss, weights)
    for p, w in zip(parameters, weights):                           # minigen, at the same weights
        p.data = mg.backend.asarray(w.value)
    apart.append(differences(gradients, mg.grad(minigens_loss(), parameters)))
    path.append(codes.value)
    weights = descend(weights, gradients, rate=0.3)
codes, decoded, _ = autoencoder(weights)
path = np.array([*path, codes.value])                               # (steps + 1, 8, 3)

for p, w in zip(parameters, start):                                 # and minigen on its own
    p.data = mg.backend.asarray(w)
optimizer = mg.optim.SGD(parameters, lr=0.3)
for _ in range(arguments.steps):
    optimizer.step(mg.grad(minigens_loss(), parameters))
codes_minigen = F.sigmoid(network[0](patterns)).numpy()


# %% One iteration of a GAN: Algorithm 1 of Goodfellow et al. 2014, with k = 1
def G(z, W1, b1, W2, b2):                       # noise (m, 2) -> points of the plane (m, 2)
    return dense(tanh(dense(z, W1, b1)), W2, b2)

def D(x, W1, b1, W2, b2):                       # points (m, 2) -> logits (m, 1); σ(logit) = D(x)
    return dense(leaky_relu(dense(x, W1, b1)), W2, b2)


minigens_G = Sequential(Dense(2, 16), Tanh(), Dense(16, 2))
minigens_D = Sequential(Dense(2, 16), LeakyReLU(0.2), Dense(16, 1))
θg = [Tensor(mg.to_numpy(p)) for p in minigens_G.parameters()]      # both engines start alike
θd = [Tensor(mg.to_numpy(p)) for p in minigens_D.parameters()]
m, rate = 64, 0.1
real, z1, z2 = mg.data.ring().sample(m), mg.to_numpy(mg.randn(m, 2)), mg.to_numpy(mg.randn(m, 2))

# Phase 1: D ascends V. Its fake examples are the values of G's samples in a new Tensor, which has
# no memory: the walk ends there, and for D they are data like the real ones.
fake = Tensor(G(Tensor(z1), *θg).value)
V = logsigmoid(D(Tensor(real), *θd)).mean() + logsigmoid(-D(fake, *θd)).mean()
gradients_D = grad(V, θd)
θd = descend(θd, gradients_D, -rate)                                # ascend

# Phase 2: G descends the second half of V. The samples keep their memory now: the walk goes back
# through D, whose weights stay as they are, and on into G. ∂V/∂G(z) is all that D tells G.
fake = G(Tensor(z2), *θg)
V = logsigmoid(-D(fake, *θd)).mean()
gradient_fake, *gradients_G = grad(V, [fake, *θg])

optimizers = [mg.optim.SGD(player.parameters(), rate) for player in (minigens_G, minigens_D)]
trainer = mg.trainers.GANTrainer(minigens_G, minigens_D, *optimizers)
phase_1 = trainer.update_discriminator(real, noise=z1)
phase_2 = trainer.update_generator(m, noise=z2)

# %% All the gradients, by name
names = "W₁", "b₁", "W₂", "b₂"
learning = dict(zip([f"8-3-8: {name}" for name in names], np.max(apart, axis=0)))
first = dict(zip([f"phase 1: D's {name}" for name in names],
                 differences(gradients_D, phase_1.gradients.values())))
second = dict(zip(["phase 2: G(z)", *(f"phase 2: G's {name}" for name in names)],
                  differences([gradient_fake, *gradients_G],
                              [phase_2.sample_gradient, *phase_2.gradients.values()])))
print("\nEach gradient's difference from minigen's, relative to the largest element", *(
    f"{name:26} {gap:.1e}" for name, gap in (alone | learning | first | second).items()), sep="\n")
print("""\nThe real engine is the same page, plus
  second order    rules are recorded too: differentiate a gradient again     minigen/autograd.py
  versions        a weight changed between its use and the walk: an error    minigen/autograd.py
  freeing         backward() frees the tape; gradients never share memory    minigen/memory.py
  constants       frozen(D), no_grad(): rules nobody asked for do not run    minigen/modes.py
  two libraries   the same code on NumPy and, on a GPU, CuPy                 minigen/backend.py
  speed           fused operations, fast forms of array functions            minigen/functional/""")

# %% What the page claims, and what this run measured
claims = Claims()
for claim, gaps in (("each operation alone: gradient as minigen's (relative difference)", alone),
                    (f"... 8-3-8: all gradients of {arguments.steps:,} steps", learning),
                    ("... GAN, phase 1: D's gradients, G's samples being constant", first),
                    ("... GAN, phase 2: G's gradients, back through the new D", second)):
    worst = float(np.max([*gaps.values()]))
    claims.at_most(claim, worst, 1e-12)
right = int(((decoded.value > 0.5) == np.eye(8)).all(1).sum())
claims.every("8-3-8 by the page: patterns given back", right, of=8)
claims.report("... different codes, rounded", f"{len({*map(tuple, codes.value > 0.5)})} of 8")
claims.report("... minigen's weights after a descent of its own (relative difference)",
           max(differences([w.value for w in weights], parameters)))
claims.report("... microseconds for loss and gradients, page and minigen", " and ".join(
    f"{1e5 * min(timeit.repeat(step, number=10, repeat=30)):.0f}"
    for step in (lambda: grad(autoencoder(weights)[-1], weights),
                 lambda: mg.grad(minigens_loss(), parameters))))

# %% The picture: what the page learned, and how far the two engines are apart
figure, (cube, axes) = plt.subplots(1, 2, figsize=(13, 5.6), width_ratios=(1.2, 1))
plane = np.array([[1, 0], [0, 1], [0.42, 0.3]])             # the third axis goes up and right
corners = np.array([*itertools.product((0, 1), repeat=3)])
for a, b in itertools.combinations(corners, 2):
    if abs(a - b).sum() == 1:
        cube.plot(*np.transpose([a, b] @ plane), color="0.8", linewidth=1)
for corner in corners:
    cube.text(*(corner @ plane + [0.07, -0.07]), "{}{}{}".format(*corner), color="0.45")
for pattern, colour in enumerate(plt.colormaps["turbo"](np.linspace(0.05, 0.95, 8))):
    place = codes.value[pattern] @ plane
    cube.plot(*(path[:, pattern] @ plane).T, color=colour, linewidth=1.4)
    cube.plot(*place, "o", color=colour, markersize=15)
    cube.plot(*codes_minigen[pattern] @ plane, "o", color=colour, markersize=21, fillstyle="none")
    cube.annotate(pattern + 1, place, ha="center", va="center", color="white", weight="bold")
cube.set(aspect="equal", title="8-3-8: from the middle of the cube of codes towards its corners\n"
                               f"(discs: the page after {arguments.steps:,} steps, rings: minigen)")
cube.axis("off")

shown = learning | first | second
logs, rows = np.log10(np.maximum([*shown.values()], 1e-18)), np.arange(len(shown))
axes.hlines(rows, -18, logs, color="0.85", linewidth=1)
axes.plot(logs, rows, "o", color=COLOURS["gradient"], clip_on=False)
for place, what in ((np.log10(2.0 ** -52), " one rounding"), (-12, " mark")):
    axes.axvline(place, color="0.5", linewidth=1, linestyle=":")
    axes.text(place, -1, what, va="center", color="0.35")
axes.set(xlim=(-18, -11), ylim=(len(rows) - 0.5, -1.5), xlabel="relative difference",
         title="Every gradient, page against minigen\n(8-3-8: the worst of all steps)")
axes.set_xticks([-18, -16, -14, -12], ["0", "10⁻¹⁶", "10⁻¹⁴", "10⁻¹²"])
axes.set_yticks(rows, shown)
pictures.save(figure, arguments.out / "page.png")

run.finish(arguments, claims)
