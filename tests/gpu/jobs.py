"""The jobs of the acceptance and of the measurements, as texts of job files.

`data` is where the records are (Data); `device` is cpu or cuda; all of them are BSP, so that
two runs end with the same bytes. A job's `ranks` and `servers` are told by whoever runs it.
"""

import pathlib
import typing

import made_data

A9A_FEATURES = 123
# Of the made libsvm data that stand in for it.
MADE_FEATURES = 2000
MADE_ENTRIES = 10
# Of the made clicks, which there is no stand-in for.
CLICK_COLUMNS = 6
CLICK_CATEGORIES = 200
CLICK_RECORDS = 8192
MADE_RATINGS = 8192
MADE_USERS, MADE_ITEMS = 200, 100
# Of the made text, and of the windows that a language model reads of it.
MADE_TEXT_BYTES = 200_000
CONTEXT = 64


class Data(typing.NamedTuple):
    """Parts of job files: where pictures, sparse features and text are."""
    pictures: str
    picture_scale: float
    # Of training.
    picture_records: int
    sparse: str
    sparse_records: int
    # Of clicks, with columns of categories.
    clicks: str
    click_records: int
    # What they are, for the report.
    said: str
    # Made, always.
    ratings: str = ""
    rating_records: int = 0
    text: str = ""
    text_records: int = 0


def _section(name, format, path, **more):
    rest = "".join(f", {key}: {value}" for key, value in more.items())
    return f"  {name}: {{format: {format}, path: {path}{rest}}}\n"


