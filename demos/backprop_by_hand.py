"""Backpropagation by hand: every gradient beside its derivation and its measurement.

First one neuron, then two layers. The chain rule is applied from the loss backwards: what arrives
at a node, g = ∂L/∂node, is multiplied by the derivative of the node with respect to each input. The
graphs show the value (black) and the gradient (magenta) of every node, and tape.png the second one
as inspect.draw_graph shows any tape: which operations it holds, and where gradients go. Last come
the places where home-made engines go wrong: a node used twice, the order of the walk, broadcasting,
and second derivatives.

    python demos/backprop_by_hand.py
"""

# %% Double precision, because central differences lose half of the digits
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen import functional as F
from minigen import inspect
from minigen.gradcheck import numerical_gradient

arguments = run.arguments(__doc__, steps=2000)
mg.set_default_dtype("float64")
claims = Claims()


def leaf(name, value):
    return mg.tensor(value, requires_grad=True, name=name)


def named(formula, node):
    """The same node, with its formula as its name for the drawing."""
    node.name = formula
    return node


# %% Drawing a tape: from the loss along `creator` back to the leaves
def layout(loss):
    """Where each node behind a loss is drawn, and which nodes use it.

    The leaves stand below each other, and the loss is on the right."""
    column, row, users = {}, {}, {}

    def visit(node):
        given = node.creator.inputs if node.creator else ()
        inputs = [x for x in given if isinstance(x, mg.Tensor)]
        for x in inputs:
            if x not in row:
                visit(x)
            users.setdefault(x, []).append(node)
        column[node] = 1 + max((column[x] for x in inputs), default=-1)
        leaves = sum(x.creator is None for x in row)                # so far
        row[node] = np.mean([row[x] for x in inputs]) if inputs else leaves

    visit(loss)
    for x in row:
        if x.creator is None:                                       # just before its first user
            column[x] = min(column[y] for y in users[x]) - 1
    return {x: np.array([column[x], -row[x]]) for x in row}, users


def draw(axes, loss, title):
    """Each node of the tape, its name and value above a line and its gradient below; and an arrow
    for each use."""
    places, users = layout(loss)
    for (x, place), gradient in zip(places.items(), mg.grad(loss, list(places))):
        axes.plot(*place, "_", color="0.3", markersize=36)
        below = (written(gradient), -1, COLOURS["gradient"])
        for text, sign, colour in ((f"{x.name}\n{written(x)}", 1, "black"), below):
            axes.annotate(text, place, xytext=(0, 4 * sign), textcoords="offset points",
                          ha="center", va="bottom" if sign > 0 else "top",
                          fontsize=13, linespacing=1.15, color=colour)
        for k, y in enumerate(users.get(x, ())):
            bend = 0.0 if users[x].count(y) == 1 else (-0.35, 0.35)[k]
            axes.annotate("", places[y] - (0.3, 0), place + (0.3, 0), zorder=0, arrowprops={
                "arrowstyle": "->", "color": "0.6", "connectionstyle": f"arc3,rad={bend}",
                "shrinkA": 0, "shrinkB": 0})
    corners = np.array([*places.values()])
    (left, bottom), (right, top) = corners.min(0), corners.max(0)
    axes.set(xlim=(left - 0.5, right + 0.5), ylim=(bottom - 0.7, top + 0.7), title=title)
    axes.axis("off")


def written(tensor):
    """A small array as text, a row on each line, in columns."""
    rows = [[f"{v:.2f}".replace("-", "−") for v in row] for row in np.atleast_2d(tensor.numpy())]
    width = max(len(v) for row in rows for v in row)
    space = "\u2007"                                                # as wide as a digit
    return "\n".join(" ".join(v.rjust(width, space) for v in row) for row in rows)


# %% Three answers for each number: derived, from the tape, measured
def three_answers(loss, parameters, derived):
    """Rows (gradient, derivation, by hand, minigen, measured), and how far minigen's gradients are
    from those by hand and from the measured ones at most.

    loss: a function that builds the graph anew; derived: for each parameter the formula of its
    gradient, and the gradient by hand."""
    rows = []
    for parameter, ours, (formula, hand) in zip(parameters, mg.grad(loss(), parameters), derived):
        measured = numerical_gradient(loss, parameter)
        for place in np.ndindex(parameter.shape):
            index = f"[{', '.join(str(i) for i in place)}]" if place else ""
            rows.append((f"∂L/∂{parameter.name}{index}", formula,
                         np.asarray(hand)[place], ours.numpy()[place], measured[place]))
    head = f"{'gradient':13} {'derivation':27}"
    print(f"\n{head} {'by hand':>12} {'minigen':>12} {'measured':>12}")
    for label, formula, *numbers in rows:
        print(f"{label:13} {formula:27} " + " ".join(f"{v:12.9f}" for v in numbers))
    by_hand, ours, measured = np.array([numbers for _, _, *numbers in rows]).T
    return rows, abs(ours - by_hand).max(), abs(ours - measured).max()


