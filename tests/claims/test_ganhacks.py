"""The tips of ganhacks: what is exactly true holds, and every tip has its measured effect."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("ganhacks")
    verdicts = [row["verdict"] for row in run["claims"]]
    assert verdicts.count("held") == 4 and "not held" not in verdicts
    effects = run["figures"]["effects"]                         # name -> of modes, of fair modes, of good samples
    assert len(effects) == 19 and "no effect seen" in [row[1]["word"] for row in effects.values()]
    for tip in ("9   Adam, not SGD", "9   Adam's β₁ = .5, not .9"):     # the largest effects, whatever the seed
        assert [effect["certain"] for effect in effects[tip]] == ["helped"] * 3, tip
    assert effects["17  dropout in G, kept"][0]["certain"] == "hurt"
    assert (tmp_path / "ganhacks.png").exists()
