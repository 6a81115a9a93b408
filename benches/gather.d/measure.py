"""Runs a command and prints its wall seconds, CPU seconds (user and system) and peak memory in MB (1,000,000 bytes).

    measure.py NAME COMMAND...
"""
import resource
import subprocess
import sys
import time

began = time.monotonic()
ended = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
wall = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(f"{sys.argv[1]}.out", "wb") as out:
    out.write(ended.stdout)
print(f"{wall:.2f} {used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss * 1024 / 1e6:.0f} {ended.returncode}")
