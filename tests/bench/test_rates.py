"""Rates read off progress: from stairs, and with what the device would have made of the time."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import ideal  # noqa: E402
from rates import RESNET50, Seen  # noqa: E402


class Rates(unittest.TestCase):
    def seen(self, ranks, per_second, late=0.5):
        """Whole iterations, told twice a second."""
        return Seen([(at / 10, [int(per_second * (at / 10 // late * late))] * ranks)
                     for at in range(200)])

    def test_a_rate_out_of_stairs(self):
        self.assertAlmostEqual(self.seen(4, 10).rate(), 40, delta=0.4)

    def test_idle_is_what_steps_do_not_account_for(self):
        steps = ideal.Steps(ranks=4, step_ms=75, sigma=0)
        self.assertAlmostEqual(self.seen(4, 10).idle(steps), 0.25, delta=0.01)
        self.assertAlmostEqual(self.seen(4, 10).part(1, 2).rate(), 20, delta=0.2)

    def test_the_layers_of_resnet_50(self):
        self.assertEqual(len(RESNET50), 161)
        self.assertEqual(sum(RESNET50), 25_557_032)


if __name__ == "__main__":
    unittest.main()
