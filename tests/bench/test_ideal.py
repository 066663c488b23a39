"""The ideal that measurements are held against: its numbers are those of the device."""

import struct
import unittest

import ideal


class Ideal(unittest.TestCase):
    def test_the_random_numbers_are_the_device_s(self):
        # The bit patterns of common/random_test.cc.
        bits = [struct.unpack("<I", struct.pack("<f", ideal.random_normal(1, 0, i)))[0]
                for i in range(4)]
        for got, expected in zip(bits, (0x3fa03c14, 0x3f92b1a2, 0x3e118328, 0xbfe56989)):
            # The quantile is the library's here, and an approximation to 1e-9 there.
            self.assertLessEqual(abs(got - expected), 1)

    def test_without_jitter_nobody_waits(self):
        steps = ideal.Steps(ranks=4, step_ms=100, sigma=0)
        for bound in (0, 16, None):
            ran = ideal.run(steps, bound, until=10)
            self.assertAlmostEqual(ran.rate(2.05), 40, places=9)
            self.assertAlmostEqual(ran.idle(2), 0, places=9)

    def test_bsp_waits_for_the_slowest_of_each_round(self):
        steps = ideal.Steps(ranks=3, step_ms=100, sigma=0.5)
        rounds = 50
        end = sum(max(steps.time(rank, t) for rank in range(3)) for t in range(rounds))
        ran = ideal.run(steps, 0, until=end)
        self.assertAlmostEqual(ran.rate(0), 3 * rounds / end, places=6)
        busy = sum(steps.before(rank, rounds) for rank in range(3))
        self.assertAlmostEqual(ran.idle(0), 1 - busy / (3 * end), places=6)

    def test_staleness_lies_between_bsp_and_asp(self):
        steps = ideal.Steps(ranks=8, step_ms=100, sigma=0.5)
        bsp, ssp, asp = (ideal.run(steps, bound, until=30) for bound in (0, 16, None))
        self.assertAlmostEqual(asp.idle(0), 0, places=9)
        self.assertLess(asp.idle(0), ssp.idle(0))
        self.assertLess(ssp.idle(0), 0.04)
        self.assertGreater(bsp.idle(0), 0.4)
        self.assertGreater(ssp.rate(0), 1.7 * bsp.rate(0))


if __name__ == "__main__":
    unittest.main()
