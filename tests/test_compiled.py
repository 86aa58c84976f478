"""A compiled step: bit for bit what the tape computes, or refused."""

import collections
import functools
import types

import numpy as np
import pytest
import strict_cupy

import minigen as mg
from minigen import functional as F
from minigen import parallel
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Dropout, Flatten, Layer,
                            LeakyReLU, ReLU, Reshape, Sequential, Sigmoid, Tanh)
from minigen.replay import halves, schedule

pytestmark = pytest.mark.numpy_only("steps are compiled on NumPy alone")

STEPS = 22
rng = np.random.default_rng(0)


# ----------------------------------------------------------------------------------- workloads

class Bare:
    """The 8-3-8 network's step written out, without a trainer."""

    def __init__(self, optimizer=functools.partial(mg.optim.SGD, lr=0.3, momentum=0.9)):
        self.network = Sequential(Dense(8, 3), Sigmoid(), Dense(3, 8), Sigmoid())
        self.optimizer = optimizer(self.network.parameters())
        self.x = mg.backend.asarray(np.eye(8, dtype="float32"))

    def step(self):
        loss = F.mse_loss(self.network(self.x), self.x)
        self.optimizer.step(mg.grad(loss, self.optimizer.parameters))
        return loss


class BackwardStyle(Bare):
    def step(self):
        self.optimizer.zero_grad()
        F.mse_loss(self.network(self.x), self.x).backward()
        self.optimizer.step()


class Penalty(Bare):
    """With a gradient of a gradient: create_graph in the step."""

    def step(self):
        x = mg.tensor(self.x, requires_grad=True)
        y = self.network(x)
        (slope,) = mg.grad(y.sum(), x, create_graph=True)
        loss = F.mse_loss(y, self.x) + F.mean(F.square(slope))
        self.optimizer.step(mg.grad(loss, self.optimizer.parameters))
        return loss


def autoencoder(*layers):
    encoder = Sequential(Dense(12, 5), *layers, ReLU())
    decoder = Sequential(Dense(5, 12), Sigmoid())
    optimizer = mg.optim.RMSprop(encoder.parameters() + decoder.parameters(), weight_decay=1e-3)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


class Heads(Layer):
    def __init__(self):
        self.hidden, self.mu, self.log_var = Dense(12, 9), Dense(9, 2), Dense(9, 2)

    def forward(self, x):
        h = F.relu(self.hidden(x))
        return self.mu(h), self.log_var(h)


def vae(lr=1e-3, likelihood="bernoulli"):
    encoder, decoder = Heads(), Sequential(Dense(2, 9), Tanh(), Dense(9, 12))
    optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), lr)
    return mg.trainers.VAETrainer(encoder, decoder, optimizer, likelihood=likelihood)


def adversaries(G, D, latent, **options):
    return mg.trainers.GANTrainer(
        G, D, mg.optim.Adam(G.parameters(), 1e-3, betas=(0.5, 0.999)),
        mg.optim.Adam(D.parameters(), 1e-3, betas=(0.5, 0.999)),
        prior=lambda m: mg.randn(m, latent), **options)


def mlp_gan(**options):
    G = Sequential(Dense(4, 16), BatchNorm(16), LeakyReLU(0.2), Dense(16, 12), Tanh())
    D = Sequential(Dense(12, 16), LeakyReLU(0.2), Dropout(0.3), Dense(16, 1))
    return adversaries(G, D, 4, **options)


def large_gan():
    """With weights so large that the optimizer takes them piece by piece."""
    G = Sequential(Dense(4, 300), ReLU(), Dense(300, 300), ReLU(), Dense(300, 12))
    D = Sequential(Dense(12, 300), LeakyReLU(0.2), Dense(300, 300), LeakyReLU(0.2), Dense(300, 1))
    return adversaries(G, D, 4)


def dcgan():
    G = Sequential(Dense(4, 6 * 3 * 3, bias=False), Reshape(6, 3, 3), BatchNorm(6), ReLU(),
                   ConvTranspose2d(6, 1, 4, 2, 1), Sigmoid())
    D = Sequential(Conv2d(1, 6, 4, 2, 1), LeakyReLU(0.2), Conv2d(6, 8, 3, bias=False), BatchNorm(8),
                   LeakyReLU(0.2), Flatten(), Dense(8, 1))
    return adversaries(G, D, 4, generator_loss="non_saturating")


def batches(*shape):
    return [rng.random(shape, dtype="float32") for _ in range(STEPS)]


nothing = [()] * STEPS
single = [(x,) for x in batches(8, 12)]
lists = [([x],) for x in batches(8, 12)]

