#!/usr/bin/python3
"""Recipients for the quick start, tests and trials: a CSV file that `hikyaku submit` takes.

The same arguments give the same file. Columns: address, ref, lang, display_name, name, points, shop.
Known users are u<number>@DOMAIN, unknown ones nobody<number>@DOMAIN: a receiving server that takes
/^u[0-9]+@/ and refuses the rest bears the counts out. Malformed addresses break a rule that needs
no DNS; a duplicate repeats the address of an earlier known user, every other time in capitals.

usage: make_recipients.py ROWS --domains a.test,b.test=3 [--output FILE] [...]
"""

import argparse
import csv
import json
import random
import sys

FAMILY = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 清水 山崎 髙島".split()
GIVEN = "陽葵 凛 結菜 葵 結愛 莉子 美咲 翔太 大翔 蓮 陽翔 悠真 湊 樹 太郎 花子 一郎 健太 さくら ひかり 彩".split()
SHOPS = "銀座本店 新宿店 梅田店 札幌店 博多店".split()
MALFORMED = ("no-at.{domain}", "{user}@@{domain}", "{user} x@{domain}", "{user}@", "@{domain}",
             "{user}@{domain}..", "{user}..x@{domain}", "{long}@{domain}", "{user}@-bad-.{domain}")
COLUMNS = ("address", "ref", "lang", "display_name", "name", "points", "shop")


def parse_domains(text):
    """"a.test,b.test=3" -> (["a.test", "b.test"], [1.0, 3.0])"""
    names, weights = [], []
    for part in text.split(","):
        name, _, weight = part.partition("=")
        names.append(name)
        weights.append(float(weight or 1))
    return names, weights


class Maker:
    """Draws one row after the other and counts what it drew."""

    def __init__(self, arguments):
        self.random = random.Random(arguments.seed)
        self.domains, self.weights = parse_domains(arguments.domains)
        self.shares = (("duplicate", arguments.duplicates), ("malformed", arguments.malformed),
                       ("unknown", arguments.unknown))
        self.english = arguments.english
        self.known = []
        self.counts = {"rows": 0, "known": 0, "duplicate": 0, "malformed": 0, "unknown": 0,
                       "known_by_domain": {}, "unknown_by_domain": {}}

    def draw_kind(self):
        drawn = self.random.random()
        for kind, share in self.shares:
            if drawn < share and (kind != "duplicate" or self.known):
                return kind
            drawn -= share
        return "known"

    def address(self, kind, number):
        domain = self.random.choices(self.domains, self.weights)[0]
        user = f"u{number}"
        if kind == "duplicate":
            again = self.random.choice(self.known)
            local, _, at = again.partition("@")
            return local.upper() + "@" + at if number % 2 else again
        if kind == "malformed":
            form = MALFORMED[self.counts["malformed"] % len(MALFORMED)]
            return form.format(user=user, domain=domain, long="x" * 65)
        by_domain = self.counts[kind + "_by_domain"]
        by_domain[domain] = by_domain.get(domain, 0) + 1
        if kind == "unknown":
            return f"nobody{number}@{domain}"
        self.known.append(f"{user}@{domain}")
        return self.known[-1]

    def row(self, number):
        kind = self.draw_kind()
        address = self.address(kind, number)
        self.counts["rows"] += 1
        self.counts[kind] += 1
        name = f"{self.random.choice(FAMILY)} {self.random.choice(GIVEN)}"
        lang = "en" if self.random.random() < self.english else "ja"
        return (address, f"cust-{number:07d}", lang, name, name, self.random.choice((2, 3, 5, 10)),
                self.random.choice(SHOPS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\nusage")[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("--domains", required=True, help="a.test,b.test=3: with a weight")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--duplicates", type=float, default=0.02, help="share of the rows")
    parser.add_argument("--malformed", type=float, default=0.01, help="share of the rows")
    parser.add_argument("--unknown", type=float, default=0.02, help="share of the rows")
    parser.add_argument("--english", type=float, default=0.1, help="share with lang en")
    parser.add_argument("--encoding", default="utf-8", help="utf-8, utf-8-sig or cp932")
    parser.add_argument("--output", help="file (stdout)")
    parser.add_argument("--summary", help="write the counts of each kind as JSON into this file")
    arguments = parser.parse_args()
    maker = Maker(arguments)
    out = open(arguments.output or sys.stdout.fileno(), "w", encoding=arguments.encoding,
               newline="", closefd=arguments.output is not None)
    with out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for number in range(1, arguments.rows + 1):
            writer.writerow(maker.row(number))
    if arguments.summary:
        with open(arguments.summary, "w", encoding="utf-8") as summary:
            json.dump(maker.counts, summary, ensure_ascii=False, indent=2, sort_keys=True)
            summary.write("\n")


main()
