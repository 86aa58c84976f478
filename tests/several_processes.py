"""What each process does in the tests of test_processes.py:

    mpiexec -n 2 python tests/several_processes.py train FOLDER

It writes what it has in the end to FOLDER, as <rank>.npz. The trainers are made here, for the test
too, which trains them in one process."""

import os
import pathlib
import shutil
import signal
import sys

import numpy as np

import minigen as mg
from minigen.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, Layer, ReLU, Sequential, Tanh

MPIEXEC = shutil.which("mpiexec", path=str(pathlib.Path(sys.executable).parent)) or "mpiexec"
M, LATENT, STEPS = 10, 3, 5             # ten rows: among four processes, two or three each


class TwoHeads(Layer):
    """x -> mu, log_var"""

    def __init__(self):
        self.hidden = Sequential(Dense(6, 8), Tanh())
        self.mu, self.log_var = Dense(8, LATENT), Dense(8, LATENT)

    def forward(self, x):
        h = self.hidden(x)
        return self.mu(h), self.log_var(h)


def autoencoder():
    encoder = Sequential(Dense(6, 8), BatchNorm(8), Tanh(), Dense(8, LATENT))
    decoder = Sequential(Dense(LATENT, 6))
    optimizer = mg.optim.SGD(encoder.parameters() + decoder.parameters(), lr=0.1, momentum=0.9)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


def vae():
    encoder, decoder = TwoHeads(), Sequential(Dense(LATENT, 8), Tanh(), Dropout(0.25), Dense(8, 6))
    optimizer = mg.optim.RMSprop(encoder.parameters() + decoder.parameters(), lr=0.01)
    return mg.trainers.VAETrainer(encoder, decoder, optimizer, likelihood="gaussian")


def gan(batches="separate"):
    G = Sequential(Dense(LATENT, 8), BatchNorm(8), ReLU(), Dense(8, 6))
    D = Sequential(Dense(6, 8), BatchNorm(8), Tanh(), Dense(8, 1))
    return mg.trainers.GANTrainer(
        G, D, mg.optim.SGD(G.parameters(), lr=0.1), mg.optim.SGD(D.parameters(), lr=0.1), k=2,
        generator_loss="non_saturating", prior=prior, batches=batches)


def joint_gan():
    return gan("joint")


def prior(m):
    return mg.randn(m, LATENT)


class Image(Layer):
    """(m, 6) -> (m, 1, 2, 3)"""

    def forward(self, x):
        return x.reshape(len(x), 1, 2, 3)


def convolutional_autoencoder():
    encoder = Sequential(Image(), Conv2d(1, 4, 3, padding=1, bias=False), BatchNorm(4), ReLU(),
                         Flatten(), Dense(24, LATENT))
    decoder = Sequential(Dense(LATENT, 6))
    optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), lr=0.01)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


TRAINERS = [autoencoder, convolutional_autoencoder, vae, gan, joint_gan]


def data():
    """23 rows: two batches an epoch, and three rows that are left out."""
    return np.random.default_rng(1).standard_normal((23, 6))


def state(trainer):
    """name -> NumPy array, of all networks and optimizers."""
    return {f"{part}/{name}": mg.to_numpy(array) if hasattr(array, "shape") else np.array(array)
            for part, owner in trainer.parts().items()
            for name, array in owner.state_dict().items()}


def made(make, seed):
    mg.seed(seed)
    trainer = make()
    return trainer, mg.parallel_training(trainer)


# ------------------------------------------------------------- what a process is asked to do

def train(folder):
    """Every trainer, by fit; from other first weights in every process."""
    found = {}
    for make in TRAINERS:
        rank = made(make, 0)[1].rank
        trainer, training = made(make, rank)
        mg.seed(0 if rank == 0 else 100 + rank)
        training.fit(data(), STEPS, batch_size=M)
        found.update({f"{make.__name__}/{name}": x for name, x in state(trainer).items()})
    np.savez(folder / f"{rank}.npz", **found)


def by_steps(folder):
    """A GAN and an autoencoder by training.step, and the noise of this process."""
    batches = np.random.default_rng(2).standard_normal((4, M, 6))
    trainer, training = made(gan, 0)
    drawn = []
    trainer.prior = lambda m: drawn.append(prior(m)) or drawn[-1]
    training.step(list(batches[:2]))
    training.step(iter(batches[2:]))
    other, other_training = made(autoencoder, 0)
    other_training.step(batches[0])
    np.savez(folder / f"{training.rank}.npz", *map(mg.to_numpy, drawn),
             **state(trainer), **{f"other/{name}": x for name, x in state(other).items()})


