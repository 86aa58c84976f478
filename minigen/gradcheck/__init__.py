"""Are the gradients right? What the rules say, beside the derivative measured by moving each input.

Reading order: check.py, how a gradient is checked; differences.py, how a derivative is measured;
faults.py, what else can be wrong; cases.py, what `python -m minigen.gradcheck` checks.
"""

from .check import check_parameters, gradcheck
from .differences import numerical_gradient
from .faults import GradientMismatch

__all__ = ["GradientMismatch", "check_parameters", "gradcheck", "numerical_gradient"]
