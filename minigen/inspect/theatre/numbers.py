"""The arithmetic of the page, done once, in Python: probabilities, means, closed forms, norms, the
parts of large matrices, the ends of arrows. Read next: figures.py.
"""

import numpy

WINDOW = 32                 # rows and columns that are shown of a large matrix
QUANTILE, LENGTH = 0.9, 0.25        # of the arrows' lengths; how long it is, of the half side


def derived(phase, edge=None):
    """Name -> array of what the page prints and the trainer did not name: probabilities, means,
    closed forms, norms, and of a game in the plane the ends of the arrows."""
    found, t, g = {}, phase.tensors, phase.tensor_gradients
    for side in ("real", "fake"):
        if f"{side}_logits" in t:
            s = t[f"{side}_logits"].astype("float64")
            log_d, log_1_d = -numpy.logaddexp(0, -s), -numpy.logaddexp(0, s)
            d = numpy.exp(log_d)
            found |= {f"d_{side}": d, f"log_d_{side}": log_d, f"log_1_d_{side}": log_1_d,
                      f"mean_d_{side}": d.mean(), f"mean_log_d_{side}": log_d.mean(),
                      f"mean_log_1_d_{side}": log_1_d.mean()}
    if phase.name == "phase 1":
        m = len(found["d_real"])
        found |= {"closed_real": (1 - found["d_real"]) / m, "closed_fake": -found["d_fake"] / m}
    elif phase.name == "phase 2":
        found |= _what_g_is_told(found["d_fake"], phase, edge)
    if "log_var" in t:
        found |= _routes(phase)
    if "x_hat" in t and t["z"].shape[1:] == (3,):
        found["cube"] = t["z"] @ numpy.array([[1, 0], [0, 1], [0.42, 0.36]], t["z"].dtype)
    for name, network in phase.networks.items():
        if network.gradients:
            found[f"norm_{name}"] = norm_of_all(network.gradients)
        found[f"moved_{name}"] = norm_of_all({key: network.after[key] - network.before[key]
                                               for key in network.before})
    for name, array in {**t, **g}.items():
        if "logits" in name or name == "fake":
            found[f"norm_{name}"] = norm(array)
    return found


def _what_g_is_told(d, phase, edge):
    m, views, own = len(d), phase.views, phase.tensor_gradients
    saturating = numpy.allclose(views["logit_gradient_saturating"], own["fake_logits"])
    other = "non_saturating" if saturating else "saturating"
    found = {"closed_fake": (-d if saturating else d - 1) / m,
             "other_logit_gradient": views[f"logit_gradient_{other}"],
             "norm_saturating": norm(views["sample_gradient_saturating"]),
             "norm_non_saturating": norm(views["sample_gradient_non_saturating"])}
    return found | _told(phase, edge)


def _told(phase, edge):
    """What each sample is told, −m ∂L/∂G(z); and, in the plane [−edge, edge]², the ends of the
    arrows that show it, or, of images (edge None), the samples after a step of which the largest
    change is 0.25."""
    fake, g = phase.tensors["fake"], phase.tensor_gradients["fake"]
    descent = -len(g) * g
    if edge:
        longest = numpy.quantile(numpy.hypot(*descent.T), QUANTILE)
        scale = numpy.float32(longest / (LENGTH * edge) or 1.0)
        return {"descent": descent, "arrow_ends": fake + descent / scale, "arrow_scale": scale}
    step = numpy.float32(0.25 / max(abs(descent).max(), 1e-30))
    return {"descent": descent, "stepped": fake + step * descent}


def _routes(phase):
    t, views = phase.tensors, phase.views
    found = {"sigma": numpy.exp(t["log_var"] / 2), "elbo": t["reconstruction"] - t["kl"]}
    found["x_hat"] = numpy.exp(-numpy.logaddexp(0, -t["decoded"].astype("float64")))
    found |= {"mu_gradient": phase.tensor_gradients["mu"],
              "route_by_z": views["mu_by_z"], "route_by_kl": views["mu_by_kl"],
              "route_sum": phase.tensor_gradients["mu"],
              "norm_mu_by_z": norm(views["mu_by_z"]), "norm_mu_by_kl": norm(views["mu_by_kl"])}
    return found


def norm(array):
    return numpy.sqrt(numpy.square(numpy.asarray(array, "float64")).sum())


def norm_of_all(arrays):
    return numpy.sqrt(sum(norm(a) ** 2 for a in arrays.values()))


def as_matrix(array):
    """A parameter as a matrix: its first axis by all others; a vector as one row."""
    return array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(1, -1)


def corner(matrix):
    """The first row and column of the part that is shown: the middle."""
    return [max(0, (n - WINDOW) // 2) for n in matrix.shape]


def window(array):
    """The part of a parameter that is shown, as a matrix."""
    matrix = as_matrix(array)
    row, column = corner(matrix)
    return matrix[row:row + WINDOW, column:column + WINDOW]


def check_rows(rows, parameter):
    """Rows (row, column, gradient, central difference, difference of the two)."""
    columns = as_matrix(parameter).shape[1]
    at = rows[:, 0].astype(int)
    return numpy.stack([at // columns, at % columns, rows[:, 1], rows[:, 2],
                        abs(rows[:, 1] - rows[:, 2])], 1)
