"""Problems whose solution is known exactly: where whole trainings must arrive, and what gradients
must satisfy."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

import minigen as mg
from minigen import functional as F, layers as L
from minigen.layers import initialisers
from minigen.metrics import minimax_value
from minigen.optim import SGD, Adam, cosine_decay
from minigen.trainers import AutoencoderTrainer, GANTrainer


@pytest.fixture(autouse=True)
def float64():
    mg.set_default_dtype("float64")


def leaf(x, name=None):
    return mg.tensor(np.asarray(x, "float64"), requires_grad=True, name=name)


# ---------------------------------------------------------------------- supervised: convex problems

def test_gradient_descent_with_weight_decay_is_ridge_regression():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 1))
    dense = L.Dense(4, 1, bias=False)
    optimizer = SGD(dense.parameters(), 0.3, momentum=0.5, weight_decay=0.2)
    for _ in range(300):
        optimizer.step(mg.grad(F.mse_loss(dense(X), y) * 0.5, dense.parameters()))
    np.testing.assert_allclose(dense.weight.numpy().T,
                               np.linalg.solve(X.T @ X / 30 + 0.2 * np.eye(4), X.T @ y / 30),
                               rtol=1e-9)


def test_gradient_and_hessian_of_logistic_regression():
    """∇ = Xᵀ (σ(Xw) − y) / m        H = Xᵀ S X / m,  S = σ (1 − σ)"""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((20, 3)), (rng.random((20, 1)) > 0.5).astype(float)
    w = leaf(rng.standard_normal((3, 1)))
    gradient, = mg.grad(F.binary_cross_entropy_with_logits(F.matmul(X, w), y), w, create_graph=True)
    X, y = mg.to_numpy(X), mg.to_numpy(y)
    p = expit(X @ w.numpy())
    np.testing.assert_allclose(gradient.numpy(), X.T @ (p - y) / 20, rtol=1e-12)
    hessian = np.concatenate([mg.grad(gradient[i, 0], w)[0].numpy().T for i in range(3)])
    np.testing.assert_allclose(hessian, X.T @ (p * (1 - p) * X) / 20, rtol=1e-12)


def test_cross_entropy_gradient_is_softmax_minus_one_hot():
    logits = leaf(np.random.default_rng(2).standard_normal((5, 3)))
    labels = np.array([0, 2, 1, 1, 0])
    found, = mg.grad(F.cross_entropy(logits, labels), logits)
    softmax = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    np.testing.assert_allclose(found.numpy(), (softmax - np.eye(3)[labels]) / 5, rtol=1e-12)


def test_the_gradient_penalty_of_a_linear_discriminator_is_its_weight():
    """R1 = γ/2 E ‖∇ₓ D‖² is γ/2 ‖w‖² for D(x) = w·x + b, with the gradient γ w: a gradient of a
    gradient."""
    D, x = L.Dense(3, 1), leaf(np.random.default_rng(3).standard_normal((4, 3)))
    slope, = mg.grad(D(x).sum(), x, create_graph=True)
    penalty = (slope * slope).sum() * (0.5 * 7.0 / 4)
    w = D.weight.numpy()
    assert penalty.item() == pytest.approx(3.5 * (w ** 2).sum())
    np.testing.assert_allclose(mg.grad(penalty, D.weight)[0].numpy(), 7 * w, rtol=1e-12)


def test_a_layer_before_a_normalisation_learns_no_scale_and_no_shift():
    """The output does not change with W → c W or b → b + c, so W · ∂L/∂W = 0 for each unit, and
    ∂L/∂b = 0."""
    dense, rng = L.Dense(5, 3), np.random.default_rng(4)
    y = L.BatchNorm(3, eps=1e-12)(dense(rng.standard_normal((7, 5))))
    W, b = mg.grad((y * rng.standard_normal((7, 3))).sum(), [dense.weight, dense.bias])
    np.testing.assert_allclose((W.numpy() * dense.weight.numpy()).sum(1), 0, atol=1e-9)
    np.testing.assert_allclose(b.numpy(), 0, atol=1e-9)
    assert np.abs(W.numpy()).max() > 0.1


@pytest.mark.parametrize("init, activation, kept", [
    (initialisers.he, L.ReLU, True), (initialisers.pytorch, L.ReLU, False)])
def test_initialisers_keep_the_size_of_values_and_gradients_through_depth(init, activation, kept):
    """He keeps the mean square of values from layer to layer; U(±1/√fan_in) loses a factor six
    at each ReLU."""
    pairs = [(L.Dense(200, 200, bias=False, init=init), activation()) for _ in range(8)]
    network = L.Sequential(*[layer for pair in pairs for layer in pair])
    x = leaf(np.random.default_rng(5).standard_normal((20, 200)))
    y = network(x)
    g, = mg.grad(y, x, np.random.default_rng(6).standard_normal((20, 200)))
    for ratio in ((y.numpy() ** 2).mean(), (g.numpy() ** 2).mean()):
        assert 1 / 3 < ratio < 3 if kept else ratio < 1e-5


# -------------------------------------------------------------------------------------- autoencoder

def test_a_linear_autoencoder_is_principal_component_analysis():
    """Baldi & Hornik 1989: its map is the projector on the leading components, and its error the
    sum of the others."""
    rng = np.random.default_rng(7)
    X = rng.standard_normal((40, 5)) @ np.diag([3, 2, 1, 0.5, 0.2])
    X = X @ np.linalg.qr(rng.standard_normal((5, 5)))[0]                            # turned
    X -= X.mean(0)
    _, singular, components = np.linalg.svd(X, full_matrices=False)
    encoder, decoder = L.Dense(5, 2, bias=False), L.Dense(2, 5, bias=False)
    trainer = AutoencoderTrainer(encoder, decoder, Adam(encoder.parameters() + decoder.parameters(),
                                                        cosine_decay(0.05, 800)))
    for _ in range(800):
        trainer.step(X)
    assert trainer.record.value == pytest.approx(float((singular[2:] ** 2).sum() / X.size),
                                                  rel=1e-6)
    np.testing.assert_allclose(decoder.weight.data @ encoder.weight.data,
                               components[:2].T @ components[:2], atol=1e-3)


# ------------------------------------------------------------------------ variational: the gradient

def test_the_reparameterised_gradient_has_the_right_mean_and_variance():
    """f(z) = (z − c)², z ~ N(mu, 1): E ∂f/∂mu = 2 (mu − c) and its variance is 4, whatever mu is (a
    score-function estimate has a⁴ + 14 a² + 15, a = mu − c)."""
    n, mu, c = 100_000, 1.3, 0.5
    means = leaf(np.full(n, mu))
    z = means + mg.randn(n)
    samples = mg.grad(((z - c) ** 2).sum(), means)[0].numpy()
    assert abs(samples.mean() - 2 * (mu - c)) < 4 * 2 / n ** 0.5
    assert samples.var() == pytest.approx(4, rel=0.03)


# --------------------------------------------------------------------------- adversarial: Dirac-GAN

class Scale:
    """x -> scale · x, the one-parameter network of the Dirac-GAN."""

    def __init__(self, value):
        self.scale = leaf([[value]], "scale")

    def __call__(self, x):
        return F.matmul(x, self.scale)

    def parameters(self):
        return [self.scale]

    def named_parameters(self):
        return [("scale", self.scale)]


def dirac_gan(theta, psi, h, generator_loss="saturating"):
    """Mescheder et al. 2018: real data at 0, G makes θ, D(x) = σ(ψ x); D moves first."""
    G, D = Scale(theta), Scale(psi)
    return GANTrainer(G, D, SGD(G.parameters(), h), SGD(D.parameters(), h),
                      generator_loss=generator_loss, prior=lambda m: np.ones((m, 1)))


def orbit(trainer, steps):
    points = [(trainer.generator.scale.item(), trainer.discriminator.scale.item())]
    for _ in range(steps):
        trainer.step([np.zeros((1, 1))])
        points.append((trainer.generator.scale.item(), trainer.discriminator.scale.item()))
    return np.array(points)


def test_dirac_gan_moves_by_its_formula():
    theta, psi, h, expected = 1.0, 1.0, 0.1, [(1.0, 1.0)]
    for _ in range(50):
        psi -= h * expit(psi * theta) * theta
        theta += h * expit(psi * theta) * psi
        expected.append((theta, psi))
    np.testing.assert_allclose(orbit(dirac_gan(1.0, 1.0, h), 50), expected, rtol=1e-12)


@pytest.mark.parametrize("generator_loss", ["saturating", "non_saturating"])
@pytest.mark.parametrize("h", [0.1, 1.0, 3.9])
def test_dirac_gan_circles_near_its_equilibrium_and_never_arrives(h, generator_loss):
    """Linearised, an iteration has determinant 1 and trace 2 − h²/4: for h < 4 it is a turn, of
    cosine 1 − h²/8."""
    points = orbit(dirac_gan(1e-5, 1e-5, h, generator_loss), 60)
    np.testing.assert_allclose(points[2:], (2 - h ** 2 / 4) * points[1:-1] - points[:-2],
                               atol=1e-9 * np.abs(points).max())
    assert np.abs(points[-20:]).max() > 0.5 * np.abs(points[:20]).max()


def test_dirac_gan_diverges_beyond_the_critical_step():
    points = orbit(dirac_gan(1e-7, 1e-7, 4.1), 12)
    np.testing.assert_allclose(points[12] / points[11], -1.5625, rtol=1e-3)  # the larger eigenvalue


def test_dirac_gan_with_the_non_saturating_loss_converges_slowly():
    """r ≈ √(8 / (t + 8/r₀²)), t = h · steps."""
    radii = np.hypot(*orbit(dirac_gan(1.0, 1.0, 0.1, "non_saturating"), 1000).T)
    np.testing.assert_allclose(radii[[500, 1000]], [0.390, 0.281], atol=5e-4)
    np.testing.assert_allclose(radii[[500, 1000]], np.sqrt(8 / (np.array([50, 100]) + 4)),
                               rtol=0.02)


# ----------------------------------------------------------------------- adversarial: two Gaussians

# a sample of N(0, 1) without chance
QUANTILES = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)[:, None]
GRID = np.linspace(-12, 14, 5201)


def theory(shift):
    """V(D*, G) for real data N(0, 1) and samples N(shift, 1)."""
    p, q = (stats.norm(m, 1).pdf(mg.to_numpy(GRID)) for m in (0, shift))
    return minimax_value(p, q, dx=float(GRID[1] - GRID[0]))


@pytest.mark.parametrize("shift, published", [(0.5, -1.325672), (1.0, -1.163451), (2.0, -0.712633)])
def test_against_a_shifted_gaussian_d_is_a_line_and_g_descends_the_divergence(shift, published):
    """The logit of D* is shift²/2 − shift · x; and with D at its best, ∂V/∂shift is the derivative
    of 2 JSD."""
    G, D = L.Dense(1, 1), L.Dense(1, 1)
    G.weight.data, G.bias.data = np.ones((1, 1)), np.array([shift])
    trainer = GANTrainer(G, D, SGD(G.parameters(), 0.0), SGD(D.parameters(), 1.5, momentum=0.8))
    for _ in range(200):
        record = trainer.update_discriminator(QUANTILES, QUANTILES)
    assert D.weight.item() == pytest.approx(-shift, abs=3e-3)
    assert D.bias.item() == pytest.approx(shift ** 2 / 2, abs=3e-3)
    assert record.value == pytest.approx(published, abs=1e-3)
    assert theory(shift) == pytest.approx(published, abs=1e-6)
    slope = (theory(shift + 1e-3) - theory(shift - 1e-3)) / 2e-3
    gradients = trainer.update_generator(4000, QUANTILES).gradients
    assert float(gradients["bias"][0]) == pytest.approx(slope, abs=2e-3)
