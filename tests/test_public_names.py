"""Everything public earns its place: minigen or a demo uses it, or a list says who will."""

import ast
import functools
import inspect
import pathlib

import minigen as mg
import minigen.inspect  # noqa: F401  (not loaded by itself: it needs Matplotlib)

PACKAGE = pathlib.Path(mg.__file__).parent
DEMOS = PACKAGE.parent / "demos"

# What nothing uses yet, and what asks for it: mostly a GAN of the lecture, or a tip of ganhacks.
# Take a name off when something comes to use it.
WAITING = {
    "functional": {
        "binary_cross_entropy": "discriminators that end with a sigmoid, as in many tutorials",
        "l1_loss": "BEGAN, CycleGAN, DiscoGAN, DualGAN",
        "layer_norm": "normalisation without a batch, which a gradient penalty needs",
        "nll_loss": "cross_entropy of log-probabilities",
        "subtract": "the operator − of a Tensor",
    },
    "layers": {
        "AvgPool2d": "CaloGAN; ganhacks 5, average pooling instead of max pooling",
        "Conv1d": "CS-GAN's discriminator of sentences",
        "Conv3d": "3D-GAN's discriminator of voxels",
        "ConvTranspose1d": "the transpose of Conv1d",
        "ConvTranspose3d": "3D-GAN's generator of voxels",
        "Embedding": "CGAN, CS-GAN; ganhacks 16, embeddings of discrete conditions",
        "InstanceNorm": "CycleGAN; ganhacks 4, where batches cannot be normalised",
        "MaxPool2d": "ganhacks 5, the pooling to avoid",
        "Softplus": "the generator of Improved GAN",
        "Upsample": "LAPGAN; ganhacks 5, nearest neighbours instead of transposed convolutions",
    },
    "layers.initialisers": {
        "uniform": "the GAN of 2014",
    },
    "optim": {
        "RMSprop": "WGAN, DualGAN, GeneGAN",
        "clip_norm": "C-RNN-GAN",
    },
    "data": {
        "swiss_roll": "AffGAN",
        "two_moons": "CycleGAN",
    },
    "metrics": {
        "kl_divergence": "f-GAN",
    },
}


def module(name):
    return functools.reduce(getattr, name.split("."), mg)


def public(name):
    """The functions and classes that `minigen.<name>` offers."""
    here = module(name)
    listed = getattr(here, "__all__", None) or [
        word for word, value in vars(here).items()
        if not word.startswith("_") and not inspect.ismodule(value) and callable(value)
        and value.__module__.startswith(here.__name__)]
    return {word for word in listed if not inspect.ismodule(getattr(here, word))}


def words(path):
    """The names that a file reads, calls or takes from a module.

    Not those that it defines or imports, and no operation for being given its own gradients."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    rules = [node.value for node in nodes if isinstance(node, ast.Attribute)
             and node.attr == "gradients"]
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in rules:
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


# Not counted: the lists of names in __init__.py, the table of what gradcheck checks.
FILES = [path for path in [*PACKAGE.rglob("*.py"), *DEMOS.rglob("*.py")]
         if path.name != "__init__.py" and path != PACKAGE / "gradcheck" / "cases.py"]
USED = {word for path in FILES for word in words(path)}
PARTS = ("functional", "layers", "layers.initialisers", "optim", "data", "metrics", "trainers",
         "inspect")


def test_every_public_name_is_used_or_has_its_reason():
    idle = {part: sorted(public(part) - USED - {*WAITING.get(part, {})}) for part in PARTS}
    assert not any(idle.values()), f"only tests mention {idle}: let a demo use them, or remove them"


def test_the_list_names_what_there_is_and_says_why():
    gone = {part: sorted({*names} - public(part)) for part, names in WAITING.items()}
    assert not any(gone.values()), f"listed, but not in minigen: {gone}"
    assert all(reason for names in WAITING.values() for reason in names.values())
