"""Write answers.npz: what PyTorch says to small questions about every operation, layer, loss and
optimizer.

python tests/references/record.py           needs the oracle extra; the file is kept in the
repository

The questions are those of tests/oracle: counterparts.py, corners.py and counterpart_layers.py. The
file holds the versions it was made with. tests/test_references.py asks minigen the same questions,
without PyTorch.
"""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "oracle"), str(TESTS.parent)]

import numpy as np  # noqa: E402
import torch  # noqa: E402

import corners  # noqa: E402
import counterpart_layers  # noqa: E402
import counterparts  # noqa: E402
from agreement import in_dtype, numpy, torch_answer  # noqa: E402
from references.answers import PATH, save  # noqa: E402

def operations():
    """Seven draws of each operation, the last one in float32; then the corners and the extremes, in
    both."""
    dtypes = ["float64"] * 6 + ["float32"]
    questions = [(name, *draw(np.random.default_rng(seed)), dtype)
                 for name, (draw, _) in counterparts.OPERATIONS.items()
                 for seed, dtype in enumerate(dtypes)]
    questions += [(*case, dtype) for case in corners.CORNERS + corners.EXTREMES
                  for dtype in ("float64", "float32")]
    for name, inputs, options, dtype in questions:
        inputs, options = in_dtype(inputs, dtype), in_dtype(options, dtype)
        theirs = counterparts.OPERATIONS[name][1]
        answer = torch_answer(theirs, inputs, options, second=dtype == "float64")
        yield dict(name=name, dtype=dtype, inputs=inputs, options=options, answer=answer)


def layers():
    torch.manual_seed(0)
    for name, arguments, options, module, shape in counterpart_layers.LAYERS:
        for dtype in ("float64", "float32"):
            with counterpart_layers.default_dtype(dtype):
                layer = module()
            rng, indices = np.random.default_rng(0), isinstance(shape, np.ndarray)
            x = shape if indices else rng.standard_normal(shape).astype(dtype)
            u = torch.tensor(x, requires_grad=not indices)
            record = dict(name=name, arguments=arguments, options=options, dtype=dtype, input=x)
            record["state"] = counterpart_layers.arrays(layer)
            y = layer(u)
            record["grad_outputs"] = rng.standard_normal(y.shape).astype(dtype)
            leaves = [*([] if indices else [u]), *layer.parameters()]
            gradients = torch.autograd.grad(y, leaves, torch.tensor(record["grad_outputs"]))
            record["gradients"] = numpy(gradients)
            record["state_after"] = counterpart_layers.arrays(layer)
            yield dict(record, value=numpy(y), value_in_evaluation=numpy(layer.eval()(u)))


def optimizers():
    for name, theirs, options in counterpart_layers.OPTIMIZERS:
        for dtype in ("float64", "float32"):
            rng = np.random.default_rng(0)
            start = [rng.standard_normal(shape).astype(dtype) for shape in ((3,), (2, 2))]
            gradients = [[rng.standard_normal(a.shape).astype(dtype) for a in start]
                         for _ in range(5)]
            parameters = [torch.tensor(a, requires_grad=True) for a in start]
            optimizer, path = theirs(parameters, **options), []
            for step in gradients:
                for p, g in zip(parameters, step, strict=True):
                    p.grad = torch.tensor(g)
                optimizer.step()
                path.append([numpy(p).copy() for p in parameters])
            yield dict(name=name, options=options, dtype=dtype, start=start, gradients=gradients,
                       path=path)


if __name__ == "__main__":
    save(dict(
        made_with=dict(torch=torch.__version__, numpy=np.__version__),
        without_counterpart=counterparts.NO_COUNTERPART,
        layers_without_counterpart=sorted(counterpart_layers.NO_COUNTERPART),
        operations=list(operations()), layers=list(layers()), optimizers=list(optimizers())))
    print(f"{PATH.name}: {PATH.stat().st_size / 1e3:.0f} kB")
