"""Training by several processes: the same weights in all, equal to those of one process that has
the whole batch and everybody's noise; and a process that dies ends all."""

import os
import pathlib
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import several_processes
from several_processes import LATENT, MPIEXEC, STEPS, TRAINERS, M, data, gan, state

import minigen as mg
from minigen.layers import Dense
from minigen.modes import during
from minigen.processes import ParallelTraining
from minigen.processes.mpi import World

pytestmark = pytest.mark.host_arrays    # everything here is compared on the host

SCRIPT = pathlib.Path(several_processes.__file__)


def mpiexec(n, task, folder, *arguments):
    """`task` of the script, by n processes: (exit status, what was printed). Twenty times as long
    as they take is a process that waits for ever: subprocess.TimeoutExpired."""
    done = subprocess.run([MPIEXEC, "-n", str(n), sys.executable, SCRIPT, task, folder, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout


def left_by(n, folder):
    """What each process wrote."""
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(n)]


def run(n, task, folder, *arguments):
    status, printed = mpiexec(n, task, folder, *arguments)
    assert status == 0, printed
    return left_by(n, folder)


@pytest.fixture(autouse=True)
def double(fresh_state):
    mg.set_default_dtype("float64")


# ------------------------------------------------------ one process that does what n have done

def rows(m, n):
    """How many of m rows each of n processes takes."""
    return [m * (r + 1) // n - m * r // n for r in range(n)]


class EverybodysDraws:
    """In the place of minigen's generator: what n processes draw for their rows, one below the
    other."""

    def __init__(self, number, n):
        self.generators = [np.random.default_rng((number, 1 + rank)) for rank in range(n)]

    def standard_normal(self, shape, dtype):
        return self._joined("standard_normal", shape, dtype)

    def random(self, shape, dtype):
        return self._joined("random", shape, dtype)

    def _joined(self, name, shape, dtype):
        return np.concatenate([getattr(generator, name)((m, *shape[1:]), dtype=dtype) for
                               generator, m in zip(self.generators, rows(shape[0], len(
                                   self.generators)))])


def by_one(trainer, n, steps, take):
    """The steps of n processes, by one: with the numbers that they draw, and the whole batch."""
    batches = iter(mg.data.Batches(data(), size=M, drop_last=True))
    for _ in range(steps):
        number = int(mg.random.generator().integers(2**63))
        with during([mg.random], "_generator", np.random.default_rng((number, 0))):
            batch = take(batches)
        with during([mg.random], "_generator", EverybodysDraws(number, n)):
            trainer.step(batch)


@pytest.fixture(scope="module", params=[2, 4])
def trained(request, tmp_path_factory):
    n = request.param
    return n, run(n, "train", tmp_path_factory.mktemp("train"))


@pytest.mark.parametrize("make", TRAINERS)
def test_every_process_has_the_weights_of_one_that_has_the_whole_batch(make, trained):
    """Ten rows among four are 2, 3, 2, 3: a plain mean of their gradients would be another one."""
    n, found = trained
    assert rows(M, n) == {2: [5, 5], 4: [2, 3, 2, 3]}[n]
    mg.seed(0)
    trainer = make()
    first = {name: x.copy() for name, x in state(trainer).items()}
    mg.seed(0)
    is_gan = isinstance(trainer, mg.trainers.GANTrainer)
    if make is several_processes.joint_gan or make is several_processes.gan:
        assert trainer.k == 2
    by_one(trainer, n, STEPS, lambda batches: [next(batches), next(batches)] if is_gan
           else next(batches))
    for name, expected in state(trainer).items():
        here = [each[f"{make.__name__}/{name}"] for each in found]
        assert all(np.array_equal(x, here[0]) for x in here), name
        assert abs(here[0] - expected).max() <= 1e-11 * max(abs(expected).max(), 1e-3), name
    moved = [name for name, x in state(trainer).items() if not np.array_equal(x, first[name])]
    assert any("running_mean" in name for name in moved) or make is several_processes.vae
    assert any(name.endswith("weight") for name in moved)


def test_a_step_by_hand_has_noise_of_its_own_in_each_process(tmp_path):
    found = run(4, "by_steps", tmp_path)
    names = [name for name in found[0] if name.startswith("arr_")]
    assert len(names) == 2 * 3                          # k = 2 times phase 1, then phase 2
    for name in names:
        noise = [each.pop(name) for each in found]
        assert [x.shape for x in noise] == [(m, LATENT) for m in rows(M, 4)]
        assert len({float(x[0, 0]) for x in noise}) == 4
    for each in found:
        for name, x in each.items():
            assert np.array_equal(x, found[0][name]), name

    mg.seed(0)
    trainer, batches = gan(), np.random.default_rng(2).standard_normal((4, M, 6))
    for pair in (batches[:2], batches[2:]):
        with during([mg.random], "_generator",
                    EverybodysDraws(int(mg.random.generator().integers(2**63)), 4)):
            trainer.step(list(pair))
    for name, expected in state(trainer).items():
        assert np.allclose(found[0][name], expected, rtol=1e-11, atol=1e-14), name


def test_a_distribution_is_drawn_once_and_shared_and_is_not_the_noise_again(tmp_path):
    found = run(2, "ring", tmp_path)
    rows, *noise = ([each[f"arr_{i}"] for each in found] for i in range(3))
    mg.seed(0)
    Dense(2, 2), Dense(2, 1)                            # the first weights come before
    number = int(mg.random.generator().integers(2**63))
    with during([mg.random], "_generator", np.random.default_rng((number, 0))):
        assert np.array_equal(np.concatenate(rows), mg.to_numpy(mg.data.ring().sample(M)))
    streams = [np.random.default_rng((number, i)).standard_normal() for i in range(3)]
    assert len({*streams}) == 3                         # a seed `number` is (number, 0)
    assert [noise[0][rank][0, 0] for rank in range(2)] == streams[1:]


def test_a_run_goes_on_from_a_checkpoint(tmp_path):
    found = run(2, "resume", tmp_path)
    for each in found:
        assert each["steps"] == 6 and each["none"]
        names = [name.removeprefix("whole/") for name in each if name.startswith("whole/")]
        for name in names:
            assert np.array_equal(each[f"whole/{name}"], each[f"resumed/{name}"]), name
            assert np.array_equal(each[f"whole/{name}"], found[0][f"whole/{name}"]), name
    # and with another number of processes, one
    trainer = gan()
    trainer.fit(data(), 7, batch_size=M, checkpoint=tmp_path / "checkpoint.npz", resume=True)
    assert trainer.steps == 7


@pytest.mark.parametrize("how", ["STOP", "Ctrl-C"])
def test_process_0_ends_the_run_of_all(how, tmp_path):
    found = run(2, "ends_early", tmp_path, how)
    assert [int(each["steps"]) for each in found] == [4, 4]
    for name, x in found[0].items():
        assert np.array_equal(x, found[1][name])


def test_what_is_shared_is_said_in_words():
    def of(size):
        return ParallelTraining(None, SimpleNamespace(rank=0, size=size))

    assert of(4).describe(64) == "4 processes, 16 of every batch of 64 each"
    assert of(4).describe(10) == "4 processes, 2 or 3 of every batch of 10 each"


# --------------------------------------------------------------------------- when one of them dies

ENDS = {"raises": "ArithmeticError: a planted error", "is killed": "",
        "leaves": "ended before the training did", "leaves at once": "before the training did",
        "has NaN for noise": "NonFiniteError: step ",
        "the first raises": "ArithmeticError: a planted error",
        "the first leaves": "process 0 ended before the training did",
        "has other weights": "has other weights than process 0"}


@pytest.mark.parametrize("how, n", [(how, 2) for how in ENDS] + [("raises", 4), ("is killed", 4)])
def test_a_process_that_dies_ends_all(how, n, tmp_path):
    status, printed = mpiexec(n, "one_ends", tmp_path, how)
    assert status != 0
    assert ENDS[how] in printed
    if how not in ("leaves at once", "the first leaves"):
        trainer = gan()
        mg.checkpoint.load(tmp_path / "checkpoint.npz", trainer)
        assert trainer.steps == 4 if how != "has other weights" else 8


@pytest.mark.parametrize("how, says", [
    ("too few rows", "ValueError: a batch of 1 for 2 processes"),
    ("unequal shares", "ValueError: the batches of one step are of different sizes"),
    ("compiled", "ValueError: fit: compiled=True, but messages between processes cannot be"),
    ("recorder", "ValueError: fit: a Recorder looks into the steps"),
    ("no callbacks", "TypeError: fit: callbacks is a builtin_function_or_method, expected a list"),
    ("no batch", "phase 1: the real batch: got a NoneType, expected one array"),
    ("other networks", "belongs to another architecture"),
])
def test_what_several_processes_cannot_do_is_an_error(how, says, tmp_path):
    status, printed = mpiexec(2, "wrong", tmp_path, how)
    assert status != 0 and says in printed


# ------------------------------------------------------------------------------- without mpiexec

def test_one_process_trains_as_it_does_alone():
    trainers = []
    for train in (lambda trainer: trainer, mg.parallel_training):
        mg.seed(5)
        trainers.append(gan())
        train(trainers[-1]).fit(data(), 3, batch_size=M)
        train(trainers[-1]).step([data()[:M], data()[-M:]])
    training = mg.parallel_training(trainers[0])
    assert (training.rank, training.size, training.describe(M)) == (0, 1, "1 process")
    for name, x in state(trainers[0]).items():
        assert np.array_equal(x, state(trainers[1])[name])


def in_python(code, **environment):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment}, cwd=SCRIPT.parent)


