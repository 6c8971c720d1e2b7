#!/usr/bin/python3
"""Draws how the path controller converges: plot.py BUILD > docs/throttling.svg

Runs provider_trace for each scenario and writes one SVG; nothing but Python is needed.
"""

import subprocess
import sys
from pathlib import Path

SCENARIOS = (("steady", "a limit of 40 messages a second"),
             ("cut", "the limit is cut to a quarter after 300 s"),
             ("raised", "the limit is raised from 20 to 60 after 200 s"),
             ("shared", "a second worker shares the site's limit from 200 s on"))
WIDTH, HEIGHT, LEFT, TOP, GAP = 720, 170, 50, 40, 50
SECONDS, SPAN = 600, 5


def read(build, name):
    output = subprocess.run([str(build / "tests" / "provider_trace"), name], check=True,
                            capture_output=True, text=True).stdout
    return [[float(word) for word in line.split("\t")] for line in output.splitlines()]


def mean(rows, column, at):
    part = rows[max(0, at - SPAN + 1):at + 1]
    return sum(row[column] for row in part) / len(part)


def line(points, color, width, dash=""):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (f'<polyline fill="none" stroke="{color}" stroke-width="{width}"'
            f'{dash and f" stroke-dasharray={chr(34)}{dash}{chr(34)}"} points="{path}"/>')


def panel(rows, title, top):
    most = 1.5 * max(row[1] for row in rows)

    def place(second, value):
        return (LEFT + second / SECONDS * WIDTH, top + HEIGHT * (1 - min(value, most) / most))

    limit = [place(row[0], row[1]) for i, row in enumerate(rows)
             if i in (0, len(rows) - 1) or row[1] != rows[i - 1][1] or row[1] != rows[i + 1][1]]
    taken = [place(row[0], mean(rows, 3, int(row[0]))) for row in rows[::2]]
    out = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{title}</text>',
           f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>']
    for second in range(0, SECONDS + 1, 100):
        out.append(f'<text x="{place(second, 0)[0]}" y="{top + HEIGHT + 15}" '
                   f'text-anchor="middle">{second} s</text>')
    for part in (0, 0.5, 1):
        value = part * max(row[1] for row in rows)
        out.append(f'<text x="{LEFT - 6}" y="{place(0, value)[1] + 4:.1f}" '
                   f'text-anchor="end">{value:g}</text>')
    for row in rows:
        if row[4] > 0:
            x, bottom = place(row[0], 0)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:.1f}" '
                       f'y2="{place(0, row[4])[1]:.1f}" stroke="#c0392b" stroke-width="1.5"/>')
    out += [line(limit, "#888", 1.5, "6 4"), line(taken, "#1f6fb4", 1.8)]
    return out


def main():
    build = Path(sys.argv[1])
    height = TOP + len(SCENARIOS) * (HEIGHT + GAP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="{LEFT}" y="14">messages a second: taken (blue, mean of {SPAN} s), refused for '
           'the limit (red), the hidden limit (dashed)</text>']
    for number, (name, title) in enumerate(SCENARIOS):
        out += panel(read(build, name), title, TOP + number * (HEIGHT + GAP))
    print("\n".join([*out, "</svg>"]))


if __name__ == "__main__":
    main()
