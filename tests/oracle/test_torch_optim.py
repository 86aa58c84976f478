"""minigen.optim and the trainers against PyTorch: single updates, then whole runs written out in
torch beside them.

A run starts from torch's weights and gets the same data and noise, in float64, so that after many
steps the weights still agree to nine digits. A frozen network uses its batch's statistics and
leaves the running ones alone, in both.
"""

import contextlib
import inspect

import numpy as np
import pytest
import torch
from torch import nn

import minigen as mg
from agreement import close
from counterpart_layers import (
    OPTIMIZERS, arrays, both, default_dtype, discriminator, generator, label)

pytestmark = pytest.mark.oracle
T = torch.nn.functional


@pytest.fixture(autouse=True)
def float64_and_the_same_weights():
    torch.manual_seed(1)
    with default_dtype("float64"):
        yield


def same_state(ours, theirs, tolerance=1e-9):
    for name, value in arrays(theirs).items():
        if "num_batches" not in name:
            close(ours.state_dict()[name], value, tolerance, name)


# ----------------------------------------------------------------------------------- single updates

@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-13), ("float32", 2e-6)])
@pytest.mark.parametrize("entry", OPTIMIZERS, ids=label)
def test_twenty_updates(entry, dtype, tolerance):
    """A small parameter, sometimes left out; one of more than 32768 elements; two that lie
    channels-last in memory."""
    name, theirs, options = entry
    rng = np.random.default_rng(0)
    shapes = [(3,), (180, 200), (16, 8, 3, 3), (64, 80, 3, 3)]
    start = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    with default_dtype(dtype):
        p = [mg.tensor(a, requires_grad=True) for a in start]
    p[2].data, p[3].data = (np.moveaxis(np.ascontiguousarray(np.moveaxis(x.data, 1, -1)), -1, 1)
                            for x in p[2:])
    q = [torch.tensor(a, requires_grad=True) for a in start]
    optimizer, expected = getattr(mg.optim, name)(p, **options), theirs(q, **options)
    for step in range(20):
        gradients = [(rng.standard_normal(shape) * 10.0 ** rng.integers(-4, 2)).astype(dtype)
                     for shape in shapes]
        for x, g in zip(q, gradients):
            x.grad = torch.tensor(g)
        if step % 3 == 1 and name == "SGD":        # None: no update, and no memory of it either
            gradients[0] = q[0].grad = None
        optimizer.step(gradients)
        expected.step()
        for x, y in zip(p, q):
            close(x, y, tolerance, f"after step {step + 1}")


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_defaults_are_those_of_torch(name):
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    for parameter in list(inspect.signature(getattr(mg.optim, name)).parameters.values())[1:]:
        if parameter.default is not inspect.Parameter.empty:
            assert parameter.default == theirs[parameter.name].default, parameter.name


@pytest.mark.parametrize("max_norm", [0.5, 1e3])
def test_clipping(max_norm):
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(shape) for shape in ((3, 4), (5,))]
    tensors = [torch.zeros(g.shape) for g in gradients]
    for t, g in zip(tensors, gradients):
        t.grad = torch.tensor(g)
    clipped, norm = mg.optim.clip_norm(gradients, max_norm)
    expected = float(nn.utils.clip_grad_norm_(tensors, max_norm))
    assert float(norm) == pytest.approx(expected, rel=1e-12)
    for ours, theirs in zip(clipped, tensors):
        close(ours, theirs.grad, 1e-12, "clipped by norm")


@pytest.mark.parametrize("schedule, theirs", [
    (mg.optim.linear_decay(0.1, 0, 8), lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, 8)),
    (mg.optim.cosine_decay(0.1, 8, 0.01),
     lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 8, 0.01)),
], ids=["linear", "cosine"])
def test_schedules(schedule, theirs):
    p, q = mg.tensor(np.ones(3), requires_grad=True), torch.ones(3, requires_grad=True)
    optimizer, expected = mg.optim.SGD([p], lr=schedule), torch.optim.SGD([q], lr=0.1)
    scheduler = theirs(expected)
    for step in range(8):
        optimizer.step([np.full(3, 1.0)])
        q.grad = torch.ones(3)
        expected.step()
        scheduler.step()
        close(p, q, 1e-12, f"after step {step + 1}")


