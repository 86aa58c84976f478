"""Backpropagation against the chain rule by hand and against central differences."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("backprop_by_hand")
    assert [row["verdict"] for row in run["claims"]].count("held") == 8
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert {"neuron.png", "network.png", "traps.png"} <= {path.name for path in tmp_path.iterdir()}
