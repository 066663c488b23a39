"""What a benchmark ran on: figures without it mean little."""

import datetime
import os
import platform


def describe():
    with open("/proc/cpuinfo") as cpus:
        models = {line.split(":", 1)[1].strip() for line in cpus if line.startswith("model name")}
    with open("/proc/meminfo") as memory:
        kib = int(next(line for line in memory if line.startswith("MemTotal")).split()[1])
    return (f"{datetime.date.today()}, {os.cpu_count()} x {', '.join(sorted(models))}, "
            f"{kib / 2**20:.0f} GiB, Linux {platform.release()}")