# --------------------------------------------------------------------------------------- whole runs

@contextlib.contextmanager
def statistics_kept(module):
    """A frozen network of minigen, in torch: the statistics of the batch, and the running ones left
    alone."""
    layers = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for layer in layers:
        layer.track_running_stats = False
    yield
    for layer in layers:
        layer.track_running_stats = True


@pytest.mark.parametrize("entry", OPTIMIZERS, ids=label)
def test_twenty_steps_of_a_network(entry):
    """Each engine follows its own gradients: what differs in one step would grow."""
    name, theirs, options = entry
    ours, net = discriminator()
    optimizer = getattr(mg.optim, name)(ours.parameters(), **options)
    expected = theirs(net.parameters(), **options)
    rng = np.random.default_rng(2)
    for _ in range(20):
        x, t = rng.standard_normal((6, 1, 8, 8)), rng.integers(0, 2, (6, 1)).astype(float)
        loss = mg.functional.binary_cross_entropy_with_logits(ours(mg.tensor(x)), t)
        optimizer.step(mg.grad(loss, ours.parameters()))
        expected.zero_grad()
        T.binary_cross_entropy_with_logits(net(torch.tensor(x)), torch.tensor(t)).backward()
        expected.step()
        same_state(ours, net)


@pytest.mark.parametrize("batches", ["separate", "joint"])
@pytest.mark.parametrize("generator_loss", ["saturating", "non_saturating"])
def test_five_gan_iterations(generator_loss, batches):
    """Algorithm 1 with k = 2 and Adam, against the same loop in torch: values, gradients, weights
    and statistics."""
    (G, g), (D, d) = generator(), discriminator()
    rng = np.random.default_rng(3)
    noise = [rng.standard_normal((6, 6)) for _ in range(15)]
    real = [np.tanh(rng.standard_normal((6, 1, 8, 8))) for _ in range(10)]
    source = iter(noise)
    G_optimizer = mg.optim.Adam(G.parameters(), 2e-3, (0.5, 0.999))
    D_optimizer = mg.optim.Adam(D.parameters(), 1e-3, (0.5, 0.999))
    trainer = mg.trainers.GANTrainer(G, D, G_optimizer, D_optimizer, k=2,
                                     generator_loss=generator_loss, prior=lambda m: next(source),
                                     batches=batches)
    g_optimizer = torch.optim.Adam(g.parameters(), 2e-3, (0.5, 0.999))
    d_optimizer = torch.optim.Adam(d.parameters(), 1e-3, (0.5, 0.999), maximize=True)
    z, x = iter([torch.tensor(a) for a in noise]), iter([torch.tensor(a) for a in real])

    for i in range(5):
        record = trainer.step(real[2 * i:2 * i + 2])

        for _ in range(2):
            with torch.no_grad(), statistics_kept(g):
                fake = g(next(z))
            if batches == "separate":
                real_logits, fake_logits = d(next(x)), d(fake)
            else:
                real_logits, fake_logits = d(torch.cat([next(x), fake])).chunk(2)
            value = T.logsigmoid(real_logits).mean() + T.logsigmoid(-fake_logits).mean()
            d_optimizer.zero_grad()
            value.backward()
            d_optimizer.step()
        assert trainer.phase_1.value == pytest.approx(value.item(), rel=1e-9)
        d_real, d_fake = (x.sigmoid().mean().item() for x in (real_logits, fake_logits))
        assert trainer.phase_1.d_real == pytest.approx(d_real, rel=1e-9)
        assert trainer.phase_1.d_fake == pytest.approx(d_fake, rel=1e-9)
        for name, p in d.named_parameters():
            close(trainer.phase_1.gradients[name], p.grad, 1e-9, f"phase 1, ∂V/∂{name}")

        with statistics_kept(d):
            fake = g(next(z))
            fake.retain_grad()
            logits = d(fake)
        if generator_loss == "saturating":
            loss = T.logsigmoid(-logits).mean()
        else:
            loss = -T.logsigmoid(logits).mean()
        g_optimizer.zero_grad()
        loss.backward()
        g_optimizer.step()
        assert record.value == pytest.approx(loss.item(), rel=1e-9)
        close(record.sample_gradient, fake.grad, 1e-9, "∂value/∂G(z)")
        for name, p in g.named_parameters():
            close(record.gradients[name], p.grad, 1e-9, f"phase 2, ∂value/∂{name}")
        same_state(G, g)
        same_state(D, d)


