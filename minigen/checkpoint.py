"""Save a trainer and resume it: weights, running statistics, optimizer state, random state, place in the data, step.

The file is a NumPy .npz archive without pickles: arrays under names like "generator/0.weight", and one entry of JSON,
"checkpoint". Loading reads and checks everything first, and only then changes anything. Read next: trainers/loop.py.
"""

import json
import os
import pathlib

import numpy

from . import random
from .backend import asarray, to_numpy
from .errors import NonFiniteError

FORMAT = "minigen checkpoint 2"


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or belongs to another trainer."""


def save(path, trainer):
    """Write exactly `path`, through a temporary file beside it: the old file stays until the new one is whole.

    NonFiniteError: a weight or a memory that is not finite, which nobody would want to go on from."""
    source = getattr(trainer, "source", None)
    about = {"format": FORMAT, "trainer": type(trainer).__name__, "steps": trainer.steps,
             "random": random.generator().bit_generator.state, "data": source.state() if hasattr(source, "state") else None,
             "order": _order(trainer)}
    arrays = {f"{part}/{name}": to_numpy(value) for part, owner in trainer.parts().items() for name, value in _state(owner).items()}
    for name, array in arrays.items():
        if not numpy.isfinite(array).all():
            raise NonFiniteError(f"save: {name} is not finite after step {trainer.steps}; {path} was left as it was")
    path = pathlib.Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            numpy.savez(file, checkpoint=json.dumps(about), **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path, trainer):
    """Restore in place what `save` wrote from a trainer of the same architecture, or raise and change nothing.

    FileNotFoundError; CheckpointError, naming every missing, surplus and wrong-shaped entry."""
    try:
        with numpy.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("checkpoint")))
        numpy.random.default_rng().bit_generator.state = about["random"]        # only whether it can be
        steps, place = int(about["steps"]), about["data"]
    except FileNotFoundError:
        raise
    except Exception as error:          # what a damaged file makes numpy, zipfile and json raise is a long list
        raise CheckpointError(f"{path} is no minigen checkpoint, or is damaged ({error}); nothing was loaded") from error
    if about.get("format") != FORMAT or about.get("trainer") != type(trainer).__name__:
        raise CheckpointError(f"{path} holds {about.get('format')!r} of a {about.get('trainer')}, expected {FORMAT!r} of a "
                              f"{type(trainer).__name__}; nothing was loaded")
    own = {f"{part}/{name}": value for part, owner in trainer.parts().items() for name, value in _state(owner).items()}
    wrong = [f"missing: {name}" for name in own if name not in arrays] + [f"surplus: {name}" for name in arrays if name not in own]
    wrong += [f"wrong shape: {name} is {arrays[name].shape}, expected {numpy.shape(own[name])}"
              for name in own if name in arrays and arrays[name].shape != numpy.shape(own[name])]
    wrong += [f"wrong dtype: {name} is {arrays[name].dtype}, expected {own[name].dtype}"
              for name in own if name in arrays and arrays[name].dtype != getattr(own[name], "dtype", arrays[name].dtype)]
    if wrong:
        raise CheckpointError(f"{path} belongs to another architecture; nothing was loaded\n  " + "\n  ".join(wrong))
    if about.get("order") != _order(trainer):
        raise CheckpointError(f"{path} is of an optimizer whose parameters stand in another order; nothing was loaded")
    source = getattr(trainer, "source", None)
    if place is not None and hasattr(source, "restore"):
        try:
            source.restore(place)                               # checks before it changes anything
        except ValueError as error:
            raise CheckpointError(f"{path} stands at another place in other data; nothing was loaded ({error})") from error
    for part, owner in trainer.parts().items():
        state = {name.split("/", 1)[1]: value for name, value in arrays.items() if name.startswith(f"{part}/")}
        if hasattr(owner, "load_state_dict"):
            owner.load_state_dict(state)
        else:
            for name, p in owner.named_parameters():
                p.data[...] = asarray(state[name])
                p.written()
    random.generator().bit_generator.state = about["random"]
    trainer.steps = steps
    for name in {"record", "phase_1", "phase_2"} & {*vars(trainer)}:        # of a step with other weights
        setattr(trainer, name, None)


def _order(trainer):
    """The names of each optimizer's parameters: its memories are one flat array, in this order."""
    parts = trainer.parts()
    names = {id(p): f"{part}/{name}" for part, owner in parts.items() if hasattr(owner, "named_parameters")
             for name, p in owner.named_parameters()}
    return {part: [names.get(id(p)) for p in owner.parameters] for part, owner in parts.items() if hasattr(owner, "memory")}


def _state(owner):
    """state_dict() where there is one; a bare network has at least named parameters."""
    return owner.state_dict() if hasattr(owner, "state_dict") else {name: p.data for name, p in owner.named_parameters()}
