"""`python -m minigen.gradcheck [names]`: every operation and layer, or those that are named.

Their gradients are compared with central differences, first and second order. Exit status 1 if one
is wrong.
"""

import sys

from . import GradientMismatch
from .cases import LAYERS, OPERATIONS, check


def main(names):
    unknown = [name for name in names if name not in {**OPERATIONS, **LAYERS}]
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}; "
                         f"known are {', '.join([*OPERATIONS, *LAYERS])}")
    names = names or [*OPERATIONS, *LAYERS]
    width = max(map(len, names))
    print(f"{'worst relative error':{width}}  first order  second order")
    wrong = []
    for name in names:
        try:
            first, second = check(name)
            print(f"{name:{width}}  {first:11.1e}  {second:12.1e}  right", flush=True)
        except GradientMismatch as mismatch:
            wrong.append(name)
            print(f"{name:{width}}  WRONG: {mismatch}", flush=True)
    print(f"{len(names) - len(wrong)} of {len(names)} right"
          + (f"; wrong: {', '.join(wrong)}" if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