WORKLOADS = {
    "8-3-8, bare": (Bare, nothing),
    "8-3-8 by Adam": (lambda: Bare(mg.optim.Adam), nothing),
    "Nesterov": (lambda: Bare(functools.partial(mg.optim.SGD, lr=0.3, momentum=0.9, nesterov=True)),
                 nothing),
    "backward()": (BackwardStyle, nothing),
    "gradient penalty": (Penalty, nothing),
    "autoencoder": (autoencoder, single),
    "dropout": (lambda: autoencoder(Dropout(0.3)), single),
    "VAE": (vae, single),
    "gaussian VAE": (lambda: vae(likelihood="gaussian"), single),
    "schedule": (lambda: vae(mg.optim.cosine_decay(0.01, 20)), single),
    "MLP GAN": (mlp_gan, lists),
    "joint": (lambda: mlp_gan(batches="joint", generator_loss="non_saturating"), lists),
    "k = 3": (lambda: mlp_gan(k=3), [([x, y, x],) for x, y in zip(batches(8, 12), batches(8, 12))]),
    "large": (large_gan, lists),
    "DCGAN": (dcgan, [([x],) for x in batches(8, 1, 6, 6)]),
}


# ------------------------------------------------------------------------------------- equality

def state(owner):
    """name -> bytes of every weight, statistic and quantity of an optimizer."""
    if isinstance(owner, Bare):
        parts = {"network": owner.network, "optimizer": owner.optimizer}
    else:
        parts = owner.parts()
    return {(part, name): np.asarray(value).tobytes() for part, x in parts.items()
            for name, value in x.state_dict().items()}


def bits(result):
    """Every number of a step's result."""
    if isinstance(result, mg.trainers.Record):
        result = {name: getattr(result, name) for name in dir(result) if name in result._quantities}
    if isinstance(result, dict):
        return {name: bits(value) for name, value in result.items()}
    return None if result is None else np.asarray(getattr(result, "data", result)).tobytes()


def run(make, calls, wrap, between=lambda owner, i: None):
    """What the steps return and leave behind, from one seed."""
    mg.seed(3)
    owner = make()
    step, history = wrap(owner.step), []
    for i, arguments in enumerate(calls):
        between(owner, i)
        history.append((bits(step(*arguments)), state(owner), getattr(owner, "steps", 0)))
    return history


@pytest.fixture
def no_walk(monkeypatch):
    """A wrapper that compiles a step, and fails where the tape is walked in a replayed call, one
    that is not the 1st, 2nd, 4th, 8th ..."""
    def wrap(step):
        compiled, calls = mg.compiled(step), []

        def counted(*arguments):
            calls.append(arguments)
            if len(calls) & (len(calls) - 1):
                with monkeypatch.context() as patch:
                    patch.setattr("minigen.autograd._walk", None)
                    return compiled(*arguments)
            return compiled(*arguments)
        return counted
    return wrap


@pytest.mark.parametrize("name", WORKLOADS)
def test_results_weights_and_state_are_the_tapes_bit_for_bit(name, no_walk):
    make, calls = WORKLOADS[name]
    assert run(make, calls, no_walk) == run(make, calls, lambda step: step)


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("name", ["8-3-8 by Adam", "dropout", "VAE", "schedule", "MLP GAN", "k = 3",
                                  "large", "DCGAN"])
def test_shared_by_threads_too_and_with_every_product_cut(name, threads, monkeypatch):
    monkeypatch.setattr(parallel, "_helpers", [parallel._Helper() for _ in range(threads - 1)])
    monkeypatch.setattr(schedule, "_GAIN", np.inf)
    monkeypatch.setattr(halves, "_LARGE", 0)
    make, calls = WORKLOADS[name]
    found = []

    def shared(step):
        found.append(mg.compiled(step))
        return found[0]

    assert run(make, calls, shared) == run(make, calls, lambda step: step)
    assert found[0].recordings[0].program.shared.__name__ == "shared"           # by several threads


def change_rate(owner, i):
    owner.optimizer.lr = 1e-3 / (1 + i)


def change_beta(owner, i):
    owner.beta = 1.0 + i // 8


def freeze(owner, i):
    for p in owner.discriminator[0].parameters():
        p.requires_grad = i < 10


def evaluate_dropout(owner, i):
    owner.encoder[1].train(i % 10 < 5)


def replace_memory(owner, i):
    if i == 7:
        owner.encoder[0].weight.data = owner.encoder[0].weight.data * 0.5


@pytest.mark.parametrize("name, between", [
    ("VAE", change_rate), ("VAE", change_beta), ("dropout", evaluate_dropout),
    ("dropout", replace_memory)])
