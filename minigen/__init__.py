"""minigen: a small engine for learning how generative models learn.

The list of its public names; skim it. Read next: __main__.py.
"""

import importlib

from . import backend, checkpoint, data, functional, layers, metrics, notebook, optim, trainers
from .autograd import Tensor, grad, tensor
from .backend import BackendError, set_default_dtype, to_numpy, use
from .errors import NonFiniteError
from .gradcheck import GradientMismatch, gradcheck
from .modes import detect_anomaly, frozen, no_grad
from .processes import parallel_training
from .random import randn, seed
from .replay import CompileError, compiled


def __getattr__(name):      # inspect needs Matplotlib: it is loaded when it is first asked for
    if name == "inspect":
        return importlib.import_module(".inspect", __name__)
    raise AttributeError(f"module 'minigen' has no attribute {name!r}")
