"""The pure parts of the chaos run: schedule and measurements."""

import unittest

import measure
from measure import Event, Rank, Sample
from schedule import DECK, GAP_SECONDS, KINDS, schedule


class Schedule(unittest.TestCase):
    def test_the_seed_decides(self):
        self.assertEqual(schedule(7, 600), schedule(7, 600))
        self.assertNotEqual(schedule(7, 600), schedule(8, 600))

    def test_faults_keep_their_distance_and_all_kinds_come(self):
        for seed in range(20):
            faults = schedule(seed, 120)
            gaps = [b.at - a.at for a, b in zip(faults, faults[1:])]
            self.assertGreaterEqual(min(gaps), GAP_SECONDS[0])
            self.assertLessEqual(max(gaps), GAP_SECONDS[1])
            self.assertLess(faults[-1].at, 120)
            self.assertEqual({fault.kind for fault in faults[:sum(DECK.values())]}, set(KINDS))

    def test_stops_are_clearly_short_or_long(self):
        holds = [fault.hold for fault in schedule(1, 3600) if fault.kind.startswith("stop-")]
        self.assertFalse([hold for hold in holds if 3 < hold < 5])
        self.assertTrue([hold for hold in holds if hold < 4])
        self.assertTrue([hold for hold in holds if hold > 4])


def sample(time, state, *iterations, finished=False):
    return Sample(time, state, tuple(Rank(1, "w", 7, i, finished) for i in iterations), ())


class Measure(unittest.TestCase):
    def test_detection_is_the_first_event_that_concerns_it(self):
        events = [Event(1, "TASK_EXITED", "rank 1 incarnation 1: killed"),
                  Event(5, "TASK_EXITED", "rank 0 incarnation 1: killed"),
                  Event(6, "TASK_EXITED", "rank 1 incarnation 2: killed"),
                  Event(7, "RECOVERING", "server 1 is lost")]
        self.assertEqual(measure.detected(events, 4, 9, {1}), 6)
        self.assertEqual(measure.detected(events, 4, 9, None), 7)
        self.assertIsNone(measure.detected(events, 4, 9, {2}))
        self.assertIsNone(measure.detected(events, 8, 9, None))
        self.assertIsNone(measure.detected(events, 4, 6, {1}))

    def test_recovery_is_when_all_that_were_hit_have_advanced(self):
        samples = [sample(1, "running", 5, 5), sample(2, "running", 6, 5),
                   sample(3, "recovering", 6, 5), sample(4, "running", 0, 0),
                   sample(5, "running", 1, 0), sample(6, "running", 2, 1)]
        self.assertEqual(measure.recovered(samples, 0, {0}), 2)
        self.assertEqual(measure.recovered(samples, 2, {0}), 5)
        self.assertEqual(measure.recovered(samples, 0, None), 6)
        self.assertIsNone(measure.recovered(samples, 5, None))

    def test_recovery_counts_from_the_iteration_a_job_was_rolled_back_to(self):
        samples = [sample(1, "running", 9), sample(2, "running", 3), sample(3, "running", 4)]
        self.assertEqual(measure.recovered(samples, 0, None), 3)

    def test_a_rank_or_job_that_is_through_has_recovered(self):
        self.assertEqual(measure.recovered([sample(1, "succeeded")], 0, {3}), 1)
        done = [sample(1, "running", 9, finished=True), sample(2, "running", 9, finished=True)]
        self.assertEqual(measure.recovered(done, 0, None), 2)

    def test_percentiles(self):
        values = list(range(1, 101))
        self.assertEqual(measure.percentile(values, 50), 50)
        self.assertEqual(measure.percentile(values, 99), 99)
        self.assertEqual(measure.percentile([3], 99), 3)
        self.assertEqual(measure.p50_p99([]), "-")

    def test_goodput(self):
        # 4 ranks, 100 iterations of 20 ms each, in 4 s.
        run = {"iterations": 400, "wall_seconds": 4, "ranks": 4}
        self.assertAlmostEqual(measure.goodput([run, run], 0.02), 0.5)
        self.assertEqual(measure.goodput([], 0.02), 0)


if __name__ == "__main__":
    unittest.main()
