"""f-GAN: which divergence a GAN makes small is a choice.

f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization, Nowozin et al.
2016, arXiv 1606.00709.

    min over G, max over V of   F(V, G) = E g(V(x)) − E f*(g(V(G(z))))      F <= D_f(p ‖ q)

Every divergence D_f(p ‖ q) = E_q f(p/q) with a convex f is the largest such F there is, and T =
g(V) reaches it where T = f'(p/q): f* is f's conjugate, and g maps a network's output to where f* is
finite. The GAN is the case f(u) = u log u − (u + 1) log(u + 1). If G can make the data, all have
the same optimum. If it cannot, the choice shows: here G can only make a Gaussian, and the data
have two modes. KL(p ‖ q) punishes a q that leaves some of p out: q becomes wide. KL(q ‖ p) punishes
a q that lies where p does not: q retreats to a mode. The paper takes both steps from one gradient;
here they come in turn, as in Algorithm 1.

The control plays with the GAN's divergence, whichever of the two was asked for.

    python demos/zoo/f_gan.py           a few seconds on two cores; --seeds 5: the table's row
"""

import functools
import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, Sequential, Softplus

M, HIDDEN = 256, 32
ROW = Row(idea="each game on its own divergence", control="the GAN's divergence in both", mark=0.03,
          gap=0.06, less=True, real="the best Gaussian of each")
CLOSED_FORM = ("V",), {"V": math.exp(-1), "G": -math.exp(-1)}       # KL's, while V is 0

# %% Table 2 of the paper: a divergence's g, its f* after g, and f
DIVERGENCES = {
    "KL(p ‖ q)": (lambda v: v, lambda v: F.exp(v - 1), lambda u: u * np.log(u)),
    "KL(q ‖ p)": (lambda v: -F.exp(-v), lambda v: v - 1, lambda u: -np.log(u)),
    "Pearson χ²": (lambda v: v, lambda v: v * v / 4 + v, lambda u: (u - 1) ** 2),
    "Hellinger²": (lambda v: 1 - F.exp(-v), lambda v: F.exp(v) - 1, lambda u: (u ** 0.5 - 1) ** 2),
    "the GAN's": (F.logsigmoid, lambda v: -F.logsigmoid(-v),
                  lambda u: u * np.log(u) - (u + 1) * np.log(u + 1))}
ASKED = ("KL(p ‖ q)", "KL(q ‖ p)")
GRID, COLOURS = np.linspace(-8, 8, 1601), pictures.COLOURS


class Data:
    """p = 0.75 N(−1.5, 0.6²) + 0.25 N(1.5, 0.6²)"""
    means, std, weights = np.array([-1.5, 1.5]), 0.6, np.array([0.75, 0.25])

    def sample(self, m):
        rng = mg.random.generator()
        means = rng.choice(self.means, size=(m, 1), p=self.weights)
        return (means + self.std * rng.standard_normal((m, 1))).astype(np.float32)

    def density(self, x):
        return gaussian(x[:, None], self.means, self.std) @ self.weights


def gaussian(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))


# %% The networks
def new_game(idea=True, divergence=ASKED[0]):
    """G: z (m, 1) -> x (m, 1), affine: a Gaussian.   V: x (m, 1) -> (m, 1), any number"""
    G = Dense(1, 1)
    V = Sequential(Dense(1, HIDDEN), Softplus(), Dense(HIDDEN, HIDDEN), Softplus(),
                   Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, V=V, divergence=divergence if idea else "the GAN's",
                           G_optimizer=adam(1e-2, G), V_optimizer=adam(5e-3, V))


def batches():
    """Real numbers (m, 1), endlessly"""
    return mg.data.Batches(Data(), size=M)


# %% Algorithm 1 with another V(D, G)
def iteration(game, x):
    """Phase 1 and phase 2 on real x (m, 1): the losses that V and G descended, by name"""
    G, V = game.G, game.V
    g, conjugate, _ = DIVERGENCES[game.divergence]

    x, z = mg.tensor(x), mg.randn(len(x), 1)                        # phase 1: V ascends F
    with mg.frozen(G):
        fake = G(z)
    bound = F.mean(g(V(x))) - F.mean(conjugate(V(fake)))            # <- f-GAN: the bound of D_f
    game.V_optimizer.step(mg.grad(-bound, V.parameters()))

    z = mg.randn(len(x), 1)                                         # phase 2: G descends F
    with mg.frozen(V):
        g_loss = -F.mean(conjugate(V(G(z))))                        # <- f-GAN: what of F has a G
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"V": -bound, "G": g_loss}


# %% The effect: which Gaussian becomes of G
def divergence_from(name, mean, std):
    """D_f(p ‖ N(mean, std²)), by quadrature"""
    q = np.maximum(gaussian(GRID, mean, std), 1e-300)
    ratio = Data().density(GRID) / q
    return float((q * DIVERGENCES[name][2](ratio)).sum() * (GRID[1] - GRID[0]))


@functools.cache
def best(name):
    """(mean, std) of the Gaussian of least divergence, by ever finer grids"""
    centre, reach = (0.0, 1.2), (2.0, 0.8)
    for _ in range(12):
        choices = itertools.product(*(np.linspace(c - r, c + r, 13) for c, r in zip(centre, reach)))
        centre = min(choices, key=lambda choice: divergence_from(name, *choice))
        reach = reach[0] / 3, reach[1] / 3
    return centre


def play(idea, steps):
    """The divergence asked for -> (mean, std) of G after training"""
    made = {}
    for divergence in ASKED:
        game = new_game(idea, divergence)
        for x in run.progress(itertools.islice(batches(), steps), total=steps):
            iteration(game, x)
        made[divergence] = game.G.bias.item(), abs(game.G.weight.item())
    return made


def real():
    """The same of the best Gaussian, found by quadrature"""
    return {divergence: best(divergence) for divergence in ASKED}


def measure(made):
    """The divergence asked for is that which was reached, above the least possible."""
    above = {f"{name} above the least, nats":
             divergence_from(name, *found) - divergence_from(name, *best(name))
             for name, found in made.items()}
    return {"divergence asked for, above the least possible, nats, mean of two games":
            sum(above.values()) / len(above)} | above


def draw(axes, made):
    """The data's density, and the Gaussian that became of each game"""
    axes.fill_between(GRID, Data().density(GRID), color=COLOURS["real"], alpha=0.35, label="p")
    for (divergence, (mean, std)), style in zip(made.items(), ("-", "--")):
        axes.plot(GRID, gaussian(GRID, mean, std), style, color=COLOURS["generated"],
                  label=f"q, asked for {divergence}")
    axes.set(xlim=(-5, 5), ylim=(0, 0.85), yticks=[])
    axes.legend(loc="upper right")


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1500, panel=(4.2, 3))
