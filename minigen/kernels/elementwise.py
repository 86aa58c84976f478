"""Kernels of activations and losses, each for the value and for the gradient. An activation's
definition is the function, or the rule, that the operation has without them."""

from ..functional import elementwise, losses
from .kernel import Kernel, either, in_place_of, kernel, new


# --------------------------------------------------------------------------------- activations

def activation(operation, value, gradient, option=""):
    """Kernels of an operation of one array and its rule; y, g and gx are as in elementwise.py."""
    forward, rule = operation.forward, operation.rules[0]
    name = operation.__name__
    compute = Kernel(name, f"T x{option}", "T y", value, forward)
    differentiate = Kernel(f"{name}_gradient", f"T g, T y, T x{option}", "T gx", gradient, rule)
    operation.forward = either(forward, lambda x, **options: compute(
        x, *map(float, options.values()), new(x)))
    operation.rules = (either(rule, lambda g, y, x, **options: differentiate(
        g, y, x, *map(float, options.values()), new(x))),)


activation(elementwise.relu, "y = x > 0 || x != x ? x : T(0)", "gx = g * T(x > 0)")
activation(elementwise.leaky_relu, "y = x > 0 ? x : slope * x", "gx = g * (x > 0 ? T(1) : slope)",
           option=", T slope")
activation(elementwise.sigmoid, "y = T(1) / (T(1) + exp(-x))", "gx = g * y * (T(1) - y)")
activation(elementwise.tanh, "y = tanh(x)", "gx = g * (T(1) - y * y)")
activation(elementwise.softplus, "y = log1p(exp(-fabs(x))) + (x < 0 ? T(0) : x)",
           "gx = g / (T(1) + exp(-x))")
activation(elementwise.logsigmoid, "y = (x < 0 ? x : T(0)) - log1p(exp(-fabs(x)))",
           "gx = g / (T(1) + exp(x))")


# -------------------------------------------------------------------------------------- losses

@kernel("T x, T t", "T y", "y = (x - t) * (x - t)")
def squared_error(x, t):
    return (x - t) * (x - t)


@kernel("T g, T x, T t, T share", "T gx", "gx = g * (2 * share) * (x - t)")
def squared_error_gradient(g, x, t, share):
    return g * (2 * share) * (x - t)


@kernel("T x, T t", "T y", "y = log1p(exp(-fabs(x))) + (x < 0 ? T(0) : x) - x * t")
def cross_entropy(x, t):
    return losses.binary_cross_entropy_with_logits.forward(x, t, reduction="none")


@kernel("T g, T x, T t, T share", "T gx", "gx = g * share * (T(1) / (T(1) + exp(-x)) - t)")
def cross_entropy_gradient(g, x, t, share):
    return g * share * (elementwise.sigmoid.forward(x) - t)


def loss(operation, value, gradient):
    """Kernels of an operation (input, target) and of its rule for the input."""
    rule, *others = operation.rules

    @in_place_of(operation, "forward")
    def compute(input, target, *, reduction="mean"):
        x, t = losses._pair(operation.__name__, input, target, reduction)
        values = value(x, t, new(x))
        return values if reduction == "none" else getattr(values, reduction)()

    def differentiate(g, y, x, t, reduction):
        return gradient(g, x, t, losses._share(x, reduction), new(x))

    operation.rules = (either(rule, differentiate), *others)


loss(losses.mse_loss, squared_error, squared_error_gradient)
loss(losses.binary_cross_entropy_with_logits, cross_entropy, cross_entropy_gradient)
