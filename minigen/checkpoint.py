"""Save a trainer and resume it: weights, running statistics, optimizer state and learning rate,
random state, place in the data, step.

The file is a NumPy .npz archive without pickles: arrays under names like "generator/0.weight", and
one entry of JSON, "checkpoint". Not the subject: skim it at a first reading.
Read next: notebook.py.
"""

import json
import os
import pathlib

import numpy

from . import random
from .backend import asarray, to_numpy
from .errors import NonFiniteError
from .files import part_of, replacing

FORMAT = "minigen checkpoint 2"


class CheckpointError(ValueError):
    """A file that is not a checkpoint, is damaged, or belongs to another trainer."""


def save(path, trainer):
    """Write exactly `path`, in one piece: the old file stays until the new one is whole.

    NonFiniteError: a weight or a number of an optimizer's state is not finite, and resuming would
    be pointless. OSError: no file can be written there, or the one there is write-protected. A link
    stays a link: the file that it points to is written."""
    arrays = {name: to_numpy(array) for name, array in _arrays(trainer).items()}
    _require_finite(path, arrays, trainer)
    _require_replaceable(path)
    with replacing(os.path.realpath(path)) as file:
        numpy.savez(file, checkpoint=json.dumps(_about(trainer)), **arrays)


def load(path, trainer):
    """Restore in place what `save` wrote from a trainer of the same architecture, or raise and
    change nothing.

    A numeric learning rate and a VAE's beta are restored (where the trainer's optimizer has one and
    not a schedule); of the records of the last step, their numbers. FileNotFoundError;
    CheckpointError, naming every missing, surplus and wrong-shaped entry."""
    arrays, about = _read(path)
    _require_same_trainer(path, about, trainer)
    _require_same_arrays(path, arrays, trainer)
    _require_same_order(path, about, trainer)
    _restore_place(path, about["data"], trainer)            # checks before it changes anything

    for part, owner in trainer.parts().items():             # from here on nothing can fail
        _restore(owner, {name.split("/", 1)[1]: array for name, array in arrays.items()
                         if name.startswith(f"{part}/")})
    for part, optimizer in _optimizers(trainer).items():
        if about["rates"].get(part) is not None and not callable(optimizer.lr):
            optimizer.lr = about["rates"][part]
    random.generator().bit_generator.state = about["random"]
    numbers = {name: about["records"].get(name) for name in trainer.records()}
    trainer.resume_at(about["steps"], numbers, about["settings"])


# ------------------------------------------------------------------- what a file consists of

def _arrays(trainer):
    """"part/name" -> array, of every network and optimizer."""
    return {f"{part}/{name}": array for part, owner in trainer.parts().items()
            for name, array in _state(owner).items()}


def _about(trainer):
    """Everything that is not an array, in a form that JSON can hold."""
    source = getattr(trainer, "source", None)
    rates = {part: None if callable(optimizer.lr) else float(optimizer.lr)
             for part, optimizer in _optimizers(trainer).items()}
    records = {name: None if record is None else record.numbers()
               for name, (_, record) in trainer.records().items()}
    return {"format": FORMAT, "trainer": type(trainer).__name__, "steps": trainer.steps,
            "random": random.generator().bit_generator.state,
            "data": source.state() if hasattr(source, "state") else None,
            "order": _order(trainer), "rates": rates, "records": records,
            "settings": trainer.settings()}


def _optimizers(trainer):
    """part -> optimizer: a network's `parameters` is a method, an optimizer's is a list."""
    return {part: owner for part, owner in trainer.parts().items()
            if isinstance(getattr(owner, "parameters", None), list)}


def _order(trainer):
    """The names of each optimizer's parameters: its state is in flat arrays, in this order."""
    names = {id(p): f"{part}/{name}" for part, owner in trainer.parts().items()
             if hasattr(owner, "named_parameters") for name, p in owner.named_parameters()}
    return {part: [names.get(id(p)) for p in optimizer.parameters]
            for part, optimizer in _optimizers(trainer).items()}


def _state(owner):
    """state_dict() where there is one; a bare network has at least named parameters."""
    if hasattr(owner, "state_dict"):
        return owner.state_dict()
    return {name: p.data for name, p in owner.named_parameters()}


def _restore(owner, state):
    if hasattr(owner, "load_state_dict"):
        owner.load_state_dict(state)
    else:
        for name, p in owner.named_parameters():
            p.data[...] = asarray(state[name])
            p.written()


