"""What must be true of every script of the zoo, whatever its idea: its phases are looked at from
outside, through one convention (demos/zoo/README.md).

    game = new_game(idea)               networks and, named NAME_optimizer, who moves them
    iteration(game, *batch)             all phases once: {NAME: the loss that NAME's step descended}
    batches()                           endless real batches

Every optimizer of the game is replaced by a Probe, which sees the gradients that a phase hands it
and the state of all networks before and after; it may let the step happen or not.
"""

import copy
import importlib
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

import minigen as mg
from minigen.layers import Layer

ZOO = Path(__file__).resolve().parents[2] / "demos" / "zoo"
sys.path.insert(0, str(ZOO))
from house.catalogue import SCRIPTS  # noqa: E402

pytestmark = pytest.mark.zoo


@pytest.fixture(params=SCRIPTS)
def script(request):
    return importlib.import_module(request.param)


def networks(game):
    """name -> every network of the game"""
    return {name: value for name, value in vars(game).items() if isinstance(value, Layer)}


def states(game):
    """(network, entry) -> a copy of the array, of every parameter and running statistic"""
    return {(name, entry): mg.to_numpy(array)
            for name, network in networks(game).items()
            for entry, array in network.state_dict().items()}


def changed(before, after):
    return {key for key in before if not np.array_equal(before[key], after[key], equal_nan=True)}


class Probe:
    """In the place of the optimizer of `player`: notes what it is given, and steps if `steps`."""

    def __init__(self, game, player, optimizer, events, steps):
        self.game, self.player, self.optimizer = game, player, optimizer
        self.events, self.steps = events, steps
        self.parameters = optimizer.parameters

    def step(self, gradients):
        before = states(self.game)
        if self.steps:
            self.optimizer.step(gradients)
        self.events.append((self.player, [mg.to_numpy(g) for g in gradients], before,
                            states(self.game)))


def players(game):
    """name -> optimizer of every player"""
    ending = "_optimizer"
    return {name.removesuffix(ending): value for name, value in vars(game).items()
            if name.endswith(ending)}


class Still:
    """A generator whose normal and uniform numbers are all the same: rows then differ by what they
    hold, not by the noise that they happen to meet."""

    def __init__(self):
        self.generator = np.random.default_rng(1)

    def standard_normal(self, shape, dtype="float64"):
        return np.zeros(shape, dtype)

    def random(self, shape=(), dtype="float64"):
        return np.full(shape, 0.5, dtype)

    def __getattr__(self, name):
        return getattr(self.generator, name)


def watched(game, batch, iteration, steps=True, still=False):
    """One iteration with probes: the losses as floats, and the events in their order."""
    events, before = [], players(game)
    for name, optimizer in before.items():
        setattr(game, f"{name}_optimizer", Probe(game, name, optimizer, events, steps))
    mg.seed(1)
    if still:
        mg.random._generator = Still()
    losses = {name: loss.item() for name, loss in iteration(game, *batch).items()}
    for name, optimizer in before.items():
        setattr(game, f"{name}_optimizer", optimizer)
    mg.seed(1)
    return losses, events


def fresh(script, warm=2, idea=True):
    """A game in float64 that has been played for a few iterations, and its next batch."""
    mg.set_default_dtype("float64")
    mg.seed(0)
    game, real = script.new_game(idea), batches(script)
    for batch in itertools.islice(real, warm):
        script.iteration(game, *batch)
    return game, next(real)


def batches(script):
    """The script's batches, each a tuple of arrays in the default dtype"""
    for batch in script.batches():
        batch = batch if isinstance(batch, tuple) else (batch,)
        yield tuple(x.astype("float64") if x.dtype.kind == "f" else x for x in batch)


def owners(game):
    """player -> the entries (network, parameter) that its optimizer moves"""
    return {player: {(name, entry) for name, network in networks(game).items()
                     for entry, p in network._named("parameter")
                     if any(p is q for q in optimizer.parameters)}
            for player, optimizer in players(game).items()}


def test_the_losses_are_those_of_the_players(script):
    game, batch = fresh(script)
    losses, events = watched(game, batch, script.iteration)
    assert set(losses) == set(players(game)) == {player for player, *_ in events}
    assert all(np.isfinite(loss) for loss in losses.values())