def tabulate(axes, rows):
    head = ("gradient", "derivation", "by hand", "minigen", "central difference")
    texts = [(label, formula, *(f"{v:.8f}".replace("-", "−") for v in numbers))
             for label, formula, *numbers in rows]
    for i, row in enumerate([head, *texts]):
        for x, side, text in zip((0, 0.14, 0.62, 0.8, 1), ["left"] * 2 + ["right"] * 3, row):
            axes.text(x, -i, text, ha=side, va="center", weight="normal" if i else "bold")
        axes.axhline(-i - 0.5, color="0.85", linewidth=1)
    axes.set(ylim=(-len(rows) - 0.6, 0.6))
    axes.axis("off")


# %% 1. One neuron
x1, x2 = leaf("x₁", 1.0), leaf("x₂", -2.0)
w1, w2, b = leaf("w₁", 0.5), leaf("w₂", 0.25), leaf("b", 0.3)
t = 1.0


def neuron():
    """L = ½(y − t)²,  y = σ(a),  a = w₁x₁ + w₂x₂ + b"""
    p1, p2 = named("p₁ = w₁x₁", w1 * x1), named("p₂ = w₂x₂", w2 * x2)
    a = named("a = p + b", named("p = p₁ + p₂", p1 + p2) + b)
    e = named("e = y − t", named("y = σ(a)", F.sigmoid(a)) - t)
    return named("L = ½e²", 0.5 * named("e²", F.square(e)))


y = 1 / (1 + np.exp(-(0.5 * 1.0 + 0.25 * -2.0 + 0.3)))
delta = (y - t) * y * (1 - y)                   # δ = ∂L/∂a = (y − t) σ′(a), and σ′ = σ (1 − σ)
derived = [("δ x₁", delta * 1.0), ("δ w₁", delta * 0.5), ("δ x₂", delta * -2.0),
           ("δ w₂", delta * 0.25), ("δ = (y − t) y (1 − y)", delta)]
rows, from_hand, from_measured = three_answers(neuron, [w1, x1, w2, x2, b], derived)
claims.at_most("one neuron: backpropagation gives what the chain rule gives by hand "
               "(largest difference)", from_hand, 1e-12)
claims.at_most("... and what moving each input a little gives (central differences)",
               from_measured, 1e-6)

figure, (graph, table) = plt.subplots(2, 1, figsize=(12, 7.2), height_ratios=(2, 1))
draw(graph, neuron(),
     "One neuron, t = 1: values (black) go right, gradients ∂L/∂node (magenta) come back")
tabulate(table, rows)
pictures.save(figure, arguments.out / "neuron.png")

# %% 2. Two layers, and the four examples of XOR
X, T = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
W1, b1 = leaf("W₁", [[2.0, -1.0], [-1.0, 2.0]]), leaf("b₁", [0.5, -1.0])
W2, b2 = leaf("W₂", [[1.0, 2.0]]), leaf("b₂", [-1.0])
parameters = [W1, b1, W2, b2]
X_device, T_device = mg.backend.asarray(X), mg.backend.asarray(T)


def network():
    """L = ½ Σ (y − t)²,  y = σ(h W₂ᵀ + b₂),  h = σ(x W₁ᵀ + b₁)"""
    h = named("h = σ(a₁)", F.sigmoid(named("a₁ = x W₁ᵀ + b₁", F.linear(X_device, W1, b1))))
    y = named("y = σ(a₂)", F.sigmoid(named("a₂ = h W₂ᵀ + b₂", F.linear(h, W2, b2))))
    return named("L = ½ S", 0.5 * named("S = Σ (y − t)²", F.mse_loss(y, T_device, reduction="sum")))


def by_hand(W1, b1, W2, b2):
    """The two layers in NumPy: forwards, then δ backwards (Rumelhart, Hinton & Williams 1986)."""
    h = 1 / (1 + np.exp(-(X @ W1.T + b1)))
    y = 1 / (1 + np.exp(-(h @ W2.T + b2)))
    delta2 = (y - T) * y * (1 - y)                  # δ₂ = ∂L/∂a₂ = (y − t) σ′(a₂)     (4, 1)
    delta1 = (delta2 @ W2) * h * (1 - h)            # δ₁ = ∂L/∂a₁ = δ₂ W₂ · σ′(a₁)     (4, 2)
    return delta1.T @ X, delta1.sum(0), delta2.T @ h, delta2.sum(0)


