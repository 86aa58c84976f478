"""CUDA kernels: one launch in the place of several, each beside the array definition it equals.

On a GPU the arithmetic of a step takes less time than starting it: a launch is 5 to 10 µs of the
host's time, whatever the size of the arrays. What is here does in one launch what takes the array
library several. None of it is needed to understand minigen, and none of it is used on NumPy:
backend.py imports this folder when it loads CuPy, and then some functions of the files that it is
named after are called in their place for arrays of CuPy, and only for these.

    @kernel(inputs, outputs, code)      above a function of arrays, the definition; `code` is CUDA C
                                        for one element, i its number, T float or double
    @in_place_of(owner, "name")         above a function of arrays of CuPy: it is called in the
                                        place of owner.name, which goes on for all other arrays

tests/test_kernels.py compares every code with its definition. The stand-in for CuPy, on which tests
run without a GPU, computes by the definitions, since it cannot run the code.
"""

from . import elementwise, indexing, normalization, optimizers, patches
from .kernel import KERNELS

__all__ = ["KERNELS", "elementwise", "indexing", "normalization", "optimizers", "patches"]