MAKE = ("import sys; sys.modules['mpi4py'] = None\n"            # as where it is not installed
        "import minigen as mg, several_processes\n"
        "print(mg.parallel_training(several_processes.autoencoder()).describe(10))")


def test_without_mpiexec_nothing_more_need_be_installed():
    assert in_python(MAKE).stdout == "1 process\n"
    assert in_python(MAKE, PMI_SIZE="1").stdout == "1 process\n"


def test_with_mpiexec_and_without_mpi4py_the_error_names_what_to_install():
    error = in_python(MAKE, PMI_SIZE="4").stderr
    assert "ImportError: mpiexec started 4 processes, but mpi4py" in error
    assert "pip install 'minigen[mpi]'" in error
    assert "started several processes" in in_python(MAKE, PMIX_RANK="0").stderr


def test_an_mpi4py_of_another_mpi_is_an_error():
    """Each process would else be one of one, and all would write the same files."""
    error = in_python(MAKE.replace("sys.modules['mpi4py'] = None", ""),
                      OMPI_COMM_WORLD_SIZE="3").stderr
    assert "ImportError: mpiexec started 3 processes, but mpi4py sees 1" in error


# ------------------------------------------------------------------------------------- on a GPU

class Mpi:
    """In the place of mpi4py.MPI: keeps what it is given, and answers as two equal processes do."""

    IN_PLACE, rank, size = None, 0, 2

    def __init__(self, kinds):
        self.COMM_WORLD, self.kinds, self.given = self, kinds, []

    def Get_info(self):
        return {} if self.kinds is None else {"mpi_memory_alloc_kinds": self.kinds}

    class Done:
        def Test(self):
            return True

    def Iallreduce(self, _, buffer):
        self.given.append(buffer)
        buffer *= 2
        return self.Done()


class Gpu(np.ndarray):
    """Stands for an array of CuPy."""


@pytest.mark.parametrize("kinds, kept", [("mpi,system,cuda:device", True), ("mpi,system", False),
                                         (None, False)])
def test_an_array_of_a_gpu_goes_as_it_is_only_where_the_mpi_takes_it(kinds, kept, monkeypatch):
    synchronised = []

    class cupy:                                         # what World.sum asks of the library
        class cuda:
            class Device:
                def synchronize(self):
                    synchronised.append(True)

        asarray = staticmethod(lambda x: np.asarray(x).view(Gpu))

    module = sys.modules[World.__module__]
    monkeypatch.setattr(module, "array_module", lambda x: cupy if type(x) is Gpu else np)
    monkeypatch.setattr(module, "to_numpy", lambda x: np.array(x))
    mpi, array = Mpi(kinds), np.arange(3.0).view(Gpu)
    total = World(mpi).sum(array)
    assert type(total) is Gpu and total.tolist() == [0, 2, 4]
    assert (type(mpi.given[0]) is Gpu) == kept == bool(synchronised)