weights = [p.numpy().copy() for p in parameters]
formulas = ("δ₁ᵀ x, δ₁ = δ₂ W₂ · h (1−h)", "Σ δ₁ over examples",
            "δ₂ᵀ h, δ₂ = (y−t) y (1−y)", "Σ δ₂ over examples")
derived = [*zip(formulas, by_hand(*weights))]
rows, from_hand, from_measured = three_answers(network, parameters, derived)
claims.at_most("two layers: backpropagation gives what the chain rule gives by hand "
               "(largest difference)", from_hand, 1e-12)
claims.at_most("... and central differences", from_measured, 1e-6)

figure, (graph, table) = plt.subplots(2, 1, figsize=(12.5, 9), height_ratios=(1.45, 1))
draw(graph, network(), "Two layers; x = 00, 01, 10, 11, t = 0, 1, 1, 0: "
     "a gradient has the shape of its node, that of a bias is a sum over the rows")
tabulate(table, rows)
pictures.save(figure, arguments.out / "network.png")
tape = inspect.draw_graph(network(), gradients=True, x=X_device, t=T_device)
pictures.save(tape, arguments.out / "tape.png")                 # the same, as the engine holds it

optimizer = mg.optim.SGD(parameters, lr=1.0)
first = network().item()
for _ in range(arguments.steps):                                # and the two descend side by side
    optimizer.step(mg.grad(network(), parameters))
    weights = [w - 1.0 * g for w, g in zip(weights, by_hand(*weights))]
apart = max(abs(p.numpy() - w).max() for p, w in zip(parameters, weights))
claims.report("the two descend alike: "
              f"largest difference of a weight after {arguments.steps:,} steps", apart)
claims.report("... and learn XOR: the loss then", f"{first:.3f} → {network().item():.4f}")

# %% 3. The traps
a = leaf("a", 3.0)


def twice():
    b = named("b = a + a", a + a)
    return named("c = b · b", b * b)


def follow_every_arrow(node, g, gradients):
    """The mistake: to run the rules of a node each time something arrives, instead of only once,
    when everything has arrived."""
    gradients[node] = gradients.get(node, 0.0) + g
    if node.creator:
        for x, rule in zip(node.creator.inputs, node.creator.operation.rules):
            follow_every_arrow(x, rule(gradients[node], node.data, *node.creator.arrays), gradients)
    return gradients


right, naive = mg.grad(twice(), a)[0].item(), float(follow_every_arrow(twice(), 1.0, {})[a])
claims.equal("a node used twice, c = (a + a)²: ∂c/∂a = 8a, the uses summed", right, 24)
claims.holds("... but following every arrow, not the topological order, counts some of it twice",
             naive, "not 24", naive != 24)

m, bias = leaf("x", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), leaf("b", [0.5, 1.0])


def stretched():
    return named("L = Σ", F.sum(named("square", F.square(named("x + b", m + bias)))))


wanted = 2 * (m.numpy() + bias.numpy()).sum(0)
gap = abs(mg.grad(stretched(), bias)[0].numpy() - wanted).max()
claims.at_most("broadcasting, L = Σ (x + b)²: ∂L/∂b = Σ 2 (x + b) over the stretched axis",
               gap, 1e-12)

grid = leaf("a", np.linspace(-6, 6, 121))
curves = [F.sigmoid(grid)]
for _ in range(3):                          # a recorded gradient can itself be differentiated
    curves.append(mg.grad(F.sum(curves[-1]), grid, create_graph=True)[0])
s = 1 / (1 + np.exp(-grid.numpy()))
closed = [s, s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s + 6 * s ** 2)]
gap = max(abs(ours.numpy() - truth).max() for ours, truth in zip(curves, closed))
claims.at_most("a derivative of a derivative (of a derivative): σ′, σ″, σ‴ from the tape",
               gap, 1e-12)

figure, panels = plt.subplots(1, 3, figsize=(16, 4.4), width_ratios=(0.9, 1.5, 1.1))
shared, broadcast, second = panels
draw(shared, twice(), f"Used twice: 8a = {right:.0f}\n(following every arrow: {naive:.0f})")
draw(broadcast, stretched(), "Stretched by broadcasting:\na sum over the copies")
for k, (ours, truth) in enumerate(zip(curves, closed)):
    second.plot(grid.numpy(), truth, color=f"C{k}", alpha=0.5)
    second.plot(grid.numpy()[::6], ours.numpy()[::6], "o", color=f"C{k}", markersize=4,
                label="σ" + "′" * k)
second.set(xlabel="a", title="Differentiated again:\ntape (dots), closed form (lines)")
second.legend(loc="upper left")
pictures.save(figure, arguments.out / "traps.png")

run.finish(arguments, claims)
