"""Which modes a GAN finds: no pass mark, so every setting must only be counted, beside the published counts."""

import re

import pytest

pytestmark = pytest.mark.claims


def test_every_setting_is_counted(run_demo, tmp_path):
    run = run_demo("gan_modes")
    assert len(run["claims"]) == 6 and {row["verdict"] for row in run["claims"]} == {"reported"}
    modes = [int(re.match(r"(\d+), [\d.]+%", row["measured"])[1]) for row in run["claims"]]
    assert modes[2] >= 7                        # the easy ring is found; whether well, is a matter of time (--full)
    assert (tmp_path / "modes.png").exists()
