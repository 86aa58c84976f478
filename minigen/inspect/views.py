"""What a recording shows of a phase besides the tensors that the trainer named: the gradients of
either loss of G at the same samples, a VAE's two routes into mu, where G's samples are before and
after the update; and, of a game in the plane, D as a map, G as a warped grid of its noise, and,
where the data's density is known, D* and the Jensen-Shannon divergence. Read next: recording.py.
"""

import numpy

from .. import modes
from ..autograd import grad
from ..backend import asarray, to_numpy
from ..functional import logsigmoid, mean, sigmoid
from ..metrics import js_divergence, optimal_discriminator
from .examine import same_random_numbers

SIDE = 32                   # of the lattice of D's map, in points
TICKS = numpy.linspace(-2, 2, 9)                # the grid of z: a line at each tick, both ways
FINE = numpy.linspace(-2, 2, 17)                # points along a line
SAMPLES = 20_000            # of G, for the kernel estimate of its density
WIDTH = 0.06                # of that kernel, as a share of the lattice's half side


class Views:
    """density: of the data, at points (n, 2), or None. Called by a PhaseNotes, twice."""

    def __init__(self, density):
        self.density, self.plane, self.edge = density, None, None

    def before(self, notes, names):
        """When the gradients are there and nothing is updated."""
        if notes.about["name"] == "step":
            _routes(notes, names)
            return
        if notes.about["name"] == "phase 2":
            _losses(notes, names)
        if self.plane is None and "x" in names:
            self._lay_out(to_numpy(names["x"]))
        self._look(notes, "before")

    def after(self, notes):
        """When the phase is over."""
        if notes.about["name"] != "step":
            self._look(notes, "after")

    def _lay_out(self, x):
        """The plane, around the first real batch that is seen."""
        is_plane = x.shape[1:] == (2,)
        self.plane = is_plane and Plane(1.35 * abs(x).max() or 1.0, self.density)
        self.edge = self.plane.edge if is_plane else None

    def _look(self, notes, when):
        G, D = notes.trainer.generator, notes.trainer.discriminator
        z, plane = notes.get("tensors/z"), self.plane
        if notes.get("tensors/c") is not None:
            return                              # with labels: which, of all that could be shown?
        if notes.about["name"] == "phase 2":
            notes.put(f"views/fake_{when}", _output(G, z))
            if plane and z.shape[1:] == (2,):
                notes.put(f"views/mesh_{when}", mesh_of(G, z.dtype))
        first = notes.place.endswith("/0")          # later D begins as it ended, and G is the same
        if plane and notes.about["name"] == "phase 1" and (first or when == "after"):
            notes.put(f"views/D_{when}", plane.map_of(D, z.dtype))
        if plane and plane.p is not None and first and when == "before" and notes.trainer.prior:
            best, divergence = plane.optimum(G, notes.trainer.prior)
            notes.put("views/D_optimal", best.astype(z.dtype))
            notes.put("views/jsd", divergence)


def _losses(notes, names):
    """What either loss would tell G, at the same samples and weights."""
    s = names["fake_logits"]
    for loss, value in (("saturating", mean(logsigmoid(-s))),
                        ("non_saturating", -mean(logsigmoid(s)))):
        by_sample, by_logit = grad(value, [names["fake"], s])
        notes.put(f"views/sample_gradient_{loss}", by_sample)
        notes.put(f"views/logit_gradient_{loss}", by_logit)


def _routes(notes, names):
    """Of a VAE: ∂value/∂mu and ∂value/∂log_var by way of z and the decoder, and by way of the KL.

    (beta may change between steps, and is read now.)"""
    if "kl" not in names:
        return
    ways = {"z": -names["reconstruction"], "kl": notes.trainer.beta * names["kl"]}
    for way, part in ways.items():
        for name, g in zip(("mu", "log_var"), grad(part, [names["mu"], names["log_var"]])):
            notes.put(f"views/{name}_by_{way}", g)


class Plane:
    """The square [−edge, edge]² as a lattice of SIDE² points."""

    def __init__(self, edge, density=None):
        self.edge, self.p = float(edge), None
        self.axis = (numpy.arange(SIDE) + 0.5) / SIDE * 2 * self.edge - self.edge
        self.dx = (2 * self.edge / SIDE) ** 2
        self.lattice = numpy.stack(numpy.meshgrid(self.axis, self.axis), -1).reshape(-1, 2)
        kernel = numpy.exp(-0.5 * ((self.axis[:, None] - self.axis) / (WIDTH * self.edge)) ** 2)
        self.kernel = kernel / kernel.sum(0)
        if density is not None:
            self.p = self._smooth(density(self.lattice))

    def map_of(self, D, dtype):
        """D(x) on the lattice, (SIDE, SIDE): rows are x₂, columns x₁."""
        logits = _output(D, self.lattice.astype(dtype))
        return sigmoid(logits).reshape(SIDE, SIDE)

    def optimum(self, G, prior):
        """(D*, JSD): p/(p + q) on the lattice and JSD(p ‖ q) in nats, both densities smoothed by
        the same kernel; q from SAMPLES samples of G."""
        with same_random_numbers():
            x = _output(G, prior(SAMPLES))
        edges = numpy.linspace(-self.edge, self.edge, SIDE + 1)
        inside = x.clip(-0.999 * self.edge, 0.999 * self.edge)
        q = self._smooth(numpy.histogram2d(inside[:, 1], inside[:, 0], bins=edges)[0])
        return (optimal_discriminator(self.p, q, dx=self.dx),
                js_divergence(self.p, q, self.dx))

    def _smooth(self, density):
        density = self.kernel @ density.reshape(SIDE, SIDE) @ self.kernel.T
        return density / (density.sum() * self.dx)


def mesh_of(G, dtype):
    """Where G puts the lines of a square grid of z: (lines, points, 2)."""
    z = numpy.stack([numpy.stack(numpy.broadcast_arrays(t, FINE), 1) for t in TICKS])
    z = numpy.concatenate([z, z[..., ::-1]])
    return _output(G, z.reshape(-1, 2).astype(dtype)).reshape(z.shape)


def _output(network, x):
    """network(x) on the host, without a tape, and with its running statistics left alone."""
    with modes.no_grad(), modes.frozen(network):
        return to_numpy(network(asarray(x)))
