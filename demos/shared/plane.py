"""The plane as a lattice of points: densities on it, integrals as sums over it, maps of D."""

import numpy as np

SIDE, EDGE = 151, 5.0
axis = np.linspace(-EDGE, EDGE, SIDE)
step = axis[1] - axis[0]
lattice = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)          # (SIDE², 2)
dx = step ** 2                                      # of one point: an integral is Σ f(x) dx


def on_lattice(density):
    """The density at the lattice points, scaled so that it integrates to 1."""
    return density / (density.sum() * dx)


def smooth(density):
    """A density on the lattice after a Gaussian filter of width 0.08, as in a kernel estimate."""
    kernel = np.exp(-0.5 * ((axis[:, None] - axis) / 0.08) ** 2)
    kernel /= kernel.sum(0)
    return on_lattice((kernel @ density.reshape(SIDE, SIDE) @ kernel.T).ravel())


def kernel_density(x):
    """The kernel density of many samples x (n, 2) on the lattice: counted in bins, smoothed."""
    edges = np.append(axis, axis[-1] + step) - step / 2
    counts, _, _ = np.histogram2d(x[:, 1].clip(-EDGE, EDGE), x[:, 0].clip(-EDGE, EDGE), bins=edges)
    return smooth(counts.ravel())


def label(axes, title, limit=3.4):
    """Axes of the plane's middle, with few ticks."""
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", title=title)
    axes.set(xticks=(-2, 0, 2), yticks=(-2, 0, 2), xlabel="x₁", ylabel="x₂")


def heat(axes, d, mass, title):
    """A map of D between 0 and 1, its level 1/2 a white line; blank where there are no points.

    d, mass: D(x), and p + q, on the lattice."""
    d = np.where(mass > 1e-3 * mass.max(), d, np.nan).reshape(SIDE, SIDE)
    image = axes.imshow(d, origin="lower", extent=(-EDGE, EDGE, -EDGE, EDGE), vmin=0, vmax=1)
    axes.contour(axis, axis, d, levels=[0.5], colors="white", linewidths=1)
    label(axes, title)
    return image
