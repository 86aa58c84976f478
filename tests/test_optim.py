"""Optimizers against closed forms: eigenvalues, first steps by hand, the papers' own notation. And
what they refuse."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen.flat import Flat
from minigen.memory import owner_of
from minigen.optim import SGD, Adam, RMSprop, clip_norm, cosine_decay, linear_decay

OPTIMIZERS = {
    "SGD": lambda p, lr=0.1: SGD(p, lr),
    "momentum": lambda p, lr=0.1: SGD(p, lr, momentum=0.9, weight_decay=0.01),
    "Nesterov": lambda p, lr=0.1: SGD(p, lr, momentum=0.9, nesterov=True),
    "RMSprop": lambda p, lr=0.1: RMSprop(p, lr),
    "Adam": lambda p, lr=0.1: Adam(p, lr, weight_decay=0.01),
}
every_optimizer = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)


def leaf(*values):
    return mg.tensor(np.array(values, "float64"), requires_grad=True, name="p")


def path(optimizer, gradient, steps):
    """The values of the optimizer's one parameter at each step, with gradient(p) as its
    gradient."""
    p, visited = optimizer.parameters[0], []
    for _ in range(steps):
        optimizer.step([gradient(p.data)])
        visited.append(p.numpy().copy())
    return np.array(visited)


# ------------------------------------------------------------------------------------- closed forms

def test_gradient_descent_shrinks_a_quadratic_by_one_minus_lr_times_curvature():
    curvature = np.array([1.0, 3.0])
    found = path(SGD([leaf(2.0, 5.0)], lr=0.1), lambda p: curvature * p, 20)
    np.testing.assert_allclose(found[-1],
                               np.array([2.0, 5.0]) * (1 - 0.1 * curvature) ** 20, rtol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("lr, momentum, curvature", [(0.1, 0.9, 1.0), (0.3, 0.5, 0.1),
                                                     (0.05, 0.95, 30.0)])
def test_momentum_on_a_quadratic_moves_by_the_eigenvalues_of_its_matrix(
        lr, momentum, curvature, nesterov):
    """On L = a p²/2, (v, p) -> M (v, p): so p after n steps is c₁ λ₁ⁿ + c₂ λ₂ⁿ, and |λ₁ λ₂| = μ for
    the plain form."""
    velocity = np.array([momentum, curvature])                              # v' = μ v + a p
    step = np.array([0, curvature]) + momentum * velocity if nesterov else velocity
    # p' = p − lr (v' or a p + μ v')
    M = np.stack([velocity, np.array([0, 1]) - lr * step])
    eigenvalues, vectors = np.linalg.eig(M.astype(complex))
    coefficients = np.linalg.solve(vectors, [0, 1])
    n = np.arange(1, 51)
    expected = (vectors[1] * coefficients * eigenvalues ** n[:, None]).sum(1).real
    found = path(SGD([leaf(1.0)], lr, momentum, nesterov), lambda p: curvature * p, 50)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9, atol=1e-12)
    if not nesterov:
        assert abs(np.prod(eigenvalues)) == pytest.approx(momentum)


def test_nesterov_stores_the_point_that_sutskever_looks_ahead_to():
    gradient, lr, momentum = np.sin, 0.1, 0.9
    theta, u, ahead = 2.0, 0.0, []
    for _ in range(10):
        u = momentum * u - lr * gradient(theta + momentum * u)
        theta += u
        ahead.append(theta + momentum * u)
    found = path(SGD([leaf(2.0)], lr, momentum, nesterov=True), gradient, 10)
    np.testing.assert_allclose(found[:, 0], ahead, rtol=1e-12)


def test_momentum_is_goodfellows_path_at_a_constant_rate():
    theta, v, expected = 2.0, 0.0, []
    for _ in range(10):
        v = 0.9 * v - 0.1 * np.sin(theta)
        theta += v
        expected.append(theta)
    np.testing.assert_allclose(
        path(SGD([leaf(2.0)], 0.1, 0.9), np.sin, 10)[:, 0], expected, rtol=1e-12)


def test_first_three_steps_of_adam_by_hand():
    g1, g2, g3 = 0.5, -2.0, 1.0
    m1, s1 = 0.1 * g1, 0.001 * g1 ** 2
    m2, s2 = 0.9 * m1 + 0.1 * g2, 0.999 * s1 + 0.001 * g2 ** 2
    m3, s3 = 0.9 * m2 + 0.1 * g3, 0.999 * s2 + 0.001 * g3 ** 2
    p1 = 1 - 0.01 * (m1 / (1 - 0.9)) / (math.sqrt(s1 / (1 - 0.999)) + 1e-8)
    p2 = p1 - 0.01 * (m2 / (1 - 0.9 ** 2)) / (math.sqrt(s2 / (1 - 0.999 ** 2)) + 1e-8)
    p3 = p2 - 0.01 * (m3 / (1 - 0.9 ** 3)) / (math.sqrt(s3 / (1 - 0.999 ** 3)) + 1e-8)
    gradients = iter([g1, g2, g3])
    found = path(Adam([leaf(1.0)], lr=0.01), lambda p: np.array([next(gradients)]), 3)
    np.testing.assert_allclose(found[:, 0], [p1, p2, p3], rtol=1e-13)
    # the first step has the size lr
    assert p1 == pytest.approx(1 - 0.01)


def test_adams_epsilon_is_outside_the_root():
    found = path(Adam([leaf(0.0)], lr=1.0, eps=0.5), lambda p: np.array([2.0]), 1)
    assert float(found[0, 0]) == pytest.approx(-2 / (2 + 0.5), rel=1e-13)


def test_rmsprop_by_hand():
    s1 = 0.1 * 4.0
    s2 = 0.9 * s1 + 0.1 * 9.0
    p1 = 1 - 0.01 * 2 / (math.sqrt(s1) + 1e-8)
    gradients = iter([2.0, 3.0])
    found = path(RMSprop([leaf(1.0)], lr=0.01, alpha=0.9), lambda p: np.array([next(gradients)]), 2)
    np.testing.assert_allclose(found[:, 0], [p1, p1 - 0.01 * 3 / (math.sqrt(s2) + 1e-8)],
                               rtol=1e-13)


@pytest.mark.parametrize("make", [
    lambda p, decay: SGD(p, 0.1, 0.9, weight_decay=decay),
    lambda p, decay: RMSprop(p, weight_decay=decay), lambda p, decay: Adam(p, weight_decay=decay)
], ids=["SGD", "RMSprop", "Adam"])
def test_weight_decay_is_the_gradient_of_half_its_square(make):
    decayed = path(make([leaf(1.0, -2.0)], 0.3), np.cos, 5)
    np.testing.assert_allclose(decayed,
                               path(make([leaf(1.0, -2.0)], 0.0), lambda p: np.cos(p) + 0.3 * p, 5),
                               rtol=1e-13)


@every_optimizer
def test_every_optimizer_finds_a_minimum(make):
    p = leaf(3.0, -2.0)
    path(make([p], cosine_decay(0.1, end=300)), lambda p: np.array([1.0, 5.0]) * (p - 1), 300)
    # 0.01 of weight decay moves it a little
    np.testing.assert_allclose(p.numpy(), 1, atol=0.03)


# -------------------------------------------------------------- memory: large, transposed, replaced

def run(make, arrays, gradients):
    parameters = [mg.tensor(a, requires_grad=True) for a in arrays]
    for p, a in zip(parameters, arrays):
        # laid out in memory as given
        p.data = a.copy(order="K")
    optimizer = make(parameters)
    for g in gradients:
        optimizer.step(g)
    return [p.numpy() for p in parameters]


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


@every_optimizer
@pytest.mark.parametrize("lay", [np.ascontiguousarray, np.asfortranarray, lambda a: a[:, ::-1]],
                         ids=["rows", "columns", "reversed"])
def test_a_large_array_is_updated_like_its_rows_bit_for_bit(make, lay):
    array, gradients = random(300, 211), random(3, 300, 211)
    whole, = run(make, [lay(array)], [[g] for g in gradients])
    rows = run(make, list(lay(array)), [list(g) for g in gradients])
    np.testing.assert_array_equal(whole, np.stack(rows))
    assert whole.dtype == np.float32 and not np.array_equal(whole, array)


@every_optimizer
def test_a_parameter_replaced_by_one_in_another_memory_order_keeps_its_memory(make):
    array, gradients = random(300, 211), random(4, 300, 211)
    results = []
    for lay in (np.ascontiguousarray, np.asfortranarray):
        p = mg.tensor(array, requires_grad=True)
        optimizer = make([p])
        optimizer.step([gradients[0]])
        p.data = lay(p.data).copy(order="K")
        for g in gradients[1:]:
            optimizer.step([g])
        results.append(p.numpy())
    np.testing.assert_array_equal(*results)


@every_optimizer
def test_a_view_with_gaps_is_updated_in_place_and_its_gaps_are_left_alone(make):
    table = random(400, 100, 2)
    before = table.copy()
    p = mg.Tensor(table[..., 0], requires_grad=True)
    optimizer = make([p])
    optimizer.step([np.ones((400, 100), "float32")])
    np.testing.assert_array_equal(table[..., 1], before[..., 1])
    assert (table[..., 0] != before[..., 0]).all() and p.data.base is table


@every_optimizer
def test_small_parameters_move_into_one_array_and_lie_there_as_before(make):
    arrays = [random(3, 4), random(4, 3).T, random(5), random(2, 3, 4).transpose(2, 0, 1)]
    parameters = [mg.Tensor(a.copy(order="K"), requires_grad=True) for a in arrays]
    make(parameters)
    for p, a in zip(parameters, arrays):
        np.testing.assert_array_equal(p.data, a)
        assert p.data.strides == a.strides and p.version == 0
    assert len({id(owner_of(p.data)) for p in parameters}) == 1


@every_optimizer
@pytest.mark.parametrize("when", [0, 2])
def test_a_small_parameter_given_an_array_of_its_own_is_updated_there(make, when):
    gradients, results = random(4, 2, 3), []
    for replace in (False, True):
        p, q = leaf(1.0, 2.0, 3.0), leaf(4.0, 5.0, 6.0)
        optimizer = make([p, q])
        for i, g in enumerate(gradients):
            if replace and i == when:
                q.data = q.data.copy()
                mine = q.data
            optimizer.step(list(g))
        results += [np.concatenate([p.numpy(), q.numpy()])]
    np.testing.assert_array_equal(*results)
    assert q.data is mine


def test_two_optimizers_of_one_parameter_both_move_it():
    p, q = leaf(1.0), leaf(1.0)
    both, alone = SGD([p, q], 0.5), SGD([q], 0.25)
    both.step([np.ones(1), np.ones(1)])
    alone.step([np.ones(1)])
    both.step([np.ones(1), np.ones(1)])
    assert (p.item(), q.item()) == (0, -0.25)


@pytest.mark.numpy_only("a GPU computes with subnormal numbers as fast as with others")
@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.1, momentum=0.9), lambda p: Adam(p, 0.1)])
@pytest.mark.parametrize("size", [3, 200_000])                      # gathered, and in pieces
@pytest.mark.parametrize("wrap", [lambda step: step, mg.compiled], ids=["tape", "compiled"])
def test_what_fades_is_zero_before_it_is_subnormal_and_no_weight_notices(make, size, wrap,
                                                                         monkeypatch):
    """A unit that is idle after one step: where gradients stay 0, averages decay."""
    def after(steps, forget):
        with monkeypatch.context() as patch:
            if not forget:
                patch.setattr(Flat, "forget_tiny", lambda flat, array, optimizer: None)
            p = mg.tensor(np.full(size, 0.5, "float32"), requires_grad=True)
            optimizer = make([p])
            step, first = wrap(lambda g: optimizer.step([g])), np.ones(size, "float32")
            seen = []
            for i in range(steps):
                step(first if i == 0 else np.zeros_like(first))
                seen.append(abs(optimizer.state[optimizer.fades[0]]).max())
            return p.numpy(), np.array(seen)

    (p, fading), (plain, decayed) = after(950, True), after(950, False)
    tiny = np.finfo("float32").tiny
    assert 0 < decayed[-1] < tiny and fading[-1] == 0
    assert not ((0 < fading) & (fading < tiny)).any()
    assert p.tobytes() == plain.tobytes()


@every_optimizer
def test_gradients_are_left_as_they_are(make):
    p, g = leaf(1.0, 2.0), np.array([0.5, -0.5])
    optimizer = make([p])
    for _ in range(3):
        optimizer.step([g])
    assert g.tolist() == [0.5, -0.5]


# --------------------------------------------------------------------------- rates, clipping, .grad

def test_a_schedule_is_asked_with_the_number_of_steps_done():
    asked = []
    optimizer = SGD([leaf(0.0)], lr=lambda step: asked.append(step) or 10.0 ** -step)
    found = path(optimizer, lambda p: np.array([-1.0]), 3)
    assert asked == [0, 1, 2] and optimizer.steps == 3
    np.testing.assert_allclose(found[:, 0], [1, 1.1, 1.11])


def test_schedules():
    linear, cosine = linear_decay(0.2, start=10, end=20), cosine_decay(0.2, end=20, final=0.1)
    assert [linear(step) for step in (0, 10, 15, 20, 99)] == pytest.approx([0.2, 0.2, 0.1, 0, 0])
    assert [cosine(step) for step in (0, 5, 10, 20, 99)
            ] == pytest.approx([0.2, 0.15 + 0.05 * 0.5 ** 0.5, 0.15, 0.1, 0.1])


def test_clip_norm_scales_all_gradients_by_one_factor():
    gradients, norm = clip_norm([np.array([3.0, 0.0]), np.array([[4.0]])], max_norm=1.0)
    assert float(norm) == pytest.approx(5)
    np.testing.assert_allclose(np.concatenate([g.ravel() for g in gradients]), [0.6, 0, 0.8],
                               rtol=1e-6)
    (small,), norm = clip_norm([mg.tensor(np.float32([0.3, 0.4]))], max_norm=1.0)
    np.testing.assert_allclose(small, [0.3, 0.4], rtol=1e-6)
    assert float(norm) == pytest.approx(0.5) and small.dtype == np.float32


@every_optimizer
def test_without_gradients_each_parameters_grad_is_used_and_none_means_no_update(make):
    p, q = leaf(1.0), leaf(1.0)
    (p * 3).backward(np.ones(1))
    optimizer = make([p, q])
    optimizer.step()
    assert p.numpy() != 1 and q.numpy() == 1
    optimizer.zero_grad()
    assert p.grad is None


def test_a_step_raises_the_version_so_that_an_old_tape_is_refused():
    p = leaf(1.0)
    loss = (p * p).sum()
    SGD([p], 0.1).step([np.ones(1)])
    with pytest.raises(RuntimeError, match="multiply used .*name='p'.* was written to since"):
        loss.backward()


# -------------------------------------------------------------------------------------------- state

@every_optimizer
def test_a_loaded_optimizer_goes_on_bit_for_bit(make):
    a, b = leaf(1.0, 2.0), leaf(1.0, 2.0)
    first, second = make([a], linear_decay(0.1, 0, 10)), make([b], linear_decay(0.1, 0, 10))
    path(first, np.cos, 3)
    b.data = a.data.copy()
    state = first.state_dict()
    # the state is a copy, which stays
    path(first, np.cos, 3)
    second.load_state_dict(state)
    path(second, np.cos, 3)
    np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert first.steps == second.steps == 6


@pytest.mark.parametrize("spoil, message",
                         [(lambda s: s.pop("average"), "average"),
                          (lambda s: s.pop("steps"), "steps"),
                          (lambda s: s.update(velocity=np.zeros(2)), "velocity"),
                          (lambda s: s.update(square_average=np.zeros(3)), "square_average")],
                         ids=["missing", "steps", "surplus", "shape"])
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_loaded(spoil, message):
    optimizer = Adam([leaf(1.0, 2.0)])
    path(optimizer, np.cos, 2)
    before = optimizer.state_dict()
    state = {name: value + 1 for name, value in before.items()}
    spoil(state)
    with pytest.raises(ValueError, match=f"Adam.load_state_dict.*{message}"):
        optimizer.load_state_dict(state)
    assert optimizer.steps == 2
    for name in ("average", "square_average"):
        np.testing.assert_array_equal(optimizer.state_dict()[name], before[name])


# -------------------------------------------------------------------------------------- wrong calls

NAN = float("nan")


@pytest.mark.parametrize(
    "make, message",
    [(lambda p: SGD([p], -0.1), "SGD: got lr = -0.1"),
     (lambda p: Adam([p], NAN), "Adam: got lr = nan"),
     (lambda p: RMSprop([p], float("inf")), "RMSprop: got lr = inf"),
     (lambda p: SGD([p], 0.1, weight_decay=-1), "SGD: got weight_decay = -1"),
     (lambda p: SGD([p], 0.1, momentum=1.0), "momentum 1.0"),
     (lambda p: SGD([p], 0.1, momentum=NAN), "momentum nan"),
     (lambda p: SGD([p], 0.1, nesterov=True), "nesterov needs a momentum"),
     (lambda p: Adam([p], betas=(0.9, 1.0)), "Adam: got beta = 1.0"),
     (lambda p: Adam([p], betas=(-0.1, 0.9)), "Adam: got beta = -0.1"),
     (lambda p: RMSprop([p], alpha=1.5), "RMSprop: got alpha = 1.5"),
     (lambda p: Adam([p], betas=(0.9, )), "Adam: got betas"),
     (lambda p: Adam([p], eps=-1e-8), "Adam: got eps = -1e-08"),
     (lambda p: RMSprop([p], eps=NAN), "RMSprop: got eps = nan"),
     (lambda p: SGD([], 0.1), "SGD: there are no parameters"),
     (lambda p: SGD([p, leaf(0.0), p], 0.1), "name='p'.*given twice"),
     (lambda p: clip_norm([], 1.0), "clip_norm: there are no gradients"),
     (lambda p: clip_norm([np.ones(2)], -1.0), "clip_norm: got max_norm"),
     (lambda p: linear_decay(0.1, 10, 10), "linear_decay: got start = 10, end = 10"),
     (lambda p: cosine_decay(0.1, 0), "cosine_decay: got end = 0")])
def test_a_wrong_value_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make(leaf(1.0))


@pytest.mark.parametrize("parameters", [[np.ones(2)], ["weight"], lambda: [leaf(1.0) * 2]],
                         ids=["array", "text", "computed"])
def test_parameters_must_be_leaves(parameters):
    with pytest.raises(TypeError, match="SGD: .*expected leaf Tensors"):
        SGD(parameters() if callable(parameters) else parameters, 0.1)


def test_parameters_may_come_from_a_generator():
    p = leaf(1.0)
    SGD((q for q in [p]), 0.5).step([np.ones(1)])
    assert p.numpy() == 0.5


@every_optimizer
@pytest.mark.parametrize("gradients, message",
                         [([np.ones(2)], "got 1 gradients for 2"),
                          ([np.ones(2), np.ones(1), np.ones(1)], "got 3 gradients for 2"),
                          ([np.ones(2), np.ones(2)], r"shape \(2,\).*shape=\(1,\)"),
                          ([np.ones((2, 1)), np.ones(1)], r"shape \(2, 1\).*shape=\(2,\)"),
                          ([np.ones(2), 1.0], r"a float.*shape=\(1,\)")],
                         ids=["few", "many", "shape", "rank", "number"])
def test_wrong_gradients_are_refused_and_nothing_moves(make, gradients, message):
    p, q = leaf(1.0, 2.0), leaf(3.0)
    optimizer = make([p, q])
    with pytest.raises(ValueError, match=message):
        optimizer.step(gradients)
    assert p.numpy().tolist() == [1, 2] and q.numpy().tolist() == [3] and optimizer.steps == 0


@every_optimizer
def test_a_wrong_gradient_after_a_missing_one_is_noticed_before_anything_moves(make):
    p, q, r = leaf(1.0), leaf(2.0), leaf(3.0)
    optimizer = make([p, q, r])
    with pytest.raises(ValueError, match=r"shape \(2,\).*shape=\(1,\)"):
        optimizer.step([np.ones(1), None, np.ones(2)])
    assert p.numpy() == 1 and optimizer.steps == 0


@every_optimizer
def test_a_parameter_without_a_gradient_stays_as_it_is_and_so_does_its_memory(make):
    """p, q, r with a gap at q are p and r alone."""
    gradients, results = np.random.default_rng(0).standard_normal((3, 3, 1)), []
    for gap in (True, False):
        p, q, r = leaf(1.0), leaf(2.0), leaf(3.0)
        optimizer = make([p, q, r] if gap else [p, r])
        for a, b, c in gradients:
            optimizer.step([a, None, c] if gap else [a, c])
        results.append([p.item(), r.item()])
        assert q.item() == 2
    assert results[0] == results[1]


def test_a_step_without_any_grad_says_what_to_do():
    with pytest.raises(
            ValueError,
            match=r"SGD.step: no parameter has a .grad; call backward\(\) first, or give gradients"
    ):
        SGD([leaf(1.0)], 0.1).step()
