"""Everything public earns its place: another part of minigen or a demo uses it, or it is on a list, with a reason."""

import ast
import functools
import inspect
import pathlib

import minigen as mg
import minigen.inspect  # noqa: F401  (not loaded by itself: it needs Matplotlib)

PACKAGE = pathlib.Path(mg.__file__).parent
DEMOS = PACKAGE.parent / "demos"

# What a generative model is made of, trained on and measured by, whether or not one of the demos happens to use them.
DEMANDED = {
    "functional": """
        linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d max_pool2d avg_pool2d pad
        interpolate embedding batch_norm layer_norm instance_norm dropout
        relu leaky_relu elu softplus logsigmoid sigmoid tanh softmax log_softmax
        mse_loss l1_loss binary_cross_entropy binary_cross_entropy_with_logits cross_entropy nll_loss
        add subtract multiply divide negative power exp log log1p sqrt square abs sin cos maximum minimum where clip
        sum mean var std max min logsumexp matmul reshape transpose broadcast_to concatenate stack""",
    "layers": """
        Dense Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d BatchNorm LayerNorm InstanceNorm
        Embedding Dropout MaxPool2d AvgPool2d Upsample ReLU LeakyReLU ELU Softplus Sigmoid Tanh Softmax
        Flatten Reshape Sequential""",
    "layers.initialisers": "glorot he normal orthogonal pytorch uniform",
    "optim": "SGD RMSprop Adam AdamW clip_norm clip_value",
    "data": "Batches DataError mnist mnist_sample ring grid swiss_roll two_moons",
    "metrics": "kl_divergence js_divergence",
    "trainers": "AutoencoderTrainer GANTrainer VAETrainer Record",
}


def module(name):
    return functools.reduce(getattr, name.split("."), mg)


def public(name):
    """The functions and classes that `minigen.<name>` offers."""
    here = module(name)
    listed = getattr(here, "__all__", None) or [
        word for word,
        value in vars(here).items() if not word.startswith("_") and not inspect.ismodule(value) and callable(value)
        and value.__module__.startswith(here.__name__)]
    return {word for word in listed if not inspect.ismodule(getattr(here, word))}


def words(path):
    """The names that a file uses: read, called, or taken from a module. Being defined or imported is no use."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


# A list of names is no use of them: neither the __init__ that offers them nor the table of what gradcheck checks.
FILES = [path for path in [*PACKAGE.rglob("*.py"), *DEMOS.rglob("*.py")]
         if path.name != "__init__.py" and path != PACKAGE / "gradcheck" / "cases.py"]
USED = {word for path in FILES for word in words(path)}
PARTS = ("functional", "layers", "layers.initialisers", "optim", "data", "metrics", "trainers", "inspect")


def test_every_public_name_is_used_or_has_its_reason():
    allowed = {part: {*DEMANDED.get(part, "").split()} for part in PARTS}
    idle = {part: sorted(public(part) - USED - allowed[part]) for part in PARTS}
    assert not any(idle.values()), f"only their own tests mention {idle}: let a demo use them, or take them out"


def test_the_list_names_what_there_is():
    gone = {part: sorted({*names.split()} - public(part)) for part, names in DEMANDED.items()}
    assert not any(gone.values()), f"listed, but not in minigen: {gone}"
