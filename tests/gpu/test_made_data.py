"""Made data are what their formats say, the same every time, and can be learned from."""

import pathlib
import struct
import tempfile
import unittest

import made_data


class MadeData(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = pathlib.Path(temp.name)

    def test_images(self):
        images, labels = made_data.images(self.folder / "p", 50)
        data, marks = images.read_bytes(), labels.read_bytes()
        self.assertEqual(struct.unpack(">IIII", data[:16]), (0x803, 50, 28, 28))
        self.assertEqual(struct.unpack(">II", marks[:8]), (0x801, 50))
        self.assertEqual((len(data), len(marks)), (16 + 50 * 784, 8 + 50))
        self.assertLess(max(marks[8:]), made_data.CLASSES)
        again = made_data.images(self.folder / "again", 50)
        self.assertEqual((again[0].read_bytes(), again[1].read_bytes()), (data, marks))
        other = made_data.images(self.folder / "other", 50, seed=2)
        self.assertNotEqual(other[0].read_bytes(), data)
        # Pictures of a class share half of their pixels, others do not.
        pictures = [data[16 + 784 * i:16 + 784 * (i + 1)] for i in range(50)]

        def alike(a, b):
            return sum(x == y for x, y in zip(pictures[a], pictures[b])) / 784
        same = next((a, b) for a in range(50) for b in range(a) if marks[8 + a] == marks[8 + b])
        self.assertGreater(alike(*same), 0.45)
        other = next(i for i in range(50) if marks[8 + i] != marks[8])
        self.assertLess(alike(0, other), 0.1)

    def test_libsvm(self):
        path = made_data.libsvm(self.folder / "x", 400, features=1000, entries=8)
        rows = [line.split() for line in path.read_text().splitlines()]
        self.assertEqual(len(rows), 400)
        self.assertEqual({row[0] for row in rows}, {"0", "1"})
        follow = 0
        for row in rows:
            indices = [int(entry.split(":")[0]) for entry in row[1:]]
            self.assertEqual(len(indices), 8)
            self.assertEqual(sorted(set(indices)), indices)
            self.assertTrue(1 <= indices[0] and indices[-1] <= 1000)
            follow += (sum(made_data.weight(i - 1) for i in indices) > 0) == (row[0] == "1")
        self.assertAlmostEqual(follow / 400, 0.9, delta=0.05)
        again = made_data.libsvm(self.folder / "y", 400, features=1000, entries=8)
        self.assertEqual(again.read_text(), path.read_text())
        with self.assertRaisesRegex(ValueError, "9 entries of 8 features"):
            made_data.libsvm(self.folder / "z", 1, features=8, entries=9)

    def test_clicks(self):
        path = made_data.clicks(self.folder / "x", 300, columns=3, categories=20)
        header, *rows = [line.split(",") for line in path.read_text().splitlines()]
        self.assertEqual(header, ["label", "x", "c0", "c1", "c2"])
        self.assertEqual(len(rows), 300)
        self.assertEqual({row[0] for row in rows}, {"0", "1"})
        self.assertTrue(all(-1 <= float(row[1]) <= 1 and len(row) == 5 for row in rows))
        names = {name for row in rows for name in row[2:]}
        self.assertLessEqual(names, {f"k{one}" for one in range(20)})
        self.assertGreater(len(names), 10)
        again = made_data.clicks(self.folder / "y", 300, columns=3, categories=20)
        self.assertEqual(again.read_text(), path.read_text())

    def test_ratings(self):
        path = made_data.ratings(self.folder / "r", 2000, users=20, items=10)
        rows = [line.split(",") for line in path.read_text().splitlines()]
        self.assertEqual(len(rows), 2000)
        self.assertEqual({int(user) for user, _, _ in rows}, set(range(20)))
        self.assertEqual({int(item) for _, item, _ in rows}, set(range(10)))
        self.assertTrue(all(1 <= float(rating) <= 5 for _, _, rating in rows))
        # One taste rates higher than the other.
        sides = [[float(rating) for user, item, rating in rows if (int(user) + int(item)) % 2 == side]
                 for side in (0, 1)]
        means = [sum(side) / len(side) for side in sides]
        self.assertAlmostEqual(means[0] - means[1], 1, delta=0.2)
        again = made_data.ratings(self.folder / "s", 2000, users=20, items=10)
        self.assertEqual(again.read_text(), path.read_text())


class Text(unittest.TestCase):
    def test_words_of_a_seed(self):
        with tempfile.TemporaryDirectory() as temp:
            folder = pathlib.Path(temp)
            path = made_data.text(folder / "a", 5000)
            found = path.read_bytes()
            self.assertEqual(len(found), 5000)
            self.assertLess(len(set(found.split()[:-1])), 500)
            self.assertEqual(made_data.text(folder / "b", 5000).read_bytes(), found)
            self.assertNotEqual(made_data.text(folder / "c", 5000, seed=2).read_bytes(), found)


if __name__ == "__main__":
    unittest.main()