# ---------------------------------------------------------------------- whether a file fits

def _read(path):
    """(arrays, about) of a file. CheckpointError unless it is whole and of this kind."""
    try:
        with numpy.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("checkpoint")))
        numpy.random.default_rng().bit_generator.state = about["random"]    # can it be set?
        about.update(steps=int(about["steps"]), data=about["data"], **_added_later(about))
    except FileNotFoundError:
        raise
    except Exception as error:      # what damage makes numpy, zipfile and json raise is a long list
        raise CheckpointError(f"{path} is not a minigen checkpoint, or is damaged ({error}); "
                              "nothing was loaded") from error
    return arrays, about


def _added_later(about):
    """Learning rates, settings and the records' numbers, which older files of this format do not
    have."""
    rates = {part: rate and float(rate) for part, rate in about.get("rates", {}).items()}
    records = {name: values and dict(values) for name, values in about.get("records", {}).items()}
    return {"rates": rates, "records": records, "settings": dict(about.get("settings", {}))}


def _require_same_trainer(path, about, trainer):
    if about.get("format") != FORMAT or about.get("trainer") != type(trainer).__name__:
        raise CheckpointError(f"{path} holds {about.get('format')!r} of a {about.get('trainer')}, "
                              f"expected {FORMAT!r} of a {type(trainer).__name__}; nothing was "
                              "loaded")


def _require_same_arrays(path, arrays, trainer):
    own = {name: array if hasattr(array, "shape") else numpy.asarray(array)
           for name, array in _arrays(trainer).items()}
    both = [(name, arrays[name], own[name]) for name in own if name in arrays]
    wrong = [f"missing: {name}" for name in own if name not in arrays]
    wrong += [f"surplus: {name}" for name in arrays if name not in own]
    wrong += [f"wrong shape: {name} is {a.shape}, expected {b.shape}"
              for name, a, b in both if a.shape != b.shape]
    wrong += [f"wrong dtype: {name} is {a.dtype}, expected {b.dtype}"
              for name, a, b in both if a.dtype != b.dtype]
    if wrong:
        raise CheckpointError(f"{path} belongs to another architecture; nothing was loaded\n  "
                              + "\n  ".join(wrong))


def _require_same_order(path, about, trainer):
    if about.get("order") != _order(trainer):
        raise CheckpointError(f"{path} was saved from an optimizer with its parameters in another "
                              "order; nothing was loaded")


def _restore_place(path, place, trainer):
    source = getattr(trainer, "source", None)
    if place is not None and hasattr(source, "restore"):
        try:
            source.restore(place)
        except ValueError as error:
            raise CheckpointError(f"{path} was saved in the middle of other data; nothing was "
                                  f"loaded ({error})") from error


# ---------------------------------------------------------- whether a file can be written

def require_writable(path):
    """OSError, before anything is trained, where `save` could not write this path."""
    _require_replaceable(path)
    part = part_of(pathlib.Path(os.path.realpath(path)))
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise type(error)(f"nothing can be written beside checkpoint {path}: {error.strerror}"
                          ) from error


def _require_replaceable(path):
    """OSError unless `path` is in a directory, and not there yet or a file that may be written."""
    place = pathlib.Path(os.path.realpath(path))
    if not place.parent.is_dir():
        raise FileNotFoundError(f"the directory of checkpoint {path} does not exist")
    if place.is_dir():
        raise IsADirectoryError(f"checkpoint {str(path)!r} is a directory, expected the path of a "
                                "file")
    if place.exists() and place.stat().st_nlink > 1:
        raise OSError(f"checkpoint {path} has another name too (a hard link), which would keep the "
                      "old contents: choose another path")
    if place.is_symlink():
        raise OSError(f"checkpoint {path} is a link to itself")
    if place.exists() and not place.is_file():
        raise OSError(f"checkpoint {path} is a device or a pipe, expected the path of a file")
    if place.exists() and not (os.access(place, os.W_OK) and place.stat().st_mode & 0o222):
        raise PermissionError(f"checkpoint {path} is write-protected")


def _require_finite(path, arrays, trainer):
    for name, array in arrays.items():
        if not numpy.isfinite(array).all():
            raise NonFiniteError(f"save: {name} is not finite after step {trainer.steps}; {path} "
                                 "was left as it was")
