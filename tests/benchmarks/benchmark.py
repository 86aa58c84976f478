"""minigen against PyTorch, one training step of five systems: python tests/benchmarks/benchmark.py

Both run in this process, on the same data, the same threads, in turn (A B A B ...), so that a noisy
machine disturbs both alike. What is printed is the median of each, and the median of the pairwise
ratios. Without PyTorch only minigen is timed.
"""

import argparse
import os
import platform
import statistics
import time

import numpy as np

import minigen as mg
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Layer, LeakyReLU,
                            ReLU, Reshape, Sequential, Sigmoid, Tanh)

try:
    import torch
    from torch import nn
    from torch.nn import functional as TF
except ImportError:
    torch = None


# ----------------------------------------------------------------------------------- minigen's side

def autoencoder():
    """The bare step, as PyTorch's beside it: at this size the trainer's checks and its record would
    be a tenth of the time."""
    net = Sequential(Dense(8, 3), Sigmoid(), Dense(3, 8), Sigmoid())
    parameters, x = net.parameters(), mg.backend.asarray(np.eye(8, dtype="float32"))
    optimizer = mg.optim.SGD(parameters, lr=0.3, momentum=0.9)

    def step():
        loss = mg.functional.mse_loss(net(x), x)
        optimizer.step(mg.grad(loss, parameters))
    return step


def gan(G, D, x, latent, lr=2e-4):
    trainer = mg.trainers.GANTrainer(G, D, mg.optim.Adam(G.parameters(), lr, betas=(0.5, 0.999)),
                                     mg.optim.Adam(D.parameters(), lr, betas=(0.5, 0.999)),
                                     generator_loss="non_saturating",
                                     prior=lambda m: mg.randn(m, latent))
    return lambda: trainer.step([x])


def ring_gan():
    G = Sequential(Dense(16, 128), ReLU(), Dense(128, 128), ReLU(), Dense(128, 2))
    D = Sequential(Dense(2, 128), LeakyReLU(0.2), Dense(128, 128), LeakyReLU(0.2), Dense(128, 1))
    return gan(G, D, mg.data.ring().sample(256), 16, 1e-3)


class Encoder(Layer):
    def __init__(self):
        self.hidden, self.mu, self.log_var = Dense(784, 400), Dense(400, 20), Dense(400, 20)

    def forward(self, x):
        h = mg.functional.relu(self.hidden(x))
        return self.mu(h), self.log_var(h)


def vae():
    encoder, decoder = Encoder(), Sequential(Dense(20, 400), ReLU(), Dense(400, 784))
    optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), 1e-3)
    trainer = mg.trainers.VAETrainer(encoder, decoder, optimizer)
    x = np.random.default_rng(0).random((128, 784), dtype="float32")
    return lambda: trainer.step(x)


def mlp_gan():
    sizes = [100, 128, 256, 512, 1024]
    hidden = [
        layer for i, o in zip(sizes, sizes[1:])
        for layer in (Dense(i, o), BatchNorm(o), LeakyReLU(0.2))
    ]
    G = Sequential(*hidden, Dense(1024, 784), Tanh())
    D = Sequential(Dense(784, 512), LeakyReLU(0.2), Dense(512, 256), LeakyReLU(0.2), Dense(256, 1))
    return gan(G, D, np.random.default_rng(0).random((64, 784), dtype="float32"), 100)


def dcgan():
    G = Sequential(Dense(100, 128 * 7 * 7, bias=False), Reshape(128, 7, 7), BatchNorm(128), ReLU(),
                   ConvTranspose2d(128, 64, 4, 2, 1, bias=False), BatchNorm(64), ReLU(),
                   ConvTranspose2d(64, 1, 4, 2, 1), Tanh())
    D = Sequential(Conv2d(1, 64, 4, 2, 1), LeakyReLU(0.2), Conv2d(64, 128, 4, 2, 1, bias=False),
                   BatchNorm(128), LeakyReLU(0.2), Flatten(), Dense(128 * 7 * 7, 1))
    return gan(G, D, np.random.default_rng(0).random((64, 1, 28, 28), dtype="float32"), 100)


# ----------------------------------------------------------------------------------- PyTorch's side

def torch_autoencoder(device):
    net = nn.Sequential(nn.Linear(8, 3), nn.Sigmoid(), nn.Linear(3, 8), nn.Sigmoid()).to(device)
    optimizer, x = torch.optim.SGD(net.parameters(), 0.3, momentum=0.9), torch.eye(8, device=device)

    def step():
        optimizer.zero_grad()
        TF.mse_loss(net(x), x).backward()
        optimizer.step()
    return step


