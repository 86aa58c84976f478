"""Which demos there are, in the order of the lecture: the only place that says so."""

import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[1]
ORDER = """
    engine_in_a_page backprop_by_hand supervised autoencoder_8_3_8 autoencoder_mnist
    reparameterisation vae_mnist vae_linear vae_factors gan_2d gradient_theatre gan_modes gan_mnist
    dirac_gan dcgan_faces debiasing outliers blurrier explicit_implicit which_is_fake ganhacks
    ganhacks_exact gan_failures""".split()
RUNS_THE_OTHERS = "claims"


def _place(name):
    """Where a demo stands in the lecture; those that it does not have come last, by name."""
    return ORDER.index(name) if name in ORDER else len(ORDER), name


DEMOS = sorted({path.stem for path in FOLDER.glob("*.py")} - {RUNS_THE_OTHERS}, key=_place)
