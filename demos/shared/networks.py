"""What the demos do with networks in the same way every time, so that it is not the lesson."""

import numpy as np

import minigen as mg
from minigen.files import replacing
from minigen.layers import Dense, Layer


class GaussianEncoder(Layer):
    """x -> mu, log_var, each (m, latent): the distribution q(z|x) = N(mu, diag exp(log_var)).

    trunk: a network x -> (m, features) whose output the two linear heads share."""

    def __init__(self, trunk, features, latent):
        self.hidden = trunk
        self.mu, self.log_var = Dense(features, latent), Dense(features, latent)

    def forward(self, x):
        h = self.hidden(x)
        return self.mu(h), self.log_var(h)


def parameters_of(*networks):
    """The parameters of all these networks in one list, as an optimizer takes them."""
    return [parameter for network in networks for parameter in network.parameters()]


def decaying_adam(parameters, lr, steps, momentum=0.5, final=0.0, hold=0.5):
    """Adam for a player of a game of `steps` steps: after `hold` of it its rate falls to `final`.

    So the two players settle instead of circling. momentum: Adam's first beta."""
    rate = mg.optim.linear_decay(lr, hold * steps, steps, final=final)
    return mg.optim.Adam(parameters, rate, betas=(momentum, 0.999))


class Average:
    """A moving average of a network's state, parameters and running statistics, while it trains:
    average ← keep · average + (1 − keep) · state, so over about the last 1/(1 − keep) updates.

    The players of a game circle where they should rest, and the middle of a circle is better than
    its edge (Yazıcı et al. 2019). After t updates keep is at most (1 + t)/(10 + t): the first
    weights are soon forgotten. It reads the network and never writes to it."""

    def __init__(self, network, keep):
        self.network, self.keep, self.updates = network, keep, 0
        self.state = network.state_dict()

    def update(self):
        """Once an iteration, after the network's step."""
        self.updates += 1
        keep = min(self.keep, (1 + self.updates) / (10 + self.updates))
        for name, value in self.network.state_dict().items():
            self.state[name] += (1 - keep) * (value - self.state[name])


def in_batches(network, x, batch=500):
    """network(x) as a NumPy array, computed `batch` rows at a time, without a tape.

    network: a Layer or any function of one array. x: (n, ...), an array of either library."""
    with mg.no_grad():
        outputs = [network(mg.backend.asarray(x[i:i + batch], np.float32))
                   for i in range(0, len(x), batch)]
    return np.concatenate([mg.to_numpy(output) for output in outputs])


def save_network(network, path):
    """Keep the network's state as the npz file `path`, in half precision to keep it small."""
    state = {name: mg.to_numpy(array).astype(np.float16)
             for name, array in network.state_dict().items()}
    with replacing(path) as file:
        np.savez_compressed(file, **state)


def load_network(network, path):
    """The network with the state that `path` holds, in evaluation mode."""
    with np.load(path, allow_pickle=False) as file:
        network.load_state_dict(dict(file))
    return network.eval()


def k_means(rng, x, k, rounds=10):
    """Lloyd's algorithm on x (n, d), begun at k of its rows: (centres (k, d), group of each row).

    A group that has become empty keeps its centre."""
    centres = x[rng.permutation(len(x))[:k]]
    for _ in range(rounds):
        nearest = (np.square(centres).sum(1) - 2 * x @ centres.T).argmin(1)
        centres = np.stack([x[nearest == c].mean(0) if c in nearest else centre
                            for c, centre in enumerate(centres)])
    return centres, nearest