def test_what_is_changed_between_two_steps_acts_at_once(name, between):
    make, calls = WORKLOADS[name]
    found = run(make, calls, mg.compiled, between)
    assert found == run(make, calls, lambda step: step, between)
    assert found != run(make, calls, lambda step: step)


def test_a_rate_changed_by_hand_needs_no_new_recording(no_walk):
    make, calls = WORKLOADS["VAE"]
    run(make, calls, no_walk, change_rate)


def test_a_network_frozen_between_two_steps_stays_as_it_is():
    owner = Bare()
    parameters = owner.network.parameters()

    def step():
        loss = F.mse_loss(owner.network(owner.x), owner.x)
        learning = [p for p in parameters if p.requires_grad]
        gradients = dict(zip(map(id, learning), mg.grad(loss, learning)))
        owner.optimizer.step([gradients.get(id(p)) for p in parameters])

    compiled = mg.compiled(step)
    for i in range(8):
        parameters[0].requires_grad = i < 4
        before = parameters[0].numpy().copy(), parameters[2].numpy().copy()
        compiled()
        assert (parameters[0].numpy() == before[0]).all() == (i >= 4)
        assert (parameters[2].numpy() != before[1]).any()


def test_batches_of_two_shapes_have_a_recording_each(no_walk):
    calls = [(rng.random((8 - i % 2, 12), dtype="float32"),) for i in range(STEPS)]
    assert run(vae, calls, mg.compiled) == run(vae, calls, lambda step: step)


# -------------------------------------------------------------------------------------- records

def test_a_record_is_a_copy_and_is_read_before_the_next_call():
    trainer = vae()
    step = mg.compiled(trainer.step)
    for x, in single[:5]:
        record = step(x)
    kept, early = record.mu, record
    before = kept.copy()
    assert trainer.record.kl == record.kl and trainer.steps == 5
    step(single[0][0])
    assert (kept == before).all()
    assert early.kl                                     # read before, and kept
    with pytest.raises(RuntimeError, match="overwritten its numbers: read it before"):
        early.z


def test_versions_are_raised_so_that_an_older_tape_is_refused():
    owner = Bare()
    step = mg.compiled(owner.step)
    for _ in range(3):
        step()
    loss = F.mse_loss(owner.network(owner.x), owner.x)
    step()
    with pytest.raises(RuntimeError, match="written"):
        loss.backward()


def test_the_tape_runs_where_anomalies_are_looked_for():
    owner = Bare()
    step = mg.compiled(owner.step)
    for _ in range(3):
        step()
    owner.network[0].weight.data[0, 0] = np.nan
    with mg.detect_anomaly(), pytest.raises(mg.NonFiniteError, match="linear"):
        step()


def test_a_batch_that_is_not_finite_is_refused_in_a_replay_and_nothing_is_learned():
    trainer = vae()
    step = mg.compiled(trainer.step)
    for x, in single[:3]:
        step(x)
    before = state(trainer)
    with pytest.raises(mg.NonFiniteError, match="the batch is not finite"):
        step(np.full_like(single[0][0], np.nan))
    with pytest.raises(ValueError, match="values in"):
        step(2 * np.ones_like(single[0][0]))
    assert state(trainer) == before and trainer.steps == 3


# ------------------------------------------------------------------------------------------ fit

@pytest.mark.parametrize("make, shape", [(vae, (96, 12)), (mlp_gan, (96, 12)),
                                         (autoencoder, (96, 12)),
                                         (dcgan, (96, 1, 6, 6))])
def test_fit_may_compile_and_a_run_resumed_half_way_is_the_same(make, shape, tmp_path):
    data = np.random.default_rng(5).random(shape, dtype="float32")

    def trained(steps, **options):
        mg.seed(4)
        trainer = make()
        trainer.fit(data, steps, batch_size=16, progress=False, **options)
        return state(trainer), trainer.steps

    path = tmp_path / "half.npz"
    whole = trained(20)
    assert trained(20, compiled=True) == whole
    trained(9, compiled=True, checkpoint=path)
    assert trained(20, compiled=True, checkpoint=path, resume=True) == whole


# ------------------------------------------------------------------------------------- refusals

def refused(step, match, calls=3):
    compiled = mg.compiled(step)
    with pytest.raises(mg.CompileError, match=match):
        for _ in range(calls):
            compiled()


def test_what_is_not_the_same_at_every_call_is_refused():
    owner, own = Bare(), np.random.default_rng(1)

    def step():
        owner.x = np.eye(8, dtype="float32")
        loss = F.mse_loss(owner.network(owner.x * own.random(dtype="float32")), owner.x)
        owner.optimizer.step(mg.grad(loss, owner.optimizer.parameters))
    refused(step, r"its result|owner\.(network|optimizer).* is not what the tape computes")


