"""What the trainers accept, and what a wrong call is told. Not the subject: skim it at a first
reading. Each check is one line at the place in the algorithm that needs it. Read next: options.py.
"""

import itertools
import math
import warnings

import numpy

from ..autograd import Tensor
from ..backend import array_module, asarray, current, is_array
from ..errors import NonFiniteError, in_short, unreached_error
from ..functional import sigmoid
from ..layers import Reshape, Sequential, Sigmoid
from ..modes import checked


# ------------------------------------------------------------------ when a trainer is made

def choice(name, allowed, **option):
    """ValueError unless the option is one of the allowed strings."""
    (what, value), = option.items()
    if not isinstance(value, str) or value not in allowed:
        expected = " or ".join(f'"{word}"' for word in allowed)
        raise ValueError(f"{name}: got {what} {in_short(value)}, expected {expected}")


def require_non_negative(value, what):
    """TypeError or ValueError unless value is a finite number >= 0."""
    try:
        right = math.isfinite(value) and value >= 0
    except TypeError as error:
        raise TypeError(f"{what} = {value!r}, expected a finite number >= 0; to change it during "
                        "training, assign to it in a callback") from error
    if not right:
        raise ValueError(f"{what} = {value}, expected a finite number >= 0")


def require_prior(prior, needed=False):
    """TypeError unless the prior can be called; ValueError where one is needed and missing."""
    if prior is None and needed:
        raise ValueError("GANTrainer: no noise was given, and there is no prior to draw it from: "
                         "prior=lambda m: mg.randn(m, 100)")
    if prior is not None and not callable(prior):
        raise TypeError(f"GANTrainer: the prior is {_kind(prior)}, expected a function of the "
                        "number of samples: prior=lambda m: mg.randn(m, 100)")


def names_of(optimizer, networks, what):
    """The dotted names of the optimizer's parameters, in its order; networks: prefix -> network.

    ValueError unless the optimizer has exactly the parameters of the networks that are to learn:
    all but those whose requires_grad is False."""
    if not isinstance(getattr(optimizer, "parameters", None), list):
        raise TypeError(f"{what} is {_kind(optimizer)}, expected one of minigen.optim")
    for prefix, network in networks.items():
        if not hasattr(network, "named_parameters"):
            raise TypeError(f"{what} comes with {prefix.rstrip('.') or 'a network'} that is "
                            f"{_kind(network)}, expected a layer: parameters(), named_parameters()")
    everything = {id(p): (prefix + name, p) for prefix, network in networks.items()
                  for name, p in network.named_parameters()}
    names = {key: name for key, (name, p) in everything.items() if p.requires_grad}
    given = [id(p) for p in optimizer.parameters]
    if set(given) != set(names):
        frozen = [name for key, (name, p) in everything.items()
                  if key in given and not p.requires_grad]
        raise ValueError(_wrong_parameters(given, names, frozen, what))
    return [names[p] for p in given]


def _wrong_parameters(given, names, frozen, what):
    common = set(given) & set(names)
    text = f"{what} updates {len(given)} parameters, {len(common)} of them among the {len(names)} "
    if not common and what.startswith("GANTrainer"):
        return text + "of its network. Are the two optimizers swapped?"
    text += "that are to learn."
    if frozen:
        text += f" It has {_some(frozen)}, whose requires_grad is False: leave out what is frozen."
    elif missing := [name for key, name in names.items() if key not in given]:
        text += (f" It lacks {_some(missing)}: give it all, and set requires_grad = False on those "
                 "that are to stay as they are.")
    else:
        text += f" It has {len(given) - len(common)} of another network."
    return text


def warn_of_sigmoid(network, what):
    """Warn where the network that is to return logits ends with a sigmoid.

    Only the last layer of a Sequential (or of one inside it) is looked at, passing over layers
    that only change the shape: what a `forward` of your own ends with is not."""
    place, last = [], network
    while isinstance(last, Sequential) and len(last):
        steps = last.steps          # what only changes the shape is passed over
        at = next((i for i in reversed(range(len(steps))) if not isinstance(steps[i], Reshape)), 0)
        place.append(str(at))
        last = steps[at]
    if isinstance(last, Sigmoid) or last is sigmoid:
        layer = f"layer {'.'.join(place)}, a sigmoid" if place else "a sigmoid"
        warnings.warn(
            f"{what} ends with {layer}, but what it returns is taken for logits: a second sigmoid "
            "is applied, and no probability is below 0.5 or above 0.74. The numbers may look "
            "perfect (a GAN's D(x) and D(G(z)) go to 1/2) while little is learned. Leave that "
            "layer out", stacklevel=3)


