"""b-GAN: D is the density ratio p/q, and G follows the divergence that the ratio gives.

b-GAN: Unified Framework of Generative Adversarial Networks (later: Generative Adversarial Nets from
a Density Ratio Estimation Perspective), Uehara et al. 2016, arXiv 1610.02920.

    min over r   E_q[f'(r) r − f(r)] − E_p[f'(r)]           a Bregman divergence: least at r = p/q
    min over G   D_f(p ‖ q) = E_q f(p/q)

D does not tell two sorts of data apart: it fits a function r to the ratio of their densities, and
any convex f will do. Here it is f(r) = ½ (r − 1)² (Pearson), and as the paper recommends the ratio
is relative, p/m of p and the mixture m = α p + (1 − α) q: at most 1/α, while p/q has no bound where
q is thin, and E_q r² is then a matter of a few samples. G follows the gradient of the divergence,
∇E_q[f(r) − f'(r) r] = −½ ∇E_q r² with r held fixed: more of q where p is more. Descending E_q f(r)
with r held, as the second step is often written down, is another thing: for two Gaussians side by
side it points away from p (tests/zoo), and on this ring it found 4 modes of 8 at best.

The control is α = 0: the plain ratio p/q.

    python demos/zoo/b_gan.py           a few seconds on two cores; --seeds 5: the table's row
"""

import itertools
import math
from types import SimpleNamespace

from house import rings, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN = 128, 2, 64
ROW = Row(idea="r = p/(½ p + ½ q), at most 2", control="r = p/q, without a bound", mark=0.5,
          gap=0.15)
SHIFT = math.log(math.e - 1)            # softplus(SHIFT) = 1
CLOSED_FORM = ("D",), {"D": -0.5, "G": -0.25}       # while D is 0: r = 1 everywhere


# %% The networks
def new_game(idea=True):
    """G: z (m, 2) -> points (m, 2).   D: points (m, 2) -> (m, 1), of which ratio() makes r"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    D = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                   Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, D=D, alpha=0.5 if idea else 0.0,
                           G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, D))


def batches():
    """Real points (m, 2), endlessly"""
    return mg.data.Batches(rings.RING, size=M)


def ratio(D, x):
    """r(x) (m, 1), positive, and 1 where D is 0"""
    return F.softplus(D(x) + SHIFT)


def bregman(r_p, r_q, alpha):
    """E_m[f'(r) r − f(r)] − E_p[f'(r)] for f(r) = ½ (r − 1)², m = α p + (1 − α) q: up to ½, which
    no r changes, it is ½ E_m (r − p/m)²"""
    square_m = alpha * F.mean(r_p * r_p) + (1 - alpha) * F.mean(r_q * r_q)
    return 0.5 * square_m - F.mean(r_p)


# %% Algorithm 1 with another D
def iteration(game, x):
    """Phase 1 and phase 2 on real points x (m, 2): the losses that D and G descended, by name"""
    G, D, alpha = game.G, game.D, game.alpha
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)                       # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    d_loss = bregman(ratio(D, x), ratio(D, fake), alpha)                # <- b-GAN: fit the ratio
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                        # phase 2: G
    with mg.frozen(D):
        r = ratio(D, G(z))
    g_loss = -0.5 * (1 - alpha) * F.mean(r * r)                         # <- b-GAN: D_f's gradient
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: is the ring found, and how exactly?
def play(idea, steps):
    """Points of a trained G"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    with mg.no_grad():
        return mg.to_numpy(game.G(mg.randn(rings.POINTS, LATENT)))


def real():
    """As many real points"""
    return rings.RING.sample(rings.POINTS)


def measure(points):
    """First how exactly the modes are met, then how many of them"""
    return dict(reversed(rings.found(points).items()))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, rings.draw, __doc__, steps=2500)
