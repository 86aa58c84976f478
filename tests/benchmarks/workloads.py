"""minigen's side: five training steps, each made by a function that returns it.

autoencoder, ring_gan, vae, mlp_gan, dcgan() -> step. The same five stand in torch_side.py and in
jax_side.py, with the same layers, batches, optimizers and precision (float32).
"""

import numpy as np

import minigen as mg
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Layer, LeakyReLU,
                            ReLU, Reshape, Sequential, Sigmoid, Tanh)

TITLES = {"autoencoder": "8-3-8 autoencoder, momentum",
          "ring_gan": "2-D ring GAN, width 128, batch 256",
          "vae": "VAE 784-400-20, batch 128",
          "mlp_gan": "MLP GAN on 28×28, batch 64",
          "dcgan": "DCGAN, 64 and 128 channels, batch 64"}


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


def dcgan(batch=64, channels=64, size=28):
    c, s = channels, size // 4
    G = Sequential(Dense(100, 2 * c * s * s, bias=False), Reshape(2 * c, s, s), BatchNorm(2 * c),
                   ReLU(), ConvTranspose2d(2 * c, c, 4, 2, 1, bias=False), BatchNorm(c), ReLU(),
                   ConvTranspose2d(c, 1, 4, 2, 1), Tanh())
    D = Sequential(Conv2d(1, c, 4, 2, 1), LeakyReLU(0.2), Conv2d(c, 2 * c, 4, 2, 1, bias=False),
                   BatchNorm(2 * c), LeakyReLU(0.2), Flatten(), Dense(2 * c * s * s, 1))
    return gan(G, D, np.random.default_rng(0).random((batch, 1, size, size), dtype="float32"), 100)
