"""Not the engine: the lecture's claims as numbers. NumPy arrays in; Python floats, small arrays and
named tuples out.

A function names the paper whose protocol it follows; where it names none, the definition in its
docstring is ours. Metrics compute in float64 (those of single pixels in the images' own dtype),
draw from a `seed` of their own (so that measuring never changes the course of a training) and know
nothing of Tensors: use `minigen.to_numpy` first. No file of the engine needs this folder; read the
files in this order, each of which belongs to a chapter of the lecture.
"""

from .intervals import (Estimate, Interval, PairedDifference, clopper_pearson_bound,
                        paired_interval, wilson_interval)
from .reconstruction import PCA, fit_pca, mse, nearest_neighbour_accuracy, principal_angles
from .likelihood import (ActiveUnits, active_units, gaussian_kl, importance_weighted_bound,
                         monte_carlo_kl)
from .linear_vae import LinearVAE, linear_vae_optimum
from .parzen import ParzenWindow, parzen_log_likelihood, parzen_window
from .divergence import js_divergence, kl_divergence, minimax_value, optimal_discriminator
from .coverage import (DensityCoverage, ModeCoverage, PrecisionRecall, density_coverage,
                       mode_coverage, precision_recall)
from .quality import frechet_distance, grey_share, high_frequency_share, laplacian_variance
from .scores import (Accuracy, GroupAccuracy, accuracy, auroc, auroc_interval,
                     worst_group_accuracy)
from .disentanglement import (MutualInformationGap, beta_vae_score, logistic_regression,
                              mutual_information_gap)
