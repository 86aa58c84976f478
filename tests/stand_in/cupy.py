"""`import cupy` where this folder comes first on the path: the strict stand-in takes CuPy's place.
conftest.py puts it there for the processes that tests start."""

import sys

import strict_cupy

sys.modules["cupy"] = strict_cupy.module
