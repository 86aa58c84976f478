"""What a variational autoencoder promises about log p(x): KL terms, importance-weighted bounds, and
how many latent units it uses.

All values are in nats. The bound reported for a set of images is the mean over images of a sum over
dimensions. Bounds of grey pixels, of pixels drawn black or white, and of Gaussian pixels differ by
tens of nats: say which one is printed. Read next: linear_vae.py, where each of these numbers is
known exactly.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, floats, matrix
from .intervals import Estimate


def gaussian_kl(mu, log_var, prior_mu=0.0, prior_log_var=0.0):
    """KL( N(mu, diag e^log_var) ‖ N(prior_mu, diag e^prior_log_var) ) of every dimension.

    ½ (log v_p − log v + (v + (mu − mu_p)²) / v_p − 1) ≥ 0, in nats: float64, of mu's shape.
    Against N(0, I) this is Kingma & Welling 2014, appendix B. `.sum(-1).mean()` is the KL of a
    VAE's bound, `.mean(0)` shows which units are used. The other arguments broadcast to mu's
    shape; ValueError where they do not.
    """
    mu = floats(mu, "gaussian_kl: mu").astype(np.float64)
    log_var = _broadcast(log_var, "gaussian_kl: log_var", mu)
    prior_mu = _broadcast(prior_mu, "gaussian_kl: prior_mu", mu)
    prior_log_var = _broadcast(prior_log_var, "gaussian_kl: prior_log_var", mu)
    ratio = log_var - prior_log_var
    # expm1(r) − r keeps its digits where both variances are nearly equal
    return 0.5 * (np.expm1(ratio) - ratio + np.square(mu - prior_mu) / np.exp(prior_log_var))


def monte_carlo_kl(mu, log_var, n=100_000, seed=0):
    """KL( N(mu, diag e^log_var) ‖ N(0, I) ) as an Estimate: the mean of log q(z) − log p(z) over n
    draws z ~ q.

    mu and log_var (d,): one Gaussian. A closed form passes if it is within four standard errors.
    """
    mu = floats(mu, "monte_carlo_kl: mu", ndim=1).astype(np.float64)
    log_var = _broadcast(log_var, "monte_carlo_kl: log_var", mu)
    n = count(n, "monte_carlo_kl: n")
    noise = np.random.default_rng(seed).standard_normal((n, len(mu)))
    z = mu + np.exp(0.5 * log_var) * noise
    log_ratio = -0.5 * (np.square(noise) + log_var) + 0.5 * np.square(z)    # both log 2π cancel
    return Estimate.of(log_ratio.sum(1))


def importance_weighted_bound(log_weights, k=None):
    """The bound L_k = E log (1/k) Σ_i p(x, z_i) / q(z_i | x), z_i ~ q(z | x), in nats: an Estimate
    over the images.

    log_weights (s, n): log p(x, z) − log q(z | x) of s draws of z for each of n images. `k` divides
    s (default: s), and the s draws give s/k bounds of each image. Burda, Grosse & Salakhutdinov
    2016, equation 8: L_1 = ELBO ≤ L_k ≤ L_k' ≤ log p(x) for k ≤ k', in expectation, and on the
    same draws if k divides k'. ValueError for any other k.
    """
    log_weights = matrix(log_weights, "importance_weighted_bound: log_weights")
    s, n = log_weights.shape
    k = _divisor(s if k is None else k, s)
    groups = log_weights.astype(np.float64).reshape(s // k, k, n)
    largest = groups.max(1, keepdims=True)                  # taken out, so that exp cannot overflow
    bounds = np.log(np.exp(groups - largest).mean(1)) + largest[:, 0]
    return Estimate.of(bounds.mean(0))


class ActiveUnits(NamedTuple):
    variance: np.ndarray        # (d,): A_u of every latent unit
    count: int                  # units with A_u > 0.01


def active_units(mu):
    """A_u = Var_x( E_q[z_u | x] ) from the encoder's means mu (n, d) of n images, and how many
    exceed 0.01.

    Burda, Grosse & Salakhutdinov 2016; the threshold is that of their code.
    """
    variance = matrix(mu, "active_units: mu").var(0, dtype=np.float64)
    return ActiveUnits(variance, int((variance > 0.01).sum()))


# ------------------------------------------------------------------------------------------ checks

def _broadcast(value, name, mu):
    value = floats(value, name)
    try:
        return np.broadcast_to(value.astype(np.float64), mu.shape)
    except ValueError as error:
        raise ValueError(f"{name} has shape {value.shape}, "
                         f"which does not broadcast to mu's {mu.shape}") from error


def _divisor(k, s):
    k = count(k, "importance_weighted_bound: k", largest=s)
    if s % k:
        raise ValueError(f"importance_weighted_bound: k is {k}, "
                         f"expected a divisor of the {s} draws in log_weights")
    return k
