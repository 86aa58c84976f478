"""Kernels that gather the patches of a convolution, and send them back, in one launch each.

Three axes, whatever the convolution has: K are the kernel's lengths, O positions, S the size of x,
t strides, p paddings, C channels. Which element of an array number i is follows from these: the
channels are last, and run fastest.
"""

import itertools

from ..backend import array_module
from ..functional.patches import Geometry
from .kernel import in_place_of, kernel

LENGTHS = ", ".join(f"int32 {name}{axis}" for name in "KOStp" for axis in "012") + ", int32 C"


def _three(lengths, missing=1):
    """The lengths of one, two or three axes as those of three."""
    return (missing,) * (3 - len(lengths)) + tuple(lengths)


def _lengths(at):
    """The numbers LENGTHS of a Geometry."""
    return (*_three(at.kernel), *_three(at.out), *_three(at.size), *_three(at.stride),
            *_three(at.padding, 0), at.channels)


@kernel("raw T x, " + LENGTHS, "T patch", """
    int c = i % C;                  long long q = i / C;
    int k2 = q % K2; q /= K2;       int k1 = q % K1; q /= K1;       int k0 = q % K0; q /= K0;
    int o2 = q % O2; q /= O2;       int o1 = q % O1; q /= O1;       int o0 = q % O0; q /= O0;
    int s0 = o0 * t0 - p0 + k0, s1 = o1 * t1 - p1 + k1, s2 = o2 * t2 - p2 + k2;
    bool inside = s0 >= 0 && s0 < S0 && s1 >= 0 && s1 < S1 && s2 >= 0 && s2 < S2;
    ptrdiff_t place[] = {(ptrdiff_t)q, c, s0, s1, s2};
    patch = inside ? x[place] : T(0);""")
def patches_of(x, K0, K1, K2, O0, O1, O2, S0, S1, S2, t0, t1, t2, p0, p1, p2, C):
    """patch[n, o, k, c] = x[n, c, o·t − p + k], and 0 in the padding"""
    xp, border = array_module(x), [(0, 0), (0, 0), (p0, p0), (p1, p1), (p2, p2)]
    windows = xp.lib.stride_tricks.sliding_window_view(xp.pad(x, border), (K0, K1, K2), (2, 3, 4))
    return windows[:, :, ::t0, ::t1, ::t2].transpose(0, 2, 3, 4, 5, 6, 7, 1)


@kernel("raw T patches, " + LENGTHS, "T x", """
    int c = i % C;                  long long q = i / C;
    int s2 = q % S2; q /= S2;       int s1 = q % S1; q /= S1;       int s0 = q % S0; q /= S0;
    T total = 0;
    for (int k0 = 0; k0 < K0; ++k0) {
        int o0 = s0 + p0 - k0; if (o0 < 0 || o0 % t0 || o0 / t0 >= O0) continue;
        for (int k1 = 0; k1 < K1; ++k1) {
            int o1 = s1 + p1 - k1; if (o1 < 0 || o1 % t1 || o1 / t1 >= O1) continue;
            for (int k2 = 0; k2 < K2; ++k2) {
                int o2 = s2 + p2 - k2; if (o2 < 0 || o2 % t2 || o2 / t2 >= O2) continue;
                long long at = ((q * O0 + o0 / t0) * O1 + o1 / t1) * O2 + o2 / t2;
                at = ((at * K0 + k0) * K1 + k1) * K2 + k2;
                total += patches[at * C + c];
            }
        }
    }
    x = total;""")
def sum_of_patches(patches, K0, K1, K2, O0, O1, O2, S0, S1, S2, t0, t1, t2, p0, p1, p2, C):
    """x[n, s, c] = Σ patches[n, o, k, c] over all o, k with o·t − p + k = s

    Each element gathers what belongs to it, in one order: the sum is the same at every run."""
    xp, n = array_module(patches), len(patches)
    padded = xp.zeros((n, S0 + 2 * p0, S1 + 2 * p1, S2 + 2 * p2, C), patches.dtype)
    for k0, k1, k2 in itertools.product(range(K0), range(K1), range(K2)):
        under = [slice(k, k + t * (o - 1) + 1, t)
                 for k, t, o in ((k0, t0, O0), (k1, t1, O1), (k2, t2, O2))]
        padded[:, *under] += patches[:, :, :, :, k0, k1, k2]
    return padded[:, p0:p0 + S0, p1:p1 + S1, p2:p2 + S2]


@in_place_of(Geometry, "gather")
def _gather(self, x):
    x, rows = _three_axes(x), self.memory(x)
    patches_of(x.transpose(0, 4, 1, 2, 3), *_lengths(self), _as_patches(self, rows))
    return rows


@in_place_of(Geometry, "scatter")
def _scatter(self, x):
    rows = self.memory(x)
    sum_of_patches(_as_patches(self, rows), *_lengths(self), _three_axes(x))


def _three_axes(x):
    """(m, *S, C) with one, two or three axes S as one with three."""
    return x.reshape(len(x), *_three(x.shape[1:-1]), x.shape[-1])


def _as_patches(at, rows):
    """The rows of a matrix as patches (m, O, K, C), three axes each."""
    return rows.reshape(-1, *_three(at.out), *_three(at.kernel), at.channels)
