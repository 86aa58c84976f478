"""What a kernel is, and how it comes to be called. Read __init__.py first."""

import functools

from ..backend import array_module

KERNELS = {}                # name -> Kernel


class Kernel:
    """A CUDA kernel over the elements of arrays, which broadcast as in NumPy.

    inputs, outputs: as cupy.ElementwiseKernel takes them, "T x, T slope".  definition: a function
    of the inputs that returns what the outputs hold. A kernel is called with the inputs, arrays of
    one dtype T or numbers, and then with the arrays to fill; it returns these."""

    def __init__(self, name, inputs, outputs, code, definition):
        self.name, self.inputs, self.outputs, self.code = name, inputs, outputs, code
        self.definition = definition
        self.compiled = {}                  # library -> what it makes of the code
        KERNELS[name] = self

    def __call__(self, *arguments):
        xp = array_module(arguments[-1])
        if xp not in self.compiled:
            self.compiled[xp] = xp.ElementwiseKernel(self.inputs, self.outputs, self.code,
                                                     f"minigen_{self.name}")
        return self.compiled[xp](*arguments)


def kernel(inputs, outputs, code):
    """A decorator: the kernel that equals the function below it."""
    return lambda f: Kernel(f.__name__.lstrip("_"), inputs, outputs, code, f)


def in_place_of(owner, name):
    """A decorator: the function below is called in the place of owner.name where all arrays among
    the arguments are of CuPy and of one dtype, float32 or float64."""
    def decorate(fused):
        setattr(owner, name, either(getattr(owner, name), fused))
        return fused
    return decorate


def either(plain, fused):
    """plain(...), but fused(...) for arrays of CuPy of one dtype. (A Tensor is no such array.)"""
    @functools.wraps(plain)
    def choose(*arguments, **options):
        kinds = {(array_module(x), x.dtype.char) for x in arguments if hasattr(x, "shape")}
        return (fused if _fits(kinds) else plain)(*arguments, **options)
    return choose


def _fits(kinds):
    """Whether there is one kind (library, dtype's character) alone, and kernels of it."""
    return len(kinds) == 1 and all(char in "fd" and hasattr(library, "ElementwiseKernel")
                                   for library, char in kinds)


def new(like):
    """An uninitialised array of this shape, and of this order in memory: channels stay last."""
    return array_module(like).empty_like(like)
