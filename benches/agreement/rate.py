#!/usr/bin/env python3
"""Documents read per CPU second by `courant sources parse` and by Python's feedparser, sanitising on.

    python3 benches/agreement/rate.py --courant target/release/courant MANIFEST...

CPU seconds (user and system) of one process each, so that what else the machine does counts less. Ours includes starting
the program, reading the files and writing the JSON; feedparser's does not include starting Python. Run three times each
by turns; the best of each counts.
"""

import argparse
import json
import os
import resource
import subprocess
import time
import warnings

from agree import of_feedparser


def of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("manifests", nargs="+")
    arguments.add_argument("--courant", default="target/release/courant")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments = arguments.parse_args()
    warnings.simplefilter("ignore")
    for manifest in arguments.manifests:
        with open(manifest, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        size = sum(os.path.getsize(row["path"]) for row in rows) / 1e6
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            start = of_children()
            subprocess.run(
                [arguments.courant, "sources", "parse", "--manifest", manifest], stdout=subprocess.DEVNULL, check=True
            )
            ours.append(of_children() - start)
            start = time.process_time()
            for row in rows:
                try:
                    of_feedparser(row)
                except Exception:  # It happens.
                    pass
            theirs.append(time.process_time() - start)
        ours, theirs = min(ours), min(theirs)
        print(f"{manifest}: {len(rows)} documents, {size:.1f} MB")
        print(f"  courant     {len(rows) / ours:10.0f} documents/s {size / ours:8.1f} MB/s")
        print(f"  feedparser  {len(rows) / theirs:10.0f} documents/s {size / theirs:8.1f} MB/s")
        print(f"  ratio       {theirs / ours:10.1f}")


if __name__ == "__main__":
    main()