# ------------------------------------------------------------------- what a step is given

def batch(x, dtype, what, look=None):
    """A batch as an array of the library in use and of the network's dtype.

    look(x, what): a further check. TypeError: not an array of real numbers. ValueError: no batch,
    or no examples. NonFiniteError: a number that is not finite (a batch is looked at where it comes
    from, on the host; one that lies on a GPU is not, since that would synchronise, and the loss
    shows it)."""
    x = x.data if isinstance(x, Tensor) else x
    if not is_array(x):
        x = _array_of(x, what)
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"{what}: got shape {x.shape}, expected a batch (m, ...) of at least one "
                         "example")
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{what}: got dtype {x.dtype}, expected real numbers")
    finite(x, what)
    if look is not None:
        look(x, what)
    return asarray(x, dtype=dtype)


def _array_of(x, what):
    if x is None or isinstance(x, tuple):
        raise _not_an_array(x, what)
    try:
        return numpy.asarray(x)
    except (TypeError, ValueError) as error:
        raise _not_an_array(x, what) from error


def _not_an_array(x, what):
    is_several = isinstance(x, (tuple, list))
    hint = "; images and labels? give the images" if is_several else ""
    return TypeError(f"{what}: got a {type(x).__name__}, expected one array (m, ...){hint}")


def batch_and_labels(x, dtype, what):
    """[x], or [x, labels] where a tuple (x, labels) was given, as a conditional GAN takes it.

    Labels have an entry for each example; floats (one-hot, say) get the network's dtype."""
    if not isinstance(x, tuple):
        return [batch(x, dtype, what)]
    if len(x) != 2:
        raise TypeError(f"{what}: got a tuple of {len(x)}, expected an array or a pair (x, labels)")
    x, labels = batch(x[0], dtype, what), x[1]
    labels = labels.data if isinstance(labels, Tensor) else labels
    labels = labels if is_array(labels) else _array_of(labels, f"{what}, its labels")
    if labels.shape[:1] != (len(x),) or labels.dtype.kind not in "fiub":
        raise ValueError(f"{what}: got labels of {labels.dtype} {labels.shape}, expected numbers, "
                         f"one or a row of them for each of the {len(x)} examples")
    if labels.dtype.kind != "f":
        return [x, asarray(labels)]
    finite(labels, f"{what}, its labels")
    return [x, asarray(labels, dtype=dtype)]


def exactly_k(batches, k):
    """A list of the k batches; TypeError for one array, ValueError for fewer or more than k."""
    if is_array(batches) or isinstance(batches, Tensor):
        raise TypeError("step takes an iterable of k batches, got one array: step([x]) for k = 1")
    taken = list(itertools.islice(batches, k + 1))
    if len(taken) != k:
        raise ValueError(f"step: got {'fewer' if len(taken) < k else 'more'} than k = {k} real "
                         "batches")
    return taken


def number_of_examples(x):
    """m, of a batch with or without labels."""
    return len(x[0] if isinstance(x, tuple) else x)


def require_as_many(z, m):
    """ValueError unless there are m noise vectors."""
    if len(z) != m:
        raise ValueError(f"GANTrainer: got {len(z)} noise vectors for a batch of m = {m}")


def same_noise_shape(noise, mu):
    """ValueError unless there is a number of noise for each of mu."""
    if noise.shape != mu.shape:
        raise ValueError(f"VAETrainer: got noise of shape {noise.shape}, expected {mu.shape}")


def require_probabilities(x, what):
    """ValueError where a batch on the host leaves [0, 1]: its likelihood would have no bound."""
    checked(_probabilities, x, what)