def test_a_step_of_one_player_leaves_the_others_bit_for_bit(script):
    """Parameters, and running statistics too: those of a frozen network stay as they are. Between
    two steps, the first player's weights may be clipped, and the next one's networks take note of
    their batch's statistics; nothing else changes."""
    game, batch = fresh(script)
    mine = owners(game)
    latest, clipped = states(game), set()
    _, events = watched(game, batch, script.iteration)
    for player, _, before, after in events:
        assert changed(before, after) <= mine[player], player
        own_networks = {network for network, _ in mine[player]}
        statistics = {key for key in latest
                      if key[0] in own_networks and not any(key in keys for keys in mine.values())}
        assert changed(latest, before) <= statistics | clipped, player
        latest, clipped = after, mine[player]
    assert changed(latest, states(game)) <= clipped
    assert all(p.requires_grad for network in networks(game).values()
               for p in network.parameters())


def test_every_parameter_gets_a_gradient_that_is_not_zero(script):
    game, batch = fresh(script)
    _, events = watched(game, batch, script.iteration)
    for player, gradients, *_ in events:
        names = [p.name for p in players(game)[player].parameters]
        assert len(gradients) == len(names)
        largest = max(abs(g).max() for g in gradients)
        silent = [name for name, g in zip(names, gradients) if abs(g).max() < 1e-9 * largest]
        assert not silent, (player, silent)


def test_the_gradients_are_those_of_the_losses(script):
    """Central differences of every player's loss, through the networks that are frozen, at the
    largest and at a random weight of each of its parameters."""
    game, batch = fresh(script)
    _, events = watched(copy.deepcopy(game), batch, script.iteration, steps=False)
    gradients = {player: found for player, found, *_ in events}
    rng = np.random.default_rng(0)

    def slope(player, index, place, eps):
        ends = []
        for shift in (eps, -eps):
            other = copy.deepcopy(game)
            p = players(other)[player].parameters[index]
            p.data[np.unravel_index(place, p.shape)] += shift
            p.written()
            losses, _ = watched(other, batch, script.iteration, steps=False)
            ends.append(losses[player])
        return (ends[0] - ends[1]) / (2 * eps)

    for player in players(game):
        for index, g in enumerate(gradients[player]):
            near = 1e-5 * abs(g).max() + 1e-8
            for place in {int(abs(g).argmax()), int(rng.integers(g.size))}:
                # one unit of thousands may have its corner within 1e-6, hardly within 1e-8
                assert any(abs(slope(player, index, place, eps) - g.flat[place]) < near
                           for eps in (1e-6, 1e-7, 1e-8)), (player, index, place)


def test_losses_start_at_their_closed_form(script):
    """While the networks that judge return 0."""
    silent, expected = script.CLOSED_FORM
    game, batch = fresh(script, warm=0)
    assert set(silent) <= set(networks(game))
    for name, network in networks(game).items():
        if name in silent:
            for p in network.parameters():
                p.data = 0 * p.data
    losses, _ = watched(game, batch, script.iteration, steps=False)
    assert expected == pytest.approx({player: losses[player] for player in expected}, rel=1e-12)


def test_losses_do_not_depend_on_the_order_of_the_batch(script):
    """And where two batches have nothing to do with each other, not on the order of either."""
    game, batch = fresh(script, warm=0)
    rng = np.random.default_rng(0)
    losses, _ = watched(copy.deepcopy(game), batch, script.iteration, steps=False, still=True)
    together = rng.permutation(len(batch[0]))
    orders = [[together] * len(batch)]
    if getattr(script, "UNPAIRED", False):
        orders += [[rng.permutation(len(x)) if i == side else np.arange(len(x))
                    for i, x in enumerate(batch)] for side in range(len(batch))]
    for order in orders:
        other = [x[rows] for x, rows in zip(batch, order)]
        again, _ = watched(copy.deepcopy(game), other, script.iteration, steps=False, still=True)
        assert again == pytest.approx(losses, rel=1e-10)


def test_the_same_seed_is_the_same_game(script):
    first, second = (states(fresh(script, warm=3)[0]) for _ in range(2))
    assert first and changed(first, second) == set()


def test_only_so_many_examples_have_a_label(script):
    """LABELLED: how many a script of few labels may see; the others say −1 in the label's place."""
    allowed = getattr(script, "LABELLED", None)
    if allowed is None:
        return
    mg.seed(0)
    seen = set()
    for x, labels, *_ in itertools.islice(script.batches(), 200):
        seen |= {example.tobytes() for example in x[labels >= 0]}
    assert 0 < len(seen) <= allowed
