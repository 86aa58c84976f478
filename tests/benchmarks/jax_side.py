"""JAX's side: the five steps of workloads.py, each one jitted function of the whole state, donated.

Written for this comparison by hand, layers as functions of lists of arrays. The convolutions are
what jax.lax offers (NHWC); they were not tuned, and JAX's CPU convolutions are known to be slow.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import minigen as mg

rng = np.random.default_rng(0)


def dense(i, o, bias=True):
    limit = i ** -0.5
    W = rng.uniform(-limit, limit, (i, o)).astype("float32")
    return [W, np.zeros(o, "float32")] if bias else [W]


def linear(p, x):
    return x @ p[0] + p[1] if len(p) == 2 else x @ p[0]


def leaky(x):
    return jnp.where(x > 0, x, 0.2 * x)


def norm(p, x):
    """Batch normalisation by the batch's statistics; the running ones are moved by `moved`."""
    axes = tuple(range(x.ndim - 1))
    m, v = x.mean(axes), x.var(axes)
    return (x - m) * lax.rsqrt(v + 1e-5) * p[0] + p[1], (m, v)


def moved(running, batch):
    return jax.tree.map(lambda r, b: 0.9 * r + 0.1 * b, running, batch)


def adam(p, g, state, lr, b1):
    m, s, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, g)
    s = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, s, g)
    c1, c2 = 1 - b1 ** t, 1 - 0.999 ** t
    p = jax.tree.map(lambda p, m, s: p - lr * (m / c1) / (jnp.sqrt(s / c2) + 1e-8), p, m, s)
    return p, (m, s, t)


def fresh(p):
    """Adam's state: averages of zero, and no step done."""
    zeros = jax.tree.map(np.zeros_like, p)
    return zeros, jax.tree.map(np.zeros_like, p), np.float32(0)


def repeated(function, state):
    """step(): one call of the jitted function, which turns the state into the next; finished when
    step returns."""
    jitted, held = jax.jit(function, donate_argnums=0), [jax.device_put(state)]

    def step():
        held[0] = jax.block_until_ready(jitted(held[0]))
    return step


def autoencoder():
    x = jnp.eye(8)
    p = [dense(8, 3), dense(3, 8)]

    def loss(p):
        y = jax.nn.sigmoid(linear(p[1], jax.nn.sigmoid(linear(p[0], x))))
        return ((y - x) ** 2).mean()

    def step(state):
        p, v = state
        v = jax.tree.map(lambda v, g: 0.9 * v + g, v, jax.grad(loss)(p))
        return jax.tree.map(lambda p, v: p - 0.3 * v, p, v), v
    return repeated(step, (p, jax.tree.map(np.zeros_like, p)))


def gan(g, d, G, D, x, latent, lr=2e-4):
    """g, d: (parameters, running statistics). G, D: (parameters, input) -> output, statistics."""
    x = jnp.asarray(x)

    def d_loss(d, fake):
        real_logits, _ = D(d, x)
        fake_logits, batch = D(d, fake)
        value = jax.nn.log_sigmoid(real_logits).mean() + jax.nn.log_sigmoid(-fake_logits).mean()
        return -value, batch

    def g_loss(g, d, z):
        fake, batch = G(g, z)
        return -jax.nn.log_sigmoid(D(d, fake)[0]).mean(), batch

    def step(state):
        (g, g_run), (d, d_run), g_state, d_state, key = state
        key, one, two = jax.random.split(key, 3)
        fake, _ = G(g, jax.random.normal(one, (len(x), latent)))
        gradient, batch = jax.grad(d_loss, has_aux=True)(d, fake)
        d, d_state = adam(d, gradient, d_state, lr, 0.5)
        gradient, g_batch = jax.grad(g_loss, has_aux=True)(
            g, d, jax.random.normal(two, (len(x), latent)))
        g, g_state = adam(g, gradient, g_state, lr, 0.5)
        return (g, moved(g_run, g_batch)), (d, moved(d_run, batch)), g_state, d_state, key

    return repeated(step, (g, d, fresh(g[0]), fresh(d[0]), jax.random.key(0)))


