"""How long a large file takes to read and encode, and how much memory. Each size is a process of its own.

python -m tests.bench.load_csv
"""

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from helpers.data import load_csv

SIZES = (2_000, 20_000, 200_000)
WORDS = 20  # a row
VOCABULARY = 50_000


def write(path, n_rows):
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for _ in range(n_rows):
            words = np.minimum(rng.zipf(1.3, WORDS), VOCABULARY)  # few frequent words, many rare ones, as in a language
            writer.writerow([" ".join(f"word{number}" for number in words), "ab"[words.sum() % 2]])


def measure(path):
    start = time.process_time()
    data = load_csv(path)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rows = data.quality.rows_kept
    print(f"{rows:>9,} rows, vocabulary {len(data.vocab):>6,}: {seconds:6.1f} s of CPU, at most {peak:.2f} GB")


def main():
    for n_rows in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "large.csv"
            write(path, n_rows)
            subprocess.run([sys.executable, "-m", "tests.bench.load_csv", path], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()
