"""`bench/run adaptive`: Hikyaku and Postfix against servers with the same hidden limits, in real time.

Four sites at once, each with a server for Hikyaku and one for Postfix: a steady limit, one cut to a
quarter midway, one raised midway, one for a whole site that a second worker joins.
"""

import time
from dataclasses import dataclass

from bench.postfix_sender import PostfixSender
from bench.provider import Limits, Provider, Servers
from scripts.local.cluster import Cluster

DOMAIN = "shop.test"
POOL, SHARED_POOL = "mkt", "duo"
ADDRESSES = {"alone": "127.0.0.11", "first": "127.0.0.12", "second": "127.0.0.13"}
POSTFIX_ADDRESSES = ("127.0.0.14", "127.0.0.15")
# The issue's own figures.
REACH = {"goodput_min": 0.9, "deferral_max": 0.01, "converge_s": 300, "reconverge_s": 60,
         "forbidden": 0}
BURST_S = 2


@dataclass
class Lengths:
    """In seconds: of the run, of the spans that show convergence, when the limits change."""
    run: int
    span: int
    change: int
    second_worker: int
    settle: int  # after a raise, before goodput counts again


FULL = Lengths(run=540, span=20, change=240, second_worker=60, settle=120)
SHORT = Lengths(run=110, span=10, change=50, second_worker=10, settle=40)


@dataclass
class Site:
    name: str
    pool: str
    limits: Limits
    after: dict  # limits from the change on
    rate: float
    rate_after: float

    @property
    def domain(self):
        return f"{self.name}.test"

    def provider(self, lengths):
        return Provider(self.limits, [(lengths.change, self.after)] if self.after else [])

    def messages(self, lengths):
        """More than can go."""
        return int(1.5 * (self.rate * lengths.change +
                          self.rate_after * (lengths.run - lengths.change))) + 1000


def sites():
    def limits(**rates):
        return Limits(burst_s=BURST_S, connections=8, messages=40, **rates)
    return [
        Site("steady", POOL, limits(ip_rate=12), {}, 12, 12),
        Site("cut", POOL, limits(ip_rate=20), {"ip_rate": 5}, 20, 5),
        Site("raised", POOL, limits(ip_rate=8), {"ip_rate": 14}, 8, 14),
        Site("shared", SHARED_POOL, limits(site_rate=16), {}, 16, 16),
    ]


# ---------------------------------------------------------------- who sends

def submit(api, site, count):
    pb = api.pb
    created = api.call("CampaignService", "CreateCampaign", pb.CreateCampaignRequest(
        idempotency_key=site.name, name=site.name, content_class=pb.CONTENT_CLASS_NOTICE,
        lane=pb.LANE_BULK, mode=pb.MODE_LIVE, pool=site.pool,
        content=pb.Content(**{"from": pb.Mailbox(address=f"news@{DOMAIN}")}, subject="News",
                           text="Hello.\n" + "All is well.\n" * 150)))
    everyone = [pb.Recipient(address=f"u{number}@{site.domain}") for number in range(count)]
    for chunk, start in enumerate(range(0, count, 4096)):
        api.campaign("AddRecipients", campaign_id=created.campaign_id, chunk=chunk,
                     recipients=everyone[start:start + 4096])
    api.campaign("SubmitCampaign", campaign_id=created.campaign_id, expected_rows=count)


class Hikyaku:
    """Redis, a coordinator, a worker, and two for the shared site, of which the second joins later."""

    def __init__(self, folder, build, providers, lengths):
        routes = [{"domain": site.domain, "host": "127.0.0.1", "port": provider.port,
                   "family": "v4", "tls": "none"} for site, provider in providers]
        self.providers = providers
        self.lengths = lengths
        self.cluster = Cluster(folder, build, domains=(DOMAIN,), routes=routes)

    def start(self):
        cluster = self.cluster
        cluster.redis.start()
        cluster.add_coordinator(pools=[POOL, SHARED_POOL]).start()
        for name, pool in (("alone", POOL), ("first", SHARED_POOL), ("second", SHARED_POOL)):
            cluster.add_worker(ips=((ADDRESSES[name], f"{name}.{DOMAIN}"),), pool=pool,
                               dkim={"sign": False}, profiles=[])
        for node in cluster.workers[:2]:
            node.start()
        for site, _ in self.providers:
            submit(cluster.client(), site, site.messages(self.lengths))

    def join(self):
        self.cluster.workers[2].start(wait=False)

    def stop(self):
        return self.cluster.stop()