def torch_gan(G, D, x, latent, lr, device):
    G, D, x = G.to(device), D.to(device), torch.as_tensor(x).to(device)
    g_optimizer, d_optimizer = (torch.optim.Adam(net.parameters(), lr, betas=(0.5, 0.999))
                                for net in (G, D))

    def step():
        fake = G(torch.randn(len(x), latent, device=device)).detach()
        d_optimizer.zero_grad()
        (-TF.logsigmoid(D(x)).mean() - TF.logsigmoid(-D(fake)).mean()).backward()
        d_optimizer.step()
        for p in D.parameters():
            p.requires_grad_(False)
        g_optimizer.zero_grad()
        (-TF.logsigmoid(D(G(torch.randn(len(x), latent, device=device)))).mean()).backward()
        g_optimizer.step()
        for p in D.parameters():
            p.requires_grad_(True)
    return step


def torch_ring_gan(device):
    G = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                      nn.Linear(128, 2))
    D = nn.Sequential(nn.Linear(2, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2),
                      nn.Linear(128, 1))
    return torch_gan(G, D, mg.data.ring().sample(256), 16, 1e-3, device)


def torch_vae(device):
    hidden, mu_layer, log_var_layer = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
    decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))
    net = nn.ModuleList([hidden, mu_layer, log_var_layer, decoder]).to(device)
    optimizer, x = torch.optim.Adam(net.parameters(), 1e-3), torch.rand(128, 784).to(device)

    def step():
        optimizer.zero_grad()
        h = torch.relu(hidden(x))
        mu, log_var = mu_layer(h), log_var_layer(h)
        logits = decoder(mu + torch.exp(0.5 * log_var) * torch.randn_like(mu))
        loss = TF.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        ((loss + 0.5 * (mu ** 2 + log_var.exp() - 1 - log_var).sum()) / len(x)).backward()
        optimizer.step()
    return step


def torch_mlp_gan(device):
    sizes = [100, 128, 256, 512, 1024]
    hidden = [
        layer for i, o in zip(sizes, sizes[1:])
        for layer in (nn.Linear(i, o), nn.BatchNorm1d(o), nn.LeakyReLU(0.2))
    ]
    G = nn.Sequential(*hidden, nn.Linear(1024, 784), nn.Tanh())
    D = nn.Sequential(nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256),
                      nn.LeakyReLU(0.2), nn.Linear(256, 1))
    return torch_gan(G, D,
                     np.random.default_rng(0).random((64, 784), dtype="float32"), 100, 2e-4, device)


def torch_dcgan(device):
    G = nn.Sequential(nn.Linear(100, 128 * 7 * 7, bias=False), nn.Unflatten(1, (128, 7, 7)),
                      nn.BatchNorm2d(128), nn.ReLU(),
                      nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64),
                      nn.ReLU(), nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh())
    D = nn.Sequential(nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2),
                      nn.Conv2d(64, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128),
                      nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 7 * 7, 1))
    return torch_gan(G, D,
                     np.random.default_rng(0).random((64, 1, 28, 28), dtype="float32"), 100, 2e-4,
                     device)


SYSTEMS = [("8-3-8 autoencoder, momentum", autoencoder, "torch_autoencoder", 3.0, 50),
           ("2-D ring GAN, width 128, batch 256", ring_gan, "torch_ring_gan", 1.3, 10),
           ("VAE 784-400-20, batch 128", vae, "torch_vae", 1.0, 5),
           ("MLP GAN on 28x28, batch 64", mlp_gan, "torch_mlp_gan", 0.9, 3),
           ("DCGAN 64-128 channels, batch 64", dcgan, "torch_dcgan", 0.7, 1)]


def wait():
    """Until the GPU is done, if there is one."""
    if mg.backend.current() is not np:
        mg.backend.current().cuda.Stream.null.synchronize()
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(step, repeat):
    wait()
    start = time.perf_counter()
    for _ in range(repeat):
        step()
    wait()
    return (time.perf_counter() - start) / repeat


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15,
                        help="pairs of measurements of each system")
    parser.add_argument("--only", default="", help="systems whose name holds this text")
    arguments = parser.parse_args()
    device = "cuda" if torch is not None and mg.backend.current() is not np else "cpu"
    print(f"{mg.backend.describe()}; {'PyTorch ' + torch.__version__ if torch else 'no PyTorch'}; "
          f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(f"{'one step of':36} {'minigen':>10} {'PyTorch':>10} {'ratio':>7} {'goal':>6}")
    for name, ours, theirs, goal, repeat in SYSTEMS:
        if arguments.only not in name:
            continue
        mine = ours()
        other = globals()[theirs](device) if torch else None
        pairs = []
        for round in range(arguments.rounds + 2):
            pair = seconds(mine, repeat), seconds(other, repeat) if other else float("nan")
            if round >= 2:                                          # the first two warm up
                pairs.append(pair)
        a, b = (statistics.median(times) * 1e3 for times in zip(*pairs))
        ratio = statistics.median(y / x for x, y in pairs)
        print(f"{name:36} {a:7.2f} ms {b:7.2f} ms {ratio:6.2f}x {goal:5.1f}x")


if __name__ == "__main__":
    main()
