"""Geometric GAN: D is a support vector machine, and G moves along the normal of its plane.

Geometric GAN, Lim and Ye 2017 (Lim & Ye), arXiv 1705.02894.

    min over D   ½ ‖w‖² + C (E [1 − D(x)]₊ + E [1 + D(G(z))]₊)          D(x) = ⟨w, Φ(x)⟩ + b
    min over G   −E D(G(z))

D's last layer is a plane in the space of its features Φ, and the loss is that of a support vector
machine: an example beyond its margin costs nothing and has no gradient, so D learns from those
near the plane, and stops when the two sides are apart. G moves its samples along the normal w,
every one with the same weight. The GAN's log never stops asking: a D that is already right goes on
to be surer, the steeper the less the samples overlap.

The control is the GAN's pair of losses at the same rate, which is four times that of gan.py: both
play with steps at which a D that overshoots is punished.

    python demos/zoo/geometric_gan.py       a few seconds on two cores; --seeds 5: the table's row
"""

import itertools
import math
from types import SimpleNamespace

from house import rings, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential
