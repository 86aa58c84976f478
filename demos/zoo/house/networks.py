"""What the scripts do with networks in the same way every time."""

import minigen as mg
from shared.networks import parameters_of


def adam(rate, *networks, momentum=0.5):
    """Adam for the parameters of all these networks; momentum is its first beta."""
    return mg.optim.Adam(parameters_of(*networks), rate, betas=(momentum, 0.999))
