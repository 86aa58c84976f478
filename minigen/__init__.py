"""minigen: a small engine for learning how generative models learn."""

from . import backend, checkpoint, data, functional, layers, metrics, optim, trainers
from .autograd import Tensor, grad, tensor
from .backend import BackendError, set_default_dtype, to_numpy, use
from .compiled import CompileError, compiled
from .errors import NonFiniteError
from .gradcheck import GradientMismatch, gradcheck
from .modes import detect_anomaly, frozen, no_grad
from .random import randn, seed
