"""What the minimax game measures when D is perfect: the Jensen-Shannon divergence, of densities
that are known.

V(D, G) = Σ p log D + q log(1 − D) is largest at D* = p/(p + q), and there it is
−log 4 + 2 JSD(p ‖ q) (Goodfellow et al. 2014, proposition 1 and theorem 1). Distributions are
arrays of probabilities (dx = 1), or of densities on an even grid whose cells have volume dx; both
must sum to one. Values are in nats. Read next: coverage.py.
"""

import numpy as np

from .arguments import floats, positive, same_shape


def kl_divergence(p, q, dx=1.0):
    """KL(p ‖ q) = Σ p log(p/q) dx ≥ 0; infinite where q is zero and p is not. p and q of one shape.

    The sums may be off 1 by 1e-5, and so may the divergence: for p = q of slightly different sums
    it can be a little below 0.
    """
    return _kl(*_distributions("kl_divergence", p, q, dx), dx)


def js_divergence(p, q, dx=1.0):
    """JSD(p ‖ q) = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q)/2: from 0 (equal) to log 2 (disjoint)."""
    return _js(*_distributions("js_divergence", p, q, dx), dx)


def optimal_discriminator(p, q, real_label=1.0, fake_label=0.0, dx=1.0):
    """D* = (a p + b q)/(p + q), of p's shape: D's best answer for real data p, samples q, labels a
    and b.

    a = 1, b = 0 is Goodfellow's p/(p + q); a < 1 is one-sided label smoothing (Salimans et al.
    2016, section 3.4). Where neither p nor q has any mass, every answer is as good, and 1/2 is
    returned.
    """
    p, q = _distributions("optimal_discriminator", p, q, dx)
    a = float(floats(real_label, "optimal_discriminator: real_label", ndim=0))
    b = float(floats(fake_label, "optimal_discriminator: fake_label", ndim=0))
    mass = p + q
    return np.divide(a * p + b * q, mass, out=np.full_like(mass, 0.5), where=mass > 0)


def minimax_value(p, q, dx=1.0):
    """V(D*) = −log 4 + 2 JSD(p ‖ q), which no D exceeds; where p = q, −log 4 = −1.386294."""
    return 2 * _js(*_distributions("minimax_value", p, q, dx), dx) - float(np.log(4))


def _kl(p, q, dx):
    inside = p > 0
    p, q = p[inside], q[inside]
    if not q.all():
        return float("inf")
    return float((p * (np.log(p) - np.log(q))).sum() * dx)


def _js(p, q, dx):
    both = p + q            # not halved: half of the smallest number is 0, whose logarithm is −inf

    def half(a):
        a, mixed = a[a > 0], both[a > 0]
        return (a * (np.log(2 * a) - np.log(mixed))).sum()

    return float(0.5 * (half(p) + half(q)) * dx)


# ------------------------------------------------------------------------------------------ checks

def _distributions(name, p, q, dx):
    """p and q in float64; ValueError unless they have one shape, no negative value, and sum 1."""
    dx = positive(dx, f"{name}: dx")
    p = floats(p, f"{name}: p").astype(np.float64)
    q = floats(q, f"{name}: q").astype(np.float64)
    same_shape(name, p=p, q=q)
    _check_density(f"{name}: p", p, dx)
    _check_density(f"{name}: q", q, dx)
    return p, q


def _check_density(name, density, dx):
    if density.min() < 0:
        raise ValueError(f"{name} has a negative value, {density.min():.6g}")
    total = density.sum() * dx
    if abs(total - 1) > 1e-5:
        raise ValueError(f"{name} sums to {total:.6g} (times dx = {dx:g}), expected 1; divide by "
                         "the total, or give a density a finer or wider grid")