class Postfix:
    """The same with two Postfixes; the second sends half of the shared site's mail."""

    def __init__(self, folder, providers, lengths):
        self.providers = providers
        self.lengths = lengths
        self.feeds = []
        every = {site.domain: provider.port for site, provider in providers}
        self.senders = [PostfixSender(folder / f"postfix-{number}", address, every)
                        for number, address in enumerate(POSTFIX_ADDRESSES)]

    def start(self):
        for sender in self.senders:
            sender.start()
        for site, _ in self.providers:
            part = 2 if site.pool == SHARED_POOL else 1
            self.feeds.append(self.senders[0].feed(site.domain,
                                                   site.messages(self.lengths) // part))

    def join(self):
        self.feeds += [self.senders[1].feed(site.domain, site.messages(self.lengths) // 2)
                       for site, _ in self.providers if site.pool == SHARED_POOL]

    def stop(self):
        for feed in self.feeds:
            feed.terminate()
            feed.wait()
        for sender in self.senders:
            sender.stop()


# ---------------------------------------------------------------- what the servers saw

def span_figures(provider, begin, end, rate):
    attempts, taken, refused = provider.sums(begin, end)
    return {"goodput": round(taken / (rate * max(end - begin, 1)), 3),
            "deferrals": round(refused / attempts, 4) if attempts else 0.0}


def doubled_seconds(provider, begin, end, rate):
    """Seconds with twice what is allowed, the bucket's store apart."""
    return sum(provider.second_at(second).attempts > 2 * rate for second in range(begin, end))


def figures_of(site, provider, lengths):
    """From the server's own record."""
    end = min(int(provider.passed_s()), lengths.run)
    first_end = lengths.change if site.after else end
    converge = provider.converged(0, first_end, lengths.span, 0.9 * site.rate)
    begin = converge if converge is not None else lengths.span
    if site.pool == SHARED_POOL:
        begin = max(begin, lengths.second_worker + lengths.span)
    told = {"site": site.name, "limit": site.rate, "converge_s": converge,
            "over_connections": provider.over_connections, "in_pauses": provider.forbidden,
            **span_figures(provider, begin, first_end, site.rate)}
    doubled = doubled_seconds(provider, begin, first_end, site.rate)
    if site.after:
        again = provider.converged(lengths.change, end, lengths.span, 0.9 * site.rate_after)
        told["reconverge_s"] = None if again is None else again - lengths.change
        wait = 60 if site.rate_after < site.rate else lengths.settle
        since = min(max(again or 0, lengths.change + min(wait, lengths.settle)), end - 1)
        after = span_figures(provider, since, end, site.rate_after)
        told.update({"limit_after": site.rate_after, "goodput_after": after["goodput"],
                     "deferrals_after": after["deferrals"]})
        doubled += doubled_seconds(provider, since, end, site.rate_after)
    told["doubled_seconds"] = doubled
    return told


def sum_up(rows, lengths):
    def worst(key, missing):
        values = [row[key] for row in rows if key in row]
        return max(missing if value is None else value for value in values)
    cut = [row for row in rows if row["site"] == "cut"]
    again = cut[0]["reconverge_s"]
    return {
        "goodput_min": min(min(row["goodput"], row.get("goodput_after", 9)) for row in rows),
        "deferral_max": max(max(row["deferrals"], row.get("deferrals_after", 0)) for row in rows),
        "converge_s": worst("converge_s", lengths.run),
        "reconverge_s": lengths.run if again is None else again,
        "forbidden": sum(row["over_connections"] + row["in_pauses"] + row["doubled_seconds"]
                         for row in rows),
    }


def print_rows(name, rows):
    print(f"{name}: site, limit, goodput and deferrals after convergence, seconds to converge; "
          "after the change")
    for row in rows:
        text = (f"  {row['site']:<7} {row['limit']:>4}/s  goodput {row['goodput']:.3f}  deferrals "
                f"{row['deferrals']:.4f}  converge {row['converge_s']}")
        if "limit_after" in row:
            text += (f"  -> {row['limit_after']:>3}/s  goodput {row['goodput_after']:.3f}  deferrals "
                     f"{row['deferrals_after']:.4f}  converge {row['reconverge_s']}")
        print(f"{text}  over connections {row['over_connections']}  doubled "
              f"{row['doubled_seconds']}")


def keep(folder, both):
    """Second by second, for whoever wants to look closer (--folder)."""
    for name, providers in zip(("hikyaku", "postfix"), both):
        lines = [f"{site.name}\t{second}\t{row.attempts}\t{row.taken}\t{row.refused}\n"
                 for site, provider in providers for second, row in sorted(provider.seconds.items())]
        (folder / f"{name}.tsv").write_text("site\tsecond\tattempts\ttaken\trefused\n" + "".join(lines))


def measure(folder, build, is_short):
    """Returns the JSON object's figures; prints the table by site."""
    lengths = SHORT if is_short else FULL
    folder.chmod(0o755)  # Postfix' own user must reach its queue
    servers = Servers()
    both = [[(site, servers.add(site.provider(lengths))) for site in sites()] for _ in range(2)]
    senders = [Hikyaku(folder, build, both[0], lengths), Postfix(folder, both[1], lengths)]
    try:
        for sender in senders:
            sender.start()
        time.sleep(lengths.second_worker)
        for sender in senders:
            sender.join()
        time.sleep(lengths.run - lengths.second_worker + 2)
        for _, provider in both[0] + both[1]:
            provider.end()
    finally:
        for sender in senders:
            sender.stop()
        servers.stop()
    keep(folder, both)
    rows = [[figures_of(site, provider, lengths) for site, provider in providers]
            for providers in both]
    print_rows("Hikyaku", rows[0])
    print_rows("Postfix", rows[1])
    own, others = (sum_up(each, lengths) for each in rows)
    reached = own["goodput_min"] >= REACH["goodput_min"] and all(
        own[key] <= REACH[key] for key in REACH if key != "goodput_min")
    return {**own, "postfix": others, "reach": REACH, "is_reached": reached, "seconds": lengths.run,
            "sites": rows[0], "postfix_sites": rows[1]}
