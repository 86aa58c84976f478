"""Algorithm 1 in the plane: the theory holds exactly, the game ends at 1/2, and what that does not say."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("gan_2d")
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 7
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert pictures == {"optimal_discriminator.png", "game.png", "values.png", "curves.png"}
