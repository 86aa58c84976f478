"""The tips of ganhacks: what is exactly true holds, failures raise an alarm, and every tip has its measured effect."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("ganhacks")
    # the list's own signs of failure do not see a generator that ignores z: the demo says so, and what does see it
    assert [row["claim"] for row in run["claims"] if row["verdict"] == "not held" and "collapsed" not in row["claim"]] == []
    assert [row["verdict"] for row in run["claims"]].count("held") >= 10
    tips = [row["measured"] for row in run["claims"] if row["claim"].startswith("tip ")]
    assert len(tips) == 19 and any("helped" in tip for tip in tips) and any("no effect seen" in tip for tip in tips)
    assert (tmp_path / "ganhacks.png").exists()
