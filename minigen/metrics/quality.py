"""How samples look, as numbers: sharpness, and the distance between two sets of features.

Two measures of sharpness reward noise and the third counts it as blur, so print real images, real images with noise
and blurred ones beside them.
A Fréchet distance has meaning only beside others of the same features and the same n: it is biased upward for small
n, so print real against real at that n. Read next: scores.py.
"""

import numpy as np

from .arguments import floats, matrix


def laplacian_variance(images):
    """Variance over the inner pixels of the Laplacian (0 1 0 / 1 −4 1 / 0 1 0), mean over images (n, [c,] h, w).

    Pech-Pacheco et al. 2000. High is sharp, or noisy.
    """
    x = _images(images, "laplacian_variance: images", smallest=3)
    inner = x[:, 1:-1, 1:-1]
    laplacian = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4 * inner
    return float(laplacian.var((1, 2), dtype=np.float64).mean())


def high_frequency_share(images):
    """Share of spectral energy (mean removed) above 0.25 cycles per pixel, mean over images (n, [c,] h, w).

    Images of one colour have no energy and count as 0.
    """
    x = _images(images, "high_frequency_share: images", smallest=2).astype(np.float64)
    energy = np.abs(np.fft.fft2(x - x.mean((1, 2), keepdims=True))) ** 2
    high = np.hypot(np.fft.fftfreq(x.shape[1])[:, None], np.fft.fftfreq(x.shape[2])) > 0.25
    total = energy.sum((1, 2))
    flat = (x.max((1, 2)) == x.min((1, 2))) | (total == 0)              # of rounding alone, or too little to be squared
    return float(np.where(flat, 0, energy[:, high].sum(1) / np.where(flat, 1, total)).mean())


def grey_share(images):
    """Share of ink pixels (x > 0.1) that are grey (x < 0.9), over all images of any shape, pixels in [0, 1].

    For line drawings such as MNIST, where blur is grey. Raises ValueError for other pixels, or no ink.
    """
    x = floats(images, "grey_share: images")
    ink = x > 0.1
    if x.min() < 0 or x.max() > 1 or not ink.any():
        raise ValueError(f"grey_share: pixels of images are in [{x.min():.3g}, {x.max():.3g}], expected [0, 1] with "
                         "some ink above 0.1")
    return float((ink & (x < 0.9)).sum() / ink.sum())


def frechet_distance(a, b):
    """Fréchet distance ‖m₁ − m₂‖² + tr(C₁ + C₂ − 2 (C₁C₂)^½) between Gaussians fitted to features a (n, d), b (m, d).

    Heusel et al. 2017 (FID, with Inception features). tr (C₁C₂)^½ is the sum of the square roots of the eigenvalues
    of C₁^½ C₂ C₁^½, which is symmetric, so that singular covariances (features that never fire) do no harm.
    """
    a = matrix(a, "frechet_distance: a").astype(np.float64)
    b = matrix(b, "frechet_distance: b", a.shape[1]).astype(np.float64)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"frechet_distance: a has {len(a)} rows and b {len(b)}, expected at least 2 for a covariance")
    shift = np.square(a.mean(0) - b.mean(0)).sum()
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root_a = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root_a @ cov_b @ root_a), 0)).sum()
    return max(0.0, float(shift + np.trace(cov_a) + np.trace(cov_b) - 2 * cross))


def _images(images, name, smallest):
    """Images as planes (n·c, h, w) of at least `smallest` pixels a side."""
    x = floats(images, name)
    if x.ndim not in (3, 4) or min(x.shape[-2:]) < smallest:
        raise ValueError(f"{name} has shape {x.shape}, expected (n, h, w) or (n, c, h, w), h and w at least {smallest}")
    return x.reshape(-1, *x.shape[-2:])