def resume(folder):
    """Six steps; and three, then new processes' worth of trainers that go on to six."""
    trainer, training = made(gan, 3)
    training.fit(data(), 6, batch_size=M)
    whole = state(trainer)

    trainer, training = made(gan, 3)
    training.fit(data(), 3, batch_size=M, checkpoint=folder / "checkpoint.npz")
    trainer, training = made(gan, 4 + training.rank)
    training.fit(data(), 6, batch_size=M, checkpoint=folder / "checkpoint.npz", resume=True)
    again = training.fit(data(), 6, batch_size=M, checkpoint=folder / "checkpoint.npz", resume=True)
    np.savez(folder / f"{training.rank}.npz", steps=trainer.steps, none=again is None,
             **{f"whole/{name}": x for name, x in whole.items()},
             **{f"resumed/{name}": x for name, x in state(trainer).items()})


def ring(folder):
    """Data that is drawn, not kept: each process's rows, and its noise, of one step."""
    mg.seed(0)
    G, D = Sequential(Dense(2, 2)), Sequential(Dense(2, 1))
    seen = []
    trainer = mg.trainers.GANTrainer(G, D, mg.optim.SGD(G.parameters(), lr=0.1),
                                     mg.optim.SGD(D.parameters(), lr=0.1),
                                     prior=lambda m: seen.append(mg.randn(m, 2)) or seen[-1])
    step = trainer.update_discriminator
    trainer.update_discriminator = lambda x: seen.append(x) or step(x)
    training = mg.parallel_training(trainer)
    training.fit(mg.data.ring(), 1, batch_size=M)
    np.savez(folder / f"{training.rank}.npz", *map(mg.to_numpy, seen))


def one_ends(folder, how):
    """A run of many steps, in which a process fails at the fifth."""
    trainer, training = made(gan, 0)
    rank, last = training.rank, training.size - 1
    if how == "leaves at once" and rank == last or how == "the first leaves" and rank == 0:
        sys.exit()

    def fail(trainer, record):
        if trainer.steps == 5:
            if how == "is killed" and rank == last:
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "leaves" and rank == last:
                sys.exit()
            if how == "raises" and rank == last or how == "the first raises" and rank == 0:
                raise ArithmeticError("a planted error")
            if how == "has other weights" and rank == last:
                trainer.generator.parameters()[0].data += 1e-3
            if how == "has NaN for noise" and rank == last:
                trainer.prior = lambda m: prior(m) * np.nan

    training.fit(data(), 8 if how == "has other weights" else 10**6, batch_size=M,
                 callbacks=[fail], checkpoint=folder / "checkpoint.npz", every=2)
    if how == "has other weights" and rank == 0:        # by then the others have compared
        mg.parallel_training(trainer)


def ends_early(folder, how):
    """A run that process 0 ends before its last step."""
    trainer, training = made(autoencoder, 0)

    def end(trainer, record):
        if trainer.steps == 4:
            if how == "Ctrl-C":                         # as a terminal sends it: to all
                os.kill(os.getpid(), signal.SIGINT)
            elif training.rank == 0:
                return mg.trainers.STOP

    training.fit(data(), 10**6, batch_size=M, callbacks=[end])
    np.savez(folder / f"{training.rank}.npz", steps=trainer.steps, **state(trainer))


def wrong(folder, how):
    """A call that every process refuses."""
    trainer, training = made(gan, 0)
    if how == "too few rows":
        training.fit(data(), 3, batch_size=1)
    elif how == "unequal shares":
        training.fit(mg.data.Batches(data()[:13], size=M), 3)
    elif how == "compiled":
        training.fit(data(), 3, batch_size=M, compiled=True)
    elif how == "recorder":
        training.fit(data(), 3, batch_size=M, callbacks=[mg.inspect.Recorder()])
    elif how == "no callbacks":
        training.fit(data(), 3, batch_size=M, callbacks=print)
    elif how == "no batch":
        training.step([None, None])
    else:
        small = Sequential(Dense(6, 4 + training.rank), Tanh(), Dense(4 + training.rank, LATENT))
        decoder = Sequential(Dense(LATENT, 6))
        optimizer = mg.optim.SGD(small.parameters() + decoder.parameters(), lr=0.1)
        trainer = mg.trainers.AutoencoderTrainer(small, decoder, optimizer)
        mg.parallel_training(trainer).step(data())


if __name__ == "__main__":
    mg.set_default_dtype("float64")
    task, folder, *arguments = sys.argv[1:]
    {"train": train, "by_steps": by_steps, "resume": resume, "ring": ring, "one_ends": one_ends,
     "ends_early": ends_early, "wrong": wrong}[task](pathlib.Path(folder), *arguments)
