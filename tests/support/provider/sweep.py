#!/usr/bin/env python3
"""How the controller does with random providers: usage: sweep.py PROVIDER_SWEEP [FIRST COUNT]"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

COLUMNS = ("seed", "kind", "rate", "burst", "window", "penalty", "connections", "messages", "rtt",
           "goodput", "deferrals", "converged", "forbidden", "over_rate", "over_connections",
           "suspensions")
PARTS = 2


def run(program, first, count):
    output = subprocess.run([program, str(first), str(count)], check=True, capture_output=True,
                            text=True).stdout
    return [dict(zip(COLUMNS, line.split("\t"))) for line in output.splitlines()]


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def tell(name, rows):
    goodput = [float(row["goodput"]) for row in rows]
    deferrals = [float(row["deferrals"]) for row in rows]
    late = 60 if name.startswith("cut") else 300
    converged = [int(row["converged"]) for row in rows]
    in_time = sum(0 <= value <= late for value in converged)
    print(f"{name:22} n {len(rows):4}  goodput least {min(goodput):.3f} 5% {quantile(goodput, .05):.3f} "
          f"half {quantile(goodput, .5):.3f}  >=0.9: {sum(g >= 0.9 for g in goodput):4}  "
          f"deferrals 95% {quantile(deferrals, .95):.4f} most {max(deferrals):.4f} "
          f"<=1%: {sum(d <= 0.01 for d in deferrals):4}  in time {in_time:4}  forbidden "
          f"{sum(int(row[key]) for row in rows for key in ('forbidden', 'over_rate', 'over_connections'))}")


def main():
    program = sys.argv[1]
    first, count = (int(word) for word in sys.argv[2:4]) if len(sys.argv) > 3 else (1, 400)
    part = count // PARTS
    with ThreadPoolExecutor(PARTS) as pool:
        rows = sum(pool.map(lambda n: run(program, first + n * part, part), range(PARTS)), [])
    for kind in ("steady", "cut", "raised", "shared"):
        of_kind = [row for row in rows if row["kind"] == kind]
        tell(kind, [row for row in of_kind if row["penalty"].startswith("0")])
        tell(f"{kind}, with penalty", [row for row in of_kind if not row["penalty"].startswith("0")])
    worst = [row for row in rows if float(row["goodput"]) < 0.9 or float(row["deferrals"]) > 0.01
             or int(row["forbidden"]) + int(row["over_rate"]) + int(row["over_connections"]) > 0]
    print("\t".join(COLUMNS))
    for row in worst:
        print("\t".join(row.values()))


if __name__ == "__main__":
    main()
