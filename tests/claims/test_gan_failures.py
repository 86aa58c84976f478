"""The signs of a failing game: they show in every seed of the planted failures but one, and never in a good game."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("gan_failures")
    held = [row["verdict"] == "held" for row in run["claims"]]
    # the list's own signs do not see a generator that ignores its noise: the demo says so, and what does see it
    assert held == [True, True, True, True, False, True, True]
    assert "ignores" in run["claims"][4]["claim"]
    assert (tmp_path / "failures.png").exists()
