"""A report has on disk what is known, also if nobody ends it."""

import json
import pathlib
import tempfile
import unittest

import report


class Reports(unittest.TestCase):
    def test_what_is_known_is_saved(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "report.json"
            said = []
            found = report.Report(path, {"cores": 2}, said.append)
            found.check("bytes", True, "equal")
            found.check("accuracy", None, "none")
            self.assertEqual(found.failed, ["accuracy"])
            self.assertEqual(said, ["ok     bytes: equal", "FAILED accuracy: none"])
            found.figure("mlp", {"step": 1})
            self.assertEqual(json.loads(path.read_text()), {
                "machine": {"cores": 2}, "figures": [{"name": "mlp", "step": 1}],
                "checks": [{"name": "bytes", "ok": True, "said": "equal"},
                           {"name": "accuracy", "ok": False, "said": "none"}]})

    def test_the_machine(self):
        facts = report.machine()
        self.assertGreater(facts["cores"], 0)
        self.assertIsInstance(facts["gpus"], list)


if __name__ == "__main__":
    unittest.main()