class Encoder(mg.layers.Layer):
    """x -> (mu, log_var)"""

    def __init__(self):
        self.hidden = mg.layers.Dense(10, 8)
        self.mu, self.log_var = mg.layers.Dense(8, 3), mg.layers.Dense(8, 3)

    def forward(self, x):
        h = mg.functional.tanh(self.hidden(x))
        return self.mu(h), self.log_var(h)


class TheirEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.mu, self.log_var = nn.Linear(10, 8), nn.Linear(8, 3), nn.Linear(8, 3)

    def forward(self, x):
        h = torch.tanh(self.hidden(x))
        return self.mu(h), self.log_var(h)


def decoder():
    L = mg.layers
    return both(L.Sequential(L.Dense(3, 8), L.ReLU(), L.Dense(8, 10)),
                nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 10)))


@pytest.mark.parametrize("likelihood, beta", [("bernoulli", 1.0), ("bernoulli", 4.0),
                                              ("gaussian", 1.0)])
def test_five_vae_steps(likelihood, beta):
    """The bound from torch.distributions: log p(x|z) and the KL divergence are theirs, not written
    here."""
    from torch.distributions import Bernoulli, Normal, kl_divergence
    (encoder, their_encoder), (decode, their_decode) = both(Encoder(), TheirEncoder()), decoder()
    ours = mg.optim.Adam(encoder.parameters() + decode.parameters(), 0.01)
    trainer = mg.trainers.VAETrainer(encoder, decode, ours, beta, likelihood)
    optimizer = torch.optim.Adam([*their_encoder.parameters(), *their_decode.parameters()], 0.01)
    rng = np.random.default_rng(4)
    for _ in range(5):
        x, noise = rng.integers(0, 2, (7, 10)).astype(float), rng.standard_normal((7, 3))
        record = trainer.step(x, noise)
        mu, log_var = their_encoder(torch.tensor(x))
        q = Normal(mu, (0.5 * log_var).exp())
        output = their_decode(mu + q.scale * torch.tensor(noise))
        p = Bernoulli(logits=output) if likelihood == "bernoulli" else Normal(output, 1.0)
        reconstruction = p.log_prob(torch.tensor(x)).sum(1).mean()
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1).mean()
        optimizer.zero_grad()
        (-(reconstruction - beta * kl)).backward()
        optimizer.step()
        assert record.reconstruction == pytest.approx(reconstruction.item(), rel=1e-10)
        assert record.kl == pytest.approx(kl.item(), rel=1e-10)
        assert record.elbo == pytest.approx((reconstruction - kl).item(), rel=1e-10)
        for prefix, module in (("encoder.", their_encoder), ("decoder.", their_decode)):
            for name, parameter in module.named_parameters():
                close(record.gradients[prefix + name], parameter.grad, 1e-10, prefix + name)
        same_state(encoder, their_encoder)
        same_state(decode, their_decode)


def test_five_autoencoder_steps():
    L = mg.layers
    encode, their_encode = both(L.Sequential(L.Dense(10, 3), L.Tanh()),
                                nn.Sequential(nn.Linear(10, 3), nn.Tanh()))
    decode, their_decode = decoder()
    ours = mg.optim.SGD(encode.parameters() + decode.parameters(), 0.5, momentum=0.9)
    trainer = mg.trainers.AutoencoderTrainer(encode, decode, ours)
    optimizer = torch.optim.SGD([*their_encode.parameters(), *their_decode.parameters()], 0.5,
                                momentum=0.9)
    rng = np.random.default_rng(5)
    for _ in range(5):
        x = rng.standard_normal((7, 10))
        record = trainer.step(x)
        loss = T.mse_loss(their_decode(their_encode(torch.tensor(x))), torch.tensor(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert record.value == pytest.approx(loss.item(), rel=1e-10)
        same_state(encode, their_encode)
        same_state(decode, their_decode)
