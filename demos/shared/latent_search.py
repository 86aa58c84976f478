"""The point of the latent space whose image by G is nearest to x: a search by gradient descent in
z.

AnoGAN (Schlegl et al. 2017) takes what is left of the distance as a score of strangeness."""

import numpy as np

import minigen as mg
from minigen import functional as F


def search(G, features, x, latent, steps, restarts=2, weight=0.1):
    """(score (n,), G(z) (n, d)) for images x (n, d): for each the best of several descents over z
    on (1 − weight) ‖x − G(z)‖₁ + weight ‖f(x) − f(G(z))‖₁.

    G: z (m, latent) -> images (m, d).  features: f, images -> (m, features), as a discriminator
    without its last layer."""
    target = mg.backend.asarray(np.tile(x, (restarts, 1)))
    z = mg.tensor(mg.randn(len(target), latent), requires_grad=True)
    optimizer = mg.optim.Adam([z], mg.optim.cosine_decay(0.1, steps))
    with mg.frozen(G, features):            # both stay as they are: the gradient passes on to z
        wanted = features(target)
        for _ in range(steps + 1):
            drawn = G(z)
            in_pixels = F.sum(F.abs(target - drawn), axis=1)
            in_features = F.sum(F.abs(wanted - features(drawn)), axis=1)
            score = (1 - weight) * in_pixels + weight * in_features
            optimizer.step(mg.grad(F.sum(score), [z]))
    score = mg.to_numpy(score).reshape(restarts, -1)
    drawn = mg.to_numpy(drawn).reshape(restarts, *x.shape)
    return score.min(0), drawn[score.argmin(0), np.arange(len(x))]
