"""What fit accepts, and what a wrong call is told before the first step.

Not the subject: skim it at a first reading. Read next: loop.py.
"""

from .. import checkpoint as checkpoints
from ..autograd import Tensor
from ..backend import is_array
from ..errors import integer


def check_options(steps, batch_size, callbacks, checkpoint, every, resume, compiled):
    """The callbacks as a list; or an error, before anything is done."""
    if getattr(steps, "shape", ()):
        raise TypeError(f"fit: got an array of shape {tuple(steps.shape)} as steps, expected an "
                        "integer; images and labels? give the images: fit(images, steps=1000)")
    integer("fit", 0, steps=steps)
    integer("fit", 1, batch_size=batch_size, every=every)
    if callable(callbacks) or not hasattr(callbacks, "__iter__"):
        raise TypeError(f"fit: callbacks is a {type(callbacks).__name__}, expected a list of "
                        "functions: callbacks=[...]")
    callbacks = [*callbacks]
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"fit: callbacks has a {type(callback).__name__}, expected functions "
                            "(trainer, record)")
        if compiled and hasattr(callback, "around"):
            raise ValueError(f"fit: a {type(callback).__name__} watches the lines of the step "
                             "run, and a compiled step does not run them: compiled=False")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs the path of a checkpoint")
    if checkpoint is not None:
        checkpoints.require_writable(checkpoint)
    return callbacks


def check_data(data):
    """TypeError or ValueError for data that fit would misread: rows taken for batches, or images
    together with their labels."""
    kind = type(data).__name__
    if _images_and_labels(data):
        raise TypeError(f"fit: got a {kind} of {len(data)} as data. Images and labels? give the "
                        "images: fit(images, ...), or Batches(images, labels, size=64) to a "
                        "conditional GAN. Batches? give a list of them")
    if is_array(data) and data.ndim == 0:
        raise ValueError("fit: got an array of no dimensions as data, expected (N, ...)")
    if isinstance(data, Tensor) or hasattr(data, "shape") and not is_array(data):
        library = type(data).__module__.split(".")[0]
        way = "minigen.to_numpy" if isinstance(data, Tensor) else "numpy.asarray"
        raise TypeError(f"fit: got a {library}.{kind} as data, expected an array: {way}(data)")
    if isinstance(data, (str, bytes, dict)) or not hasattr(data, "__iter__") and \
            not hasattr(data, "sample"):
        raise TypeError(f"fit: got a {kind} as data, expected an array, a distribution with "
                        "sample(m), a minigen.data.Batches or an iterable of batches")
    if isinstance(data, list) and data and not _may_be_batch(data[0]):
        raise TypeError(f"fit: got a list of {type(data[0]).__name__} as data, expected an array: "
                        "numpy.stack([numpy.asarray(x) for x in data]) makes one of pictures")


def _images_and_labels(data):
    """A tuple, or a list of an array and as many labels."""
    pair = isinstance(data, list) and len(data) == 2 and all(map(is_array, data))
    return isinstance(data, tuple) or pair and data[1].ndim == 1 and len(data[0]) == len(data[1])


def _may_be_batch(x):
    return hasattr(x, "shape") or isinstance(x, (tuple, list))