def ring_gan():
    g = [dense(16, 128), dense(128, 128), dense(128, 2)]
    d = [dense(2, 128), dense(128, 128), dense(128, 1)]

    def G(p, z):
        h = jax.nn.relu(linear(p[0], z))
        return linear(p[2], jax.nn.relu(linear(p[1], h))), ()

    def D(p, x):
        return linear(p[2], leaky(linear(p[1], leaky(linear(p[0], x))))), ()
    return gan((g, ()), (d, ()), G, D, mg.to_numpy(mg.data.ring().sample(256)), 16, 1e-3)


def vae():
    x = jnp.asarray(rng.random((128, 784), dtype="float32"))
    p = [dense(784, 400), dense(400, 20), dense(400, 20), dense(20, 400), dense(400, 784)]

    def loss(p, noise):
        h = jax.nn.relu(linear(p[0], x))
        mu, log_var = linear(p[1], h), linear(p[2], h)
        logits = linear(p[4], jax.nn.relu(linear(p[3], mu + jnp.exp(0.5 * log_var) * noise)))
        distortion = (jax.nn.softplus(logits) - x * logits).sum()
        return (distortion + 0.5 * (mu ** 2 + jnp.exp(log_var) - 1 - log_var).sum()) / len(x)

    def step(state):
        p, a, key = state
        key, one = jax.random.split(key)
        p, a = adam(p, jax.grad(loss)(p, jax.random.normal(one, (128, 20))), a, 1e-3, 0.9)
        return p, a, key
    return repeated(step, (p, fresh(p), jax.random.key(0)))


def scale(n):
    return [np.ones(n, "float32"), np.zeros(n, "float32")]


def running(n):
    return np.zeros(n, "float32"), np.ones(n, "float32")


def mlp_gan():
    sizes = [100, 128, 256, 512, 1024]
    g = [[dense(i, o), scale(o)] for i, o in zip(sizes, sizes[1:])] + [dense(1024, 784)]
    d = [dense(784, 512), dense(512, 256), dense(256, 1)]

    def G(p, z):
        batch = []
        for layer, normal in p[:-1]:
            z, statistics = norm(normal, linear(layer, z))
            z = leaky(z)
            batch.append(statistics)
        return jnp.tanh(linear(p[-1], z)), batch

    def D(p, x):
        return linear(p[2], leaky(linear(p[1], leaky(linear(p[0], x))))), ()
    return gan((g, [running(o) for o in sizes[1:]]), (d, ()), G, D,
               rng.random((64, 784), dtype="float32"), 100)


def kernel(i, o):
    limit = (16 * i) ** -0.5
    return rng.uniform(-limit, limit, (4, 4, i, o)).astype("float32")


def convolution(W, x):
    return lax.conv_general_dilated(x, W, (2, 2), ((1, 1), (1, 1)),
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def transposed(W, x):
    return lax.conv_general_dilated(x, W, (1, 1), ((2, 2), (2, 2)), lhs_dilation=(2, 2),
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def dcgan(batch=64, channels=64, size=28):
    c, s = channels, size // 4
    g = [dense(100, 2 * c * s * s, bias=False), scale(2 * c), kernel(2 * c, c), scale(c),
         kernel(c, 1), np.zeros(1, "float32")]
    d = [kernel(1, c), np.zeros(c, "float32"), kernel(c, 2 * c), scale(2 * c),
         dense(2 * c * s * s, 1)]

    def G(p, z):
        h, one = norm(p[1], linear(p[0], z).reshape(-1, s, s, 2 * c))
        h, two = norm(p[3], transposed(p[2], jax.nn.relu(h)))
        return jnp.tanh(transposed(p[4], jax.nn.relu(h)) + p[5]), (one, two)

    def D(p, x):
        h, one = norm(p[3], convolution(p[2], leaky(convolution(p[0], x) + p[1])))
        return linear(p[4], leaky(h).reshape(len(x), -1)), (one,)
    return gan((g, (running(2 * c), running(c))), (d, (running(2 * c),)), G, D,
               rng.random((batch, size, size, 1), dtype="float32"), 100)
