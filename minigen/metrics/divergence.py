"""What the minimax game measures when D is perfect: the Jensen-Shannon divergence, on densities that are known.

V(D, G) = Σ p log D + q log(1 − D) is largest at D* = p/(p + q), and there V = −log 4 + 2 JSD(p ‖ q) (Goodfellow et
al. 2014, proposition 1 and theorem 1). Distributions are arrays of probabilities (dx = 1) or of densities on an even
grid whose cells have volume dx; both must sum to one. Values are in nats. Read next: coverage.py.
"""

import numpy as np

from .arguments import floats, positive


def kl_divergence(p, q, dx=1.0):
    """KL(p ‖ q) = Σ p log(p/q) dx ≥ 0; infinite where q is zero and p is not. p and q of one shape.

    The sums may be off 1 by 1e-5, and so may the divergence be off: a little below 0 for p = q of different sums.
    """
    return _kl(*_distributions(p, q, dx, "kl_divergence"), dx)


def js_divergence(p, q, dx=1.0):
    """JSD(p ‖ q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2: from 0 (equal) to log 2 (disjoint)."""
    return _js(*_distributions(p, q, dx, "js_divergence"), dx)


def optimal_discriminator(p, q, real_label=1.0, fake_label=0.0, dx=1.0):
    """D* = (a p + b q)/(p + q), of p's shape: D's best answer for real data p, samples q, and labels a and b.

    a = 1, b = 0 is Goodfellow's p/(p + q); a < 1 is one-sided label smoothing (Salimans et al. 2016, section 3.4).
    Where neither p nor q has any mass every answer is as good, and 1/2 is returned.
    """
    p, q = _distributions(p, q, dx, "optimal_discriminator")
    real_label, fake_label = (float(floats(label, f"optimal_discriminator: {name}", ndim=0))
                              for name, label in (("real_label", real_label), ("fake_label", fake_label)))
    mass = p + q
    return np.divide(real_label * p + fake_label * q, mass, out=np.full_like(mass, 0.5), where=mass > 0)


def minimax_value(p, q, dx=1.0):
    """V(D*) = −log 4 + 2 JSD(p ‖ q): the value no discriminator exceeds; −log 4 = −1.386294 where p = q."""
    return 2 * _js(*_distributions(p, q, dx, "minimax_value"), dx) - float(np.log(4))


def _kl(p, q, dx):
    inside = p > 0
    p, q = p[inside], q[inside]
    if not q.all():
        return float("inf")
    return float((p * (np.log(p) - np.log(q))).sum() * dx)


def _js(p, q, dx):
    both = p + q            # not halved: half of the smallest number is 0, and its logarithm infinite

    def half(a):
        a, mixed = a[a > 0], both[a > 0]
        return (a * (np.log(2 * a) - np.log(mixed))).sum()

    return float(0.5 * (half(p) + half(q)) * dx)


def _distributions(p, q, dx, name):
    dx = positive(dx, f"{name}: dx")
    p, q = floats(p, f"{name}: p").astype(np.float64), floats(q, f"{name}: q").astype(np.float64)
    if p.shape != q.shape:
        raise ValueError(f"{name}: p has shape {p.shape} and q {q.shape}, expected the same")
    for letter, density in (("p", p), ("q", q)):
        total = density.sum() * dx
        if density.min() < 0:
            raise ValueError(f"{name}: {letter} has a negative value, {density.min():.6g}")
        if abs(total - 1) > 1e-5:
            raise ValueError(f"{name}: {letter} sums to {total:.6g} (times dx = {dx:g}), expected 1; divide by the "
                             "total, or give a density a finer or wider grid")
    return p, q
