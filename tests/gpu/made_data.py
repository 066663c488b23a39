"""Data that are made, for runs that have none or need more: functions of their seed.

    images(folder / "mlp", 8192)               # mlp-images, mlp-labels: MNIST's IDX format
    libsvm(folder / "fm.libsvm", 65536, features=10**6, entries=39)
    clicks(folder / "clicks.csv", 8192, columns=6, categories=200)
    ratings(folder / "mf.csv", 8192, users=200, items=100)
    text(folder / "lm.txt", 10**6)
"""

import random
import struct

PIXELS = 784
CLASSES = 10


def images(path, records, seed=1):
    """`records` noisy pictures of 28x28 pixels: each shows its class's pattern, which half of the
    pixels follow. Writes path-images and path-labels; returns their paths."""
    rng = random.Random(seed)
    patterns = [rng.randbytes(PIXELS) for _ in range(CLASSES)]
    mask = int.from_bytes(b"\x00\xff" * (PIXELS // 2), "little")
    labels = bytes(rng.randrange(CLASSES) for _ in range(records))
    names = path.with_name(path.name + "-images"), path.with_name(path.name + "-labels")
    with open(names[0], "wb") as file:
        file.write(struct.pack(">IIII", 0x803, records, 28, 28))
        for label in labels:
            pattern = int.from_bytes(patterns[label], "little") & mask
            noise = int.from_bytes(rng.randbytes(PIXELS), "little") & ~mask
            file.write((pattern | noise).to_bytes(PIXELS, "little"))
    names[1].write_bytes(struct.pack(">II", 0x801, records) + labels)
    return names


def weight(feature):
    """Of a feature in the model that labels follow, from -1 to below 1."""
    return ((feature * 2654435761 >> 7) & 0xFFFF) / 32768 - 1


def libsvm(path, records, features, entries, seed=1):
    """`records` of one entry from each of `entries` fields of equal width (clicks look so: a few
    features of a field are frequent, most are rare). Labels 0 and 1 follow the features'
    weights, nine in ten of them. Returns the path."""
    if not 0 < entries <= features:
        raise ValueError(f"{entries} entries of {features} features: as many fields expected")
    rng = random.Random(seed)
    width = features // entries
    with open(path, "w") as file:
        for _ in range(records):
            # Indices count from 1 and rise.
            found = [field * width + int(width * rng.random() ** 4) for field in range(entries)]
            label = (sum(map(weight, found)) > 0) ^ (rng.random() < 0.1)
            file.write(f"{label:d} {' '.join(f'{index + 1}:1' for index in found)}\n")
    return path


def clicks(path, records, columns, categories, seed=1):
    """A csv file with a header: the label, a number x, and `columns` columns c0, c1, ... of so
    many categories each, a few of them frequent. Labels follow the weights of the categories, the
    number, and whether the first and the last column are both even or both odd; nine in ten of
    them. Returns the path."""
    rng = random.Random(seed)
    names = [f"c{column}" for column in range(columns)]
    with open(path, "w") as file:
        file.write(f"label,x,{','.join(names)}\n")
        for _ in range(records):
            found = [int(categories * rng.random() ** 3) for _ in names]
            number = rng.uniform(-1, 1)
            linear = sum(weight(column * categories + one) for column, one in enumerate(found))
            agree = 1 if found[0] % 2 == found[-1] % 2 else -1
            label = (linear + number + agree > 0) ^ (rng.random() < 0.1)
            file.write(f"{label:d},{number:.4f},{','.join(f'k{one}' for one in found)}\n")
    return path


def ratings(path, records, users, items, seed=1):
    """`records` lines of user,item,rating: ratings from 1 to 5 follow the weights of user and item,
    and whether the two are of one of two tastes. Returns the path."""
    rng = random.Random(seed)
    with open(path, "w") as file:
        for _ in range(records):
            user, item = rng.randrange(users), rng.randrange(items)
            agree = 1 if (user + item) % 2 == 0 else -1
            rating = 3 + 0.5 * weight(user) + 0.5 * weight(users + item) + 0.5 * agree
            file.write(f"{user},{item},{rating + rng.uniform(-0.5, 0.5):.3f}\n")
    return path


def text(path, size, seed=1):
    """`size` bytes of words: a few of 500 are frequent, most are rare. Returns the path."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("etaoinshrdlucmfw", k=rng.randint(2, 8))) for _ in range(500)]
    found = bytearray()
    while len(found) < size:
        found += words[int(len(words) * rng.random() ** 3)].encode() + b" "
    path.write_bytes(found[:size])
    return path