def _probabilities(x, what):
    if array_module(x) is numpy and (x.min() < 0 or x.max() > 1):
        raise ValueError(f"{what}: got values from {x.min()} to {x.max()}, but the Bernoulli likeli"
                         'hood is of values in [0, 1]: scale them, or take likelihood="gaussian"')


def require_pixels(data, what):
    """The same of an array, or of the array that a Batches holds, before it is moved to a GPU."""
    data = getattr(data, "arrays", [data])[0]
    if current() is not numpy and is_array(data) and data.size and data.dtype.kind == "f":
        require_probabilities(data, what)


# --------------------------------------------------------------- what the networks return

def require_tensor(x, network, what):
    """TypeError unless the network returned a Tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{network} returned {_kind(x)}, expected a Tensor of {what} (m, ...)")


def require_logits(logits, m):
    """TypeError or ValueError unless the discriminator returned a Tensor (m, 1)."""
    if not isinstance(logits, Tensor):
        raise TypeError(f"GANTrainer: the discriminator returned {_kind(logits)}, expected a "
                        f"Tensor of logits ({m}, 1)")
    if logits.shape != (m, 1):
        raise ValueError(f"GANTrainer: the discriminator returned shape {logits.shape}, expected "
                         f"one logit per sample, ({m}, 1)")


def same_kind(real, fake):
    """ValueError unless real and generated samples have one shape; TypeError where only one of the
    two has labels."""
    if real[0].shape != fake[0].shape:
        raise ValueError(f"GANTrainer: real samples have shape {real[0].shape}, but G makes "
                         f"{fake[0].shape}")
    if len(real) > len(fake):
        raise TypeError("phase 1: the real batch: got a tuple (x, labels), but noise without "
                        "labels: give the images alone, or (z, labels) as noise")
    if len(real) < len(fake):
        raise TypeError("phase 1: the noise: got a tuple (z, labels), but a real batch without "
                        "labels: a conditional GAN takes (x, labels)")


def require_two_heads(encoded, m):
    """ValueError unless the encoder returned (mu, log_var), two Tensors of one shape (m, d)."""
    if isinstance(encoded, tuple):
        shapes = [y.shape if isinstance(y, Tensor) else type(y).__name__ for y in encoded]
        if len(shapes) == 2 and shapes[0] == shapes[1] and shapes[0] and shapes[0][0] == m:
            return
    else:
        shapes = type(encoded).__name__
    raise ValueError(f"VAETrainer: the encoder returned {shapes}, expected (mu, log_var), two "
                     "Tensors of one shape (m, d)")


def require_one_number(value, what):
    """TypeError unless value is a Tensor of shape ()."""
    if not isinstance(value, Tensor) or value.shape != ():
        raise TypeError(f"{what} returned {value!r}, expected a Tensor of one number")


def finite(value, what):
    """NonFiniteError, naming the quantity, where a value on the host is not finite."""
    checked(_finite, value, what)


def _finite(value, what):
    if array_module(value) is not numpy:
        return
    if not (math.isfinite(value) if value.ndim == 0 else numpy.isfinite(value).all()):
        holds = f"it is {value}" if value.ndim == 0 else "it holds NaN or infinity"
        raise NonFiniteError(f"{what} is not finite ({holds}). with minigen.detect_anomaly(): "
                             "names the operation that made it")


def require_used(gradients, inputs, names, what):
    """RuntimeError where the value did not depend on an input: the first are the parameters of
    these names."""
    unused = [name for name, g in zip(names, gradients) if g is None]
    if unused:
        raise RuntimeError(f"{what} does not depend on {_some(unused)}: does `forward` use it? If "
                           "it is not to be trained, leave it out of the optimizer and set its "
                           "requires_grad = False")
    for x, g in zip(inputs, gradients):
        if g is None:
            raise unreached_error(x)


# ------------------------------------------------------------------------------ in words

def _kind(x):
    """A value in a few words: never an array page after page."""
    shape = getattr(x, "shape", None)
    name = {"ndarray": "an array"}.get(type(x).__name__, f"a {type(x).__name__}")
    return name if shape is None else f"{name} of shape {tuple(shape)}"


def _some(names, most=4):
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