def find(data, sample, folder):
    """MNIST and a9a from the folder `data`; what it lacks is taken from the sample digits in
    `sample`, or made in `folder`, as the text is. FileNotFoundError: there are no digits either."""
    data, sample, folder = pathlib.Path(data or "/nonexistent"), pathlib.Path(sample), pathlib.Path(folder)
    said = []
    if (data / "mnist10k-train-images-idx3-ubyte.gz").is_file():
        pictures = "".join(
            _section(part, "idx", data / f"mnist10k-{file}-images-idx3-ubyte.gz",
                     labels=data / f"mnist10k-{file}-labels-idx1-ubyte.gz")
            for part, file in (("train", "train"), ("eval", "test")))
        scale, records = 1 / 255, 8000
        said.append("mnist10k")
    else:
        for part in ("train", "test"):
            if not (sample / f"digits.{part}.csv").is_file():
                raise FileNotFoundError(f"{sample}/digits.{part}.csv: no mnist10k in {data} and no "
                                        "sample digits either")
        pictures = (_section("train", "csv", sample / "digits.train.csv")
                    + _section("eval", "csv", sample / "digits.test.csv"))
        scale, records = 1 / 16, 1438
        said.append("sample digits (no mnist10k)")
    if (data / "a9a.train.libsvm").is_file():
        features, files, sparse_records = A9A_FEATURES, (data / "a9a.train.libsvm",
                                                         data / "a9a.test.libsvm"), 32560
        said.append("a9a")
    else:
        features, sparse_records = MADE_FEATURES, 8192
        files = [made_data.libsvm(folder / f"made.{part}.libsvm", records, MADE_FEATURES,
                                  MADE_ENTRIES, seed)
                 for part, records, seed in (("train", sparse_records, 1), ("test", 2048, 2))]
        said.append("made libsvm data (no a9a)")
    sparse = f"  features: {features}\n" + "".join(
        _section(part, "libsvm", file) for part, file in zip(("train", "eval"), files))
    ratings = "".join(
        _section(part, "ratings", made_data.ratings(folder / f"made.{part}.csv", count, MADE_USERS,
                                                    MADE_ITEMS, seed))
        for part, count, seed in (("train", MADE_RATINGS, 1), ("eval", 2048, 2)))
    text = _section("train", "text", made_data.text(folder / "made.txt", MADE_TEXT_BYTES))
    # A tenth of the windows is for evaluation.
    return Data(pictures, scale, records, sparse, sparse_records, _clicks(folder), CLICK_RECORDS,
                ", ".join(said), ratings, MADE_RATINGS, f"{text}  holdout: 0.1\n",
                MADE_TEXT_BYTES * 9 // (10 * CONTEXT))


def _clicks(folder):
    """Made clicks, read with a cross of two of their columns."""
    files = [made_data.clicks(folder / f"clicks.{part}.csv", records, CLICK_COLUMNS,
                              CLICK_CATEGORIES, seed)
             for part, records, seed in (("train", CLICK_RECORDS, 1), ("eval", 2048, 2))]
    names = "[" + ", ".join(f"c{column}" for column in range(CLICK_COLUMNS)) + "]"
    return ("  hash_buckets: 65536\n  crosses: [{columns: [c0, c1]}]\n" + "".join(
        _section(part, "csv", file, header="true", label="label", categories=names)
        for part, file in zip(("train", "eval"), files)))


def _job(name, model, data, batch, length, optimizer, device, eval_every, precision):
    number = "" if precision == "float32" else f"  precision: {precision}\n"
    update = f"  optimizer: {{{optimizer}}}\n" if optimizer else ""
    every = f"  eval_every_iterations: {eval_every}\n" if eval_every else ""
    return (f"name: {name}\nmodel: {{{model}}}\ndata:\n{data}"
            f"train:\n  global_batch: {batch}\n  {length}\n{update}{every}{number}"
            f"consistency: {{policy: bsp}}\nresources: {{device: {device}}}\n"
            "checkpoint: {every_seconds: 0}\n")


def name_of(job):
    """Of a job file's text that is from here."""
    return job.split("\n", 1)[0].removeprefix("name: ")


def iterations(records, batch, epochs):
    return -(-records * epochs // batch)


CLICK_MODELS = ("wide_deep", "deepfm", "dcn")


def learning(kind, data, device, epochs, precision="float32", evals=10):
    """A job that is to learn something: kind mlp, softmax, cnn, logistic, fm, mf, kmeans, lm or
    one of CLICK_MODELS. It is evaluated about `evals` times on the way."""
    if kind in ("mlp", "softmax", "cnn"):
        batch, records = 64, data.picture_records
        where = f"  scale: {data.picture_scale!r}\n{data.pictures}"
    elif kind in CLICK_MODELS:
        batch, records = 256, data.click_records
        where = data.clicks
    elif kind == "kmeans":
        # Of whole numbers, a part of them in a round.
        batch, records, where = 128, data.picture_records, data.pictures
    elif kind == "mf":
        batch, records, where = 128, data.rating_records, data.ratings
    elif kind == "lm":
        batch, records, where = 32, data.text_records, data.text
    else:
        batch, records = 256, data.sparse_records
        where = data.sparse
    model, optimizer = {
        "mlp": ("kind: mlp, hidden: [256]", "kind: adam, learning_rate: 0.002"),
        "softmax": ("kind: softmax", "kind: sgd, learning_rate: 0.1"),
        "cnn": ("kind: cnn, hidden: [32], cnn: {conv: [{channels: 8}, {channels: 16}], batch_norm: true, "
                "dropout: 0.2}", "kind: adam, learning_rate: 0.002"),
        "logistic": ("kind: logistic", "kind: sgd, learning_rate: 0.5"),
        "fm": ("kind: fm, factors: 8, table: sparse, initializer: {kind: normal, scale: 0.05}",
               "kind: adam, learning_rate: 0.005, l2: 0.001"),
        **{click: (f"kind: {click}, factors: 8, hidden: [32, 16], "
                   "initializer: {kind: normal, scale: 0.05}",
                   "kind: adam, learning_rate: 0.002") for click in CLICK_MODELS},
        "mf": ("kind: mf, factors: 8", "kind: adam, learning_rate: 0.02"),
        "kmeans": ("kind: kmeans, clusters: 10", ""),
        "lm": (f"kind: lm, lm: {{context: {CONTEXT}, layers: 2, heads: 4, width: 64, dropout: 0.1}}",
               "kind: adam, learning_rate: 0.002"),
    }[kind]
    total = iterations(records, batch, epochs)
    schedule = f", schedule: {{kind: cosine, total_iterations: {total}}}" if optimizer else ""
    return _job(f"{kind}-{device}-{precision}", model, where, batch, f"epochs: {epochs}",
                optimizer + schedule, device, max(1, total // evals), precision)


def throughput_mlp(files, hidden, batch, count, device, precision="float32"):
    """784-hidden-...-10 over made pictures, `count` rounds of `batch` samples."""
    data = f"  scale: {1 / 255!r}\n" + _section("train", "idx", files[0], labels=files[1])
    return _job(f"mlp-{batch}-{precision}", f"kind: mlp, hidden: [{', '.join(map(str, hidden))}]",
                data, batch, f"iterations: {count}", "kind: sgd, learning_rate: 0.01", device, 0, precision)


def throughput_fm(file, features, batch, count, device):
    """A factorization machine over made clicks, `count` rounds of `batch` samples."""
    data = f"  features: {features}\n" + _section("train", "libsvm", file)
    return _job(f"fm-{batch}", "kind: fm, factors: 8, table: sparse", data, batch,
                f"iterations: {count}", "kind: adagrad, learning_rate: 0.05", device, 0, "float32")
