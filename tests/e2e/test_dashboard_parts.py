"""The scripts of the dashboard, each for itself, in a browser."""

import unittest

from browser import Browser, needs_browser
from cluster import Cluster

# A chart of its own, beside the page: `a` = [options, series, points].
DRAW = """
    const chart = new m.LineChart({title: 'x', names: ['one'], ...a[0]});
    document.body.append(chart.element);
    chart.update(a[1], a[2] ?? []);
    const path = chart.element.querySelector('.curve').getAttribute('d');
    return {path, text: chart.readout.textContent, empty: !chart.nothing.hidden,
            labels: [...chart.grid.querySelectorAll('text')].map((one) => one.textContent),
            markup: chart.element.outerHTML};
"""


@needs_browser
class PartsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(servers=0, workers=0)
        cls.addClassCleanup(cls.cluster.__exit__)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)
        cls.browser.open(f"http://{cls.cluster.scheduler.http_address()}/")
        cls.browser.await_text("#connection", "live")

    def check(self, module, function, cases):
        got = self.browser.module(
            module, "return a[1].map((one) => String(m[a[0]](...one)))", function,
            [[arguments] if not isinstance(arguments, tuple) else list(arguments)
             for arguments, _ in cases])
        self.assertEqual(got, [expected for _, expected in cases])

    def draw(self, options, series, points=()):
        drawn = self.browser.module("charts.js", DRAW, options, series, list(points))
        self.assertNotIn("NaN", drawn["path"])
        self.assertNotIn("Infinity", drawn["markup"])
        self.assertNotIn("undefined", drawn["markup"])
        return drawn

    def test_numbers_of_proto_json(self):
        self.check("format.js", "num", [
            ("18446744073709551615", "18446744073709552000"), (7, "7"), ("7", "7"), (None, "0"),
            ("NaN", "NaN"), ("Infinity", "Infinity")])

    def test_numbers_for_people(self):
        self.check("format.js", "short", [
            (0, "0"), (0.693147, "0.6931"), (12.3456, "12.35"), (-0.5, "-0.5"),
            (1234567, "1.23e6"), (0.0000123, "1.23e-5")])
        self.check("format.js", "rate", [
            (0, "0"), (3.14159, "3.14"), (950, "950"), (12345, "12.3k"), (4560000, "4.56M")])
        self.check("format.js", "bytes", [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 << 30, "3.0 GiB"),
            (410 << 20, "410 MiB")])
        self.check("format.js", "bytesOf", [((1 << 29, 8 << 30), "0.5 of 8.0 GiB")])
        self.check("format.js", "duration", [
            (0, "0 s"), (0.0042, "4.2 ms"), (0.5, "0.50 s"), (9.94, "9.9 s"), (59.6, "1 m 00 s"),
            (185, "3 m 05 s"), (7440, "2 h 04 m"), (273600, "3 d 4 h")])

    def test_ticks_are_round(self):
        self.check("scales.js", "ticks", [
            ((0, 10, 5), "0,2,4,6,8,10"), ((0.1, 0.35, 4), "0.1,0.2,0.3"),
            ((-1, 1, 4), "-1,-0.5,0,0.5,1"), ((5, 5, 4), "5")])
        self.check("scales.js", "logTicks", [
            ((0.001, 1000), "0.001,0.01,0.1,1,10,100,1000"), ((1, 10), "1,2,5,10"),
            ((0.3, 0.7), "0.3,0.4,0.5,0.6,0.7")])
        self.check("scales.js", "timeTicks", [
            ((0, 240, 4), "0,60,120,180,240"), ((0, 100, 4), "0,30,60,90")])

    def test_buckets_have_names(self):
        names = self.browser.module(
            "scales.js", "return a[0].map((bounds) => m.bucketNames(bounds, String))",
            [[0, 1, 2, 4, 8], [0.5, 1]])
        self.assertEqual(names, [["0", "1", "2", "3–4", "5–8", "over 8"],
                                 ["0 to 0.5", "0.5 to 1", "over 1"]])

    def test_no_point_one_point_many_points(self):
        none = self.draw({}, [[]])
        self.assertTrue(none["empty"])
        self.assertEqual(none["path"], "M0 0")
        one = self.draw({}, [[[5, 0.5]]])
        self.assertFalse(one["empty"])
        self.assertEqual(one["text"], "0.5")
        self.assertIn("5", one["labels"])
        many = self.draw({}, [[[i, 1 / (i + 1)] for i in range(512)]])
        self.assertEqual(many["path"].count("L"), 511)
        flat = self.draw({}, [[[0, 2], [1, 2]]])
        self.assertEqual(flat["path"].count("L"), 1)

    def test_what_is_not_finite_leaves_a_gap(self):
        # As proto JSON says it, through num().
        drawn = self.browser.module("format.js", """
            return import('/static/charts.js').then(({LineChart}) => {
              const chart = new LineChart({names: ['one'], log: true});
              chart.update([[1, 2, 'NaN', 3, 'Infinity', -4].map((y, x) => [x, m.num(y)])]);
              const linear = chart.paths[0].getAttribute('d');
              chart.controls.querySelector('button').click();
              return [linear, chart.paths[0].getAttribute('d')];
            });""")
        for path, runs in zip(drawn, (3, 2)):
            self.assertNotIn("NaN", path)
            self.assertEqual(path.count("M"), runs)
        self.assertEqual(self.draw({}, [[[0, 1], [1, 2]]])["labels"][-2:], ["0", "1"])

    def test_a_chart_is_read_by_keys(self):
        read = self.browser.module("charts.js", """
            const chart = new m.LineChart({names: ['loss'], x: 'iteration', dots: 'held-out'});
            document.body.append(chart.element);
            chart.update([[[0, 4], [10, 2], [20, 1]]], [[10, 3]]);
            const said = [chart.readout.textContent];
            for (const key of ['ArrowLeft', 'ArrowLeft', 'Home', 'ArrowLeft', 'End', 'Escape']) {
              chart.svg.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
              said.push(chart.svg.getAttribute('aria-valuetext'));
            }
            return said;""")
        self.assertEqual(read, [
            "loss 1, held-out 3", "iteration 20: 1", "iteration 10: loss 2, held-out 3",
            "iteration 0: 4", "iteration 0: 4", "iteration 20: 1", "loss 1, held-out 3"])

    def test_a_histogram(self):
        said = self.browser.module("charts.js", """
            const chart = new m.BarChart({title: 'x'});
            document.body.append(chart.element);
            const all = [[[0, 1, 2], [0, 0, 0, 0]], [[0, 1, 2], [3, 0, 0, 1]], [[], []]];
            return all.map(([bounds, counts]) => {
              chart.update(bounds, counts);
              return [chart.marks.childElementCount, chart.readout.textContent];
            });""")
        self.assertEqual(said, [[0, ""], [4, "4 in all"], [0, ""]])

    def test_a_table_keeps_its_rows_and_sorts(self):
        said = self.browser.module("table.js", """
            const table = new m.Table({label: 'x', key: (row) => row.id, empty: 'none',
              limit: 3, sort: {name: 'value', descending: true}, columns: [
                {name: 'id', title: 'ID', head: true, value: (row) => row.id},
                {name: 'value', title: 'Value', number: true, value: (row) => row.value},
                {name: 'note', title: 'Note', optional: true, value: (row) => row.note ?? ''}]});
            document.body.append(table.element);
            const ids = () => [...table.body.rows].map((row) => row.dataset.key).join('');
            table.update([{id: 'a', value: 1}, {id: 'b', value: NaN}, {id: 'c', value: 3}]);
            const row = table.body.rows[1];
            const said = [ids(), table.heads[2].hidden, table.more.hidden];
            table.update([{id: 'a', value: 9}, {id: 'c', value: 3}, {id: 'd', value: 5, note: '!'},
                          {id: 'e', value: 0}]);
            said.push(ids(), row === table.body.rows[0], row.cells[1].textContent,
                      table.heads[2].hidden, table.more.textContent);
            table.more.click();
            table.heads[0].querySelector('button').click();
            said.push(ids());
            table.update([]);
            said.push(table.table.hidden, table.empty.textContent);
            return said;""")
        self.assertEqual(said, ["cab", True, True, "adc", True, "9", False, "Show all 4", "acde",
                                True, "none"])


if __name__ == "__main__":
    unittest.main()
