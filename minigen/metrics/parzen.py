"""Parzen windows: the likelihood that the first GAN papers printed, and a measure not to trust.

A Gaussian is centred on every generated sample, and the test images are scored under the mixture
(Goodfellow et al. 2014). The measure prefers blur: on MNIST 1,000 k-means centres score 279 nats,
10,000 real training images 241 (see also Theis, van den Oord & Bethge 2016). It is here to
reproduce published tables and that failure. Read next: divergence.py.
"""

from typing import NamedTuple

import numpy as np

from .arguments import floats, matrix
from .distances import squared_distances
from .intervals import Estimate


class ParzenWindow(NamedTuple):
    sigma: float                # the width that the validation images chose
    value: float                # mean log-likelihood of the test images, nats
    standard_error: float       # sd / √n over the test images


def parzen_window(centres, validation, test, sigmas=np.logspace(-1, 0, 10)):
    """Goodfellow's protocol: the sigma that is best on the validation images, then the score of the
    test images, as a ParzenWindow.

    centres: 10,000 generated images (n, d). validation: 1,000 training images that no model saw.
    test: the test set. The published figures use the default grid of ten widths
    (goodfeli/adversarial, parzen_ll.py).
    """
    sigmas = floats(sigmas, "parzen_window: sigmas", ndim=1)
    scores = parzen_log_likelihood(centres, validation, sigmas).mean(1)
    sigma = float(sigmas[scores.argmax()])
    values = parzen_log_likelihood(centres, test, [sigma])[0]
    return ParzenWindow(sigma, *Estimate.of(values))


def parzen_log_likelihood(centres, x, sigmas):
    """log (1/n) Σ_c N(x; c, σ² I) in nats, for every width: (s, m).

    centres (n, d), x (m, d), sigmas (s,), all above 0. Distances are computed once for all widths,
    a block of rows at a time; the largest exponent is taken out of each sum, so images far from
    every centre do not become −inf.
    """
    centres = matrix(centres, "parzen_log_likelihood: centres")
    n, d = centres.shape
    x = matrix(x, "parzen_log_likelihood: x", d)
    sigmas = _widths(sigmas)
    result = np.empty((len(sigmas), len(x)))
    for rows, distances in squared_distances(x, centres):
        nearest = distances.min(1)
        distances -= nearest[:, None]
        for i, sigma in enumerate(sigmas):
            scale = -0.5 / sigma ** 2
            mixture = np.exp(scale * distances).mean(1)
            result[i, rows] = (np.log(mixture) + scale * nearest
                               - 0.5 * d * np.log(2 * np.pi * sigma ** 2))
    return result


def _widths(sigmas):
    sigmas = floats(sigmas, "parzen_log_likelihood: sigmas", ndim=1).astype(np.float64)
    if sigmas.min() <= 0:
        raise ValueError(f"parzen_log_likelihood: the smallest sigma is {sigmas.min()}, "
                         "expected widths above 0")
    return sigmas