@pytest.mark.parametrize("read", [
    lambda loss: loss.item(), float, lambda loss: loss > 1 or 2,
    lambda loss: np.asarray(loss.data), lambda loss: loss.data.tolist()])
def test_reading_a_number_in_the_step_is_refused_and_nothing_is_changed(read):
    owner = Bare()
    before = state(owner)

    def step():
        loss = owner.step()
        return bool(read(loss))
    refused(step, "read a number out of an array", calls=1)
    assert state(owner) == before and owner.optimizer.steps == 0


def test_a_mask_of_the_steps_own_is_refused():
    owner = Bare()
    refused(lambda: owner.x[owner.x > 0.5], "indexed by a mask")


def test_other_random_numbers_than_normal_and_uniform_ones_are_refused():
    owner = Bare()
    refused(lambda: owner.network(mg.data.ring().sample(4)), "drew random numbers by")


def test_a_result_that_cannot_be_copied_is_refused_and_nothing_is_changed():
    owner = Bare()
    before = state(owner)
    refused(lambda: types.SimpleNamespace(loss=owner.step()), "made a SimpleNamespace", calls=1)
    assert state(owner) == before


def test_results_may_be_nested():
    owner = Bare()
    Result = collections.namedtuple("Result", "loss others")
    step = mg.compiled(lambda: Result(owner.step(), {"x": [owner.x, 3]}))
    for _ in range(6):
        result = step()
    assert isinstance(result.loss, mg.Tensor) and (result.others["x"][0] == owner.x).all()
    assert result.others["x"][0] is not owner.x and result.others["x"][1] == 3


def test_a_list_that_collects_results_is_refused():
    owner, losses = Bare(), []
    refused(lambda: losses.append(owner.step()), "list losses.*return it instead")
    assert losses == []


def test_a_number_that_the_step_changes_is_refused():
    owner = Bare()
    owner.temperature = 1.0

    def step():
        owner.temperature *= 0.9
        return owner.step()
    refused(step, "changes owner.temperature")


def test_steps_are_counted_by_ones_only():
    owner = Bare()
    owner.steps = 0

    def step():
        owner.steps += 2
        return owner.step()
    refused(step, "changes owner.steps")


def test_a_step_that_changes_its_course_later_is_refused_there():
    owner = Bare()
    owner.steps = 0

    def step():
        owner.steps += 1
        return owner.step() if owner.steps < 7 else F.mse_loss(owner.network(owner.x), owner.x)
    compiled = mg.compiled(step)
    for _ in range(7):
        compiled()
    with pytest.raises(mg.CompileError, match="is not what the tape computes"):
        compiled()


def test_a_rate_of_the_steps_own_is_a_setting_and_no_optimizers_lr():
    owner, settings = Bare(), {"lr": 0.1}
    p = owner.network[0].weight

    def step():
        (g,) = mg.grad(F.mse_loss(owner.network(owner.x), owner.x), p)
        p.data[...] -= settings["lr"] * g.data
        p.written()
    compiled = mg.compiled(step)
    for _ in range(5):
        compiled()
    before, settings["lr"] = p.numpy().copy(), 0.0
    for _ in range(3):
        compiled()
    assert (p.numpy() == before).all()


def test_arguments_that_are_no_arrays_are_refused():
    trainer = mlp_gan()
    with pytest.raises(TypeError, match="of an iterator, give a list"):
        mg.compiled(trainer.step)(iter([single[0][0]]))
    with pytest.raises(TypeError, match="expected a function"):
        mg.compiled(trainer)


def test_on_a_gpu_fit_runs_by_the_tape():
    with strict_cupy.installed(), mg.use("cupy"):
        trainer = autoencoder()
        trainer.fit(np.ones((8, 12), "float32"), 9, batch_size=8, progress=False, compiled=True)
    assert trainer.steps == 9


def test_a_gpu_is_refused():
    with strict_cupy.installed(), mg.use("cupy"):
        with pytest.raises(mg.BackendError, match="not recorded"):
            mg.compiled(Bare().step)()


def test_a_step_that_is_another_at_every_call_is_told_of():
    owner = Bare()
    owner.scale = 1.0

    def step():
        return F.mean(owner.network(owner.x)) * owner.scale
    compiled = mg.compiled(step)
    with pytest.warns(UserWarning, match="ninth time"):
        for _ in range(9):
            owner.scale += 1.0
            compiled()
