"""How samples look, as numbers: sharpness, and the distance between two sets of features.

Two measures of sharpness reward noise and the third counts it as blur, so print real images, real
images with noise, and blurred ones beside them. A Fréchet distance has meaning only beside others
of the same features and the same n: for small n it is biased upward, so print real against real at
that n. Read next: scores.py.
"""

import numpy as np

from .arguments import floats, matrix

HIGH_FREQUENCY = 0.25       # cycles per pixel: half of the highest frequency that pixels can show
INK, WHITE = 0.1, 0.9       # a pixel has ink above the first, and is grey up to the second


def laplacian_variance(images):
    """Variance over the inner pixels of the Laplacian (0 1 0 / 1 −4 1 / 0 1 0), mean over images
    (n, [c,] h, w).

    Pech-Pacheco et al. 2000. High means sharp, or noisy.
    """
    x = _images(images, "laplacian_variance: images", smallest=3)
    beside = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    laplacian = beside - 4 * x[:, 1:-1, 1:-1]
    return float(laplacian.var((1, 2), dtype=np.float64).mean())


def high_frequency_share(images):
    """Share of spectral energy (mean removed) above 0.25 cycles per pixel, mean over images
    (n, [c,] h, w).

    Images of one colour have no energy and count as 0.
    """
    x = _images(images, "high_frequency_share: images", smallest=2).astype(np.float64)
    energy = np.abs(np.fft.fft2(x - x.mean((1, 2), keepdims=True))) ** 2
    frequency = np.hypot(np.fft.fftfreq(x.shape[1])[:, None], np.fft.fftfreq(x.shape[2]))
    high, total = energy[:, frequency > HIGH_FREQUENCY].sum(1), energy.sum((1, 2))
    # energy of a flat image is rounding; that of a very faint one is too small to be squared
    flat = (x.max((1, 2)) == x.min((1, 2))) | (total == 0)
    return float(np.where(flat, 0, high / np.where(flat, 1, total)).mean())


def grey_share(images):
    """Share of ink pixels (x > 0.1) that are grey (x < 0.9), over all images, of any shape.

    For line drawings such as MNIST, where blur is grey. ValueError for pixels outside [0, 1], or
    without ink.
    """
    x = floats(images, "grey_share: images")
    ink = x > INK
    _check_drawing(x, ink)
    return float((ink & (x < WHITE)).sum() / ink.sum())


def frechet_distance(a, b):
    """Fréchet distance of Gaussians N(m, C) fitted to features a (n, d) and b (m, d):
    ‖m_a − m_b‖² + tr(C_a + C_b − 2 (C_a C_b)^½).

    Heusel et al. 2017 (FID, with Inception features). tr (C_a C_b)^½ is the sum of the square
    roots of the eigenvalues of C_a^½ C_b C_a^½, which is symmetric, so singular covariances
    (features that never fire) do no harm. ValueError for fewer than 2 rows.
    """
    a = matrix(a, "frechet_distance: a").astype(np.float64)
    b = matrix(b, "frechet_distance: b", a.shape[1]).astype(np.float64)
    _check_rows(a, b)
    shift = np.square(a.mean(0) - b.mean(0)).sum()
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root_a = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root_a @ cov_b @ root_a), 0)).sum()
    return max(0.0, float(shift + np.trace(cov_a) + np.trace(cov_b) - 2 * cross))


# ------------------------------------------------------------------------------------------ checks

def _images(images, name, smallest):
    """Images as planes (n·c, h, w) of at least `smallest` pixels a side."""
    x = floats(images, name)
    if x.ndim not in (3, 4) or min(x.shape[-2:]) < smallest:
        raise ValueError(f"{name} has shape {x.shape}, expected (n, h, w) or (n, c, h, w), "
                         f"h and w at least {smallest}")
    return x.reshape(-1, *x.shape[-2:])


def _check_drawing(x, ink):
    if x.min() < 0 or x.max() > 1 or not ink.any():
        raise ValueError(f"grey_share: pixels of images are in [{x.min():.3g}, {x.max():.3g}], "
                         f"expected [0, 1] with some ink above {INK}")


def _check_rows(a, b):
    if min(len(a), len(b)) < 2:
        raise ValueError(f"frechet_distance: a has {len(a)} rows and b {len(b)}, "
                         "expected at least 2 for a covariance")
