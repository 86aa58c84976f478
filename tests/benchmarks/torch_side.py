"""PyTorch's side: the five steps of workloads.py as a PyTorch user would write them.

`wrap` is set to torch.compile for the compiled side: the forward passes with their losses and the
optimizers' steps go through it; the order of a GAN's phases stays in Python.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as TF

import minigen as mg


def wrap(function):
    return function


def autoencoder():
    net = nn.Sequential(nn.Linear(8, 3), nn.Sigmoid(), nn.Linear(3, 8), nn.Sigmoid())
    optimizer, x = torch.optim.SGD(net.parameters(), 0.3, momentum=0.9), torch.eye(8)
    loss, update = wrap(lambda: TF.mse_loss(net(x), x)), wrap(optimizer.step)

    def step():
        optimizer.zero_grad()
        loss().backward()
        update()
    return step


def gan(G, D, x, latent, lr=2e-4):
    x = torch.as_tensor(x)
    g_optimizer, d_optimizer = (torch.optim.Adam(net.parameters(), lr, betas=(0.5, 0.999))
                                for net in (G, D))
    generate = wrap(lambda z: G(z))
    d_loss = wrap(lambda fake: -TF.logsigmoid(D(x)).mean() - TF.logsigmoid(-D(fake)).mean())
    g_loss = wrap(lambda z: -TF.logsigmoid(D(G(z))).mean())
    d_update, g_update = wrap(d_optimizer.step), wrap(g_optimizer.step)

    def step():
        with torch.no_grad():
            fake = generate(torch.randn(len(x), latent))
        d_optimizer.zero_grad()
        d_loss(fake).backward()
        d_update()
        for p in D.parameters():
            p.requires_grad_(False)
        g_optimizer.zero_grad()
        g_loss(torch.randn(len(x), latent)).backward()
        g_update()
        for p in D.parameters():
            p.requires_grad_(True)
    return step


def ring_gan():
    G = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                      nn.Linear(128, 2))
    D = nn.Sequential(nn.Linear(2, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2),
                      nn.Linear(128, 1))
    return gan(G, D, mg.to_numpy(mg.data.ring().sample(256)), 16, 1e-3)


def vae():
    hidden, mu_layer, log_var_layer = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
    decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))
    net = nn.ModuleList([hidden, mu_layer, log_var_layer, decoder])
    optimizer, x = torch.optim.Adam(net.parameters(), 1e-3), torch.rand(128, 784)

    def descended(noise):
        h = torch.relu(hidden(x))
        mu, log_var = mu_layer(h), log_var_layer(h)
        logits = decoder(mu + torch.exp(0.5 * log_var) * noise)
        distortion = TF.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (distortion + 0.5 * (mu ** 2 + log_var.exp() - 1 - log_var).sum()) / len(x)

    loss, update = wrap(descended), wrap(optimizer.step)

    def step():
        optimizer.zero_grad()
        loss(torch.randn(len(x), 20)).backward()
        update()
    return step


def mlp_gan():
    sizes = [100, 128, 256, 512, 1024]
    hidden = [layer for i, o in zip(sizes, sizes[1:])
              for layer in (nn.Linear(i, o), nn.BatchNorm1d(o), nn.LeakyReLU(0.2))]
    G = nn.Sequential(*hidden, nn.Linear(1024, 784), nn.Tanh())
    D = nn.Sequential(nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256),
                      nn.LeakyReLU(0.2), nn.Linear(256, 1))
    return gan(G, D, np.random.default_rng(0).random((64, 784), dtype="float32"), 100)


def dcgan(batch=64, channels=64, size=28):
    c, s = channels, size // 4
    G = nn.Sequential(nn.Linear(100, 2 * c * s * s, bias=False), nn.Unflatten(1, (2 * c, s, s)),
                      nn.BatchNorm2d(2 * c), nn.ReLU(),
                      nn.ConvTranspose2d(2 * c, c, 4, 2, 1, bias=False), nn.BatchNorm2d(c),
                      nn.ReLU(), nn.ConvTranspose2d(c, 1, 4, 2, 1), nn.Tanh())
    D = nn.Sequential(nn.Conv2d(1, c, 4, 2, 1), nn.LeakyReLU(0.2),
                      nn.Conv2d(c, 2 * c, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * c),
                      nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(2 * c * s * s, 1))
    return gan(G, D, np.random.default_rng(0).random((batch, 1, size, size), dtype="float32"), 100)
