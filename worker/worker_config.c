#include "worker/worker_config.h"

#include "common/policy/provider_profiles.h"
#include "common/policy/time_zone.h"
#include "common/policy/warmup_plans.h"

#include <errno.h>
#include <string.h>

static const char *const families[] = {"any", "v4", "v6", NULL};
static const char *const tls_policies[] = {"opportunistic", "none", NULL};
static const char *const body_forms[] = {"simple", "relaxed", NULL};

/* HOST:PORT alone: coordinators are not reached over unix sockets. */
static int check_coordinator(struct text value, struct problem *problem)
{
    char host[CONFIG_CHECK_HOST_BYTES];
    uint16_t port = 0;
    int error = config_check_endpoint(value, problem);
    if (error == 0 && (config_check_split_endpoint(value, host, &port) != 0 || port == 0)) {
        problem_set(problem, "", "endpoint", "must be HOST:PORT");
        error = -EINVAL;
    }
    return error;
}

static int check_domain(struct text value, struct problem *problem)
{
    return text_equal(value, TEXT("*")) ? 0 : config_check_host(value, problem);
}

static int check_target(struct text value, struct problem *problem)
{
    return config_check_ip(value, NULL) == 0 ? 0 : config_check_host(value, problem);
}

static int check_zone(struct text value, struct problem *problem)
{
    if (!time_zone_is_name(value)) {
        problem_set(problem, "", "zone", "must be the name of a time zone, as Asia/Tokyo");
        return -EINVAL;
    }
    return 0;
}

static const struct config_key ip_keys[] = {
    {"address", CONFIG_STRING, offsetof(struct worker_config_ip, address), .is_required = true,
     .check = config_check_ip, .example = "203.0.113.7",
     .doc = "An address of this machine (IPv4 or IPv6) to send from."},
    {"ehlo", CONFIG_STRING, offsetof(struct worker_config_ip, ehlo), .is_required = true,
     .check = config_check_host, .example = "out7.example",
     .doc = "The name it says in EHLO: what its PTR record shows (S13)."},
    {"warmup", CONFIG_STRING, offsetof(struct worker_config_ip, warmup), .check = config_check_name,
     .example = "steady",
     .doc = "A plan of warmup.plans: the address is young (docs/warmup.md). Default: it is warm."},
};
static const struct config_table ip_table =
    CONFIG_TABLE(struct worker_config_ip, ip_keys, .name = "ip", .unique_key = "address",
                 .doc = "A sending IP; one worker at a time holds its lease.");

static const struct config_key pool_keys[] = {
    {"name", CONFIG_STRING, offsetof(struct worker_config_pool, name), .is_required = true,
     .check = config_check_name, .example = "mkt-a", .doc = "The pool's name."},
    {"ips", CONFIG_RECORDS, offsetof(struct worker_config_pool, ips), .record = &ip_table,
     .is_required = true, .minimum = 1, .maximum = 256,
     .doc = "Its addresses that this worker may lease."},
};
static const struct config_table pool_table =
    CONFIG_TABLE(struct worker_config_pool, pool_keys, .name = "pool", .unique_key = "name",
                 .doc = "A named set of sending IPs.");

static const struct config_key route_keys[] = {
    {"domain", CONFIG_STRING, offsetof(struct worker_config_route, domain), .is_required = true,
     .check = check_domain, .example = "\"*\"",
     .doc = "Recipient domain, or * for every one; the first route that fits is taken."},
    {"host", CONFIG_STRING, offsetof(struct worker_config_route, host), .is_required = true,
     .check = check_target, .example = "relay.example", .doc = "The server: a name or an address."},
    {"port", CONFIG_INTEGER, offsetof(struct worker_config_route, port), .fallback = "25",
     .minimum = 1, .maximum = 65535, .doc = "Its port."},
    {"family", CONFIG_ENUM, offsetof(struct worker_config_route, family), .choices = families,
     .fallback = "any", .doc = "Which of its addresses are used."},
    {"tls", CONFIG_ENUM, offsetof(struct worker_config_route, tls), .choices = tls_policies,
     .fallback = "opportunistic", .doc = "STARTTLS when it is offered, or never."},
    {"smart_host", CONFIG_BOOLEAN, offsetof(struct worker_config_route, is_smart_host),
     .fallback = "false",
     .doc = "The server relays: all domains of the route are one site with one limit. Otherwise "
            "each domain stays a site of its own."},
};
static const struct config_table route_table =
    CONFIG_TABLE(struct worker_config_route, route_keys, .name = "route",
                 .doc = "Mail of a domain goes to this server; its MX records are not asked for.");

static const struct config_key selector_keys[] = {
    {"domain", CONFIG_STRING, offsetof(struct worker_config_selector, domain), .is_required = true,
     .check = config_check_host, .example = "shop.example", .doc = "The signing domain."},
    {"selector", CONFIG_STRING, offsetof(struct worker_config_selector, selector),
     .is_required = true, .check = config_check_host, .example = "s2026",
     .doc = "Selector of its RSA key."},
    {"ed25519_selector", CONFIG_STRING, offsetof(struct worker_config_selector, ed25519_selector),
     .check = config_check_host, .doc = "Selector of its Ed25519 key."},
};
static const struct config_table selector_table =
    CONFIG_TABLE(struct worker_config_selector, selector_keys, .name = "selector",
                 .unique_key = "domain", .doc = "Which keys of a domain sign.");

#define AT(member) offsetof(struct worker_config, member)
static const struct config_key keys[] = {
    SERVICE_CONFIG_KEYS(struct worker_config, "w-0"),
    {"coordinators", CONFIG_STRINGS, AT(coordinators), .is_required = true, .minimum = 1,
     .maximum = 64, .check = check_coordinator, .example = "[coordinator.example:8462]",
     .doc = "HOST:PORT of the coordinators' bus; all addresses of a name, looked up each 30 s."},
    {"bus.key_file", CONFIG_SECRET_FILE, AT(bus.key_file), .is_required = true,
     .example = "/etc/hikyaku/worker.key", .doc = "This worker's CURVE secret key."},
    {"bus.server_key_file", CONFIG_PATH, AT(bus.server_key_file), .is_required = true,
     .example = "/etc/hikyaku/bus.pub", .doc = "The coordinators' CURVE public key."},
    {"pools", CONFIG_RECORDS, AT(pools), .record = &pool_table, .is_required = true, .minimum = 1,
     .maximum = 64, .doc = "The pools and addresses that this worker may lease."},
    {"dns.forwarders", CONFIG_STRINGS, AT(dns.forwarders), .maximum = 8,
     .example = "[127.0.0.1@5353]", .doc = "Resolvers to ask, ADDRESS@PORT; default: resolv.conf."},
    {"dns.local_data", CONFIG_STRINGS, AT(dns.local_data), .maximum = 1000,
     .doc = "Lines of a zone file that are answered from here."},
    {"dns.open_zones", CONFIG_STRINGS, AT(dns.open_zones), .maximum = 100, .example = "[test.]",
     .doc = "Zones that the library would answer itself and shall ask for (test., ...)."},
    {"dns.timeout", CONFIG_DURATION, AT(dns.timeout_ms), .fallback = "10s", .minimum = 100,
     .maximum = 120000, .doc = "Of one question."},
    {"watch.block_lists", CONFIG_STRINGS, AT(watch.block_lists), .maximum = 16,
     .check = config_check_host, .example = "[zen.example.net]",
     .doc = "DNS block lists that are asked about the sending IPs; their terms of use are yours to "
            "keep."},
    {"watch.interval", CONFIG_DURATION, AT(watch.interval_ms), .fallback = "15m", .minimum = 1000,
     .maximum = 86400000, .doc = "Between two rounds of questions."},
    {"routes", CONFIG_RECORDS, AT(routes), .record = &route_table, .maximum = 10000,
     .doc = "Servers for domains, instead of their MX records."},
    {"profiles", CONFIG_RECORDS, AT(profiles), .record = &provider_profiles_table,
     .maximum = PROVIDER_PROFILES_MAX, .is_reloadable = true,
     .doc = "Limits of providers and sites, before the built-in ones (docs/throttling.md)."},
    {"warmup.plans", CONFIG_RECORDS, AT(warmup.plans), .record = &warmup_plans_table,
     .maximum = WARMUP_PLANS_MAX, .is_reloadable = true,
     .doc = "How much young addresses may send to a site, day by day (docs/warmup.md)."},
    {"warmup.zone", CONFIG_STRING, AT(warmup.zone), .check = check_zone, .is_reloadable = true,
     .example = "Asia/Tokyo",
     .doc = "Whose days and hours they are: an IANA zone of this machine's tzdata. Default: UTC. "
            "The same at all workers."},
    {"warmup.hour_share", CONFIG_INTEGER, AT(warmup.hour_share), .fallback = "125", .minimum = 1,
     .maximum = 1000, .is_reloadable = true,
     .doc = "Of a day's quota, in thousandths, that may go out in one hour: a day is no burst."},
    {"dkim.sign", CONFIG_BOOLEAN, AT(dkim.signs), .fallback = "true",
     .doc = "Sign every message; needs dkim.directory. false sends unsigned mail, which large "
            "providers refuse: for relays that sign, and for tests."},
    {"dkim.directory", CONFIG_PATH, AT(dkim.directory), .example = "/etc/hikyaku/dkim",
     .doc = "DIR/<domain>/<selector>.pem: private keys. Mail of a From domain without key waits "
            "(KEY_UNAVAILABLE)."},
    {"dkim.selectors", CONFIG_RECORDS, AT(dkim.selectors), .record = &selector_table,
     .maximum = 10000, .doc = "Domains whose selector is not the newest-named one."},
    {"dkim.ed25519", CONFIG_BOOLEAN, AT(dkim.is_double), .fallback = "false",
     .doc = "Sign with the domain's Ed25519 key as well, where it has one."},
    {"dkim.body", CONFIG_ENUM, AT(dkim.body), .choices = body_forms, .fallback = "relaxed",
     .doc = "Canonical form of the body; header fields are always relaxed."},
    {"dkim.verify", CONFIG_BOOLEAN, AT(dkim.verifies), .fallback = "true",
     .doc = "Verify a domain's first message with the key in DNS before its mail goes out."},
    {"smtp.connections_per_site", CONFIG_INTEGER, AT(smtp.connections_per_site), .fallback = "10",
     .minimum = 1, .maximum = 1000, .doc = "Connections from one sending IP to one site."},
    {"smtp.messages_per_connection", CONFIG_INTEGER, AT(smtp.messages_per_connection),
     .fallback = "100", .minimum = 1, .maximum = 100000,
     .doc = "Messages on one connection before QUIT."},
    {"smtp.connections", CONFIG_INTEGER, AT(smtp.connections), .fallback = "500", .minimum = 1,
     .maximum = 20000, .doc = "Connections of this worker in all."},
    {"smtp.idle", CONFIG_DURATION, AT(smtp.idle_ms), .fallback = "5s", .minimum = 100,
     .maximum = 300000, .doc = "How long a connection waits for a next message."},
    {"smtp.port", CONFIG_INTEGER, AT(smtp.port), .fallback = "25", .minimum = 1, .maximum = 65535,
     .doc = "Port of MX hosts."},
    {"smtp.timeout_permille", CONFIG_INTEGER, AT(smtp.timeout_permille), .fallback = "1000",
     .minimum = 10, .maximum = 5000,
     .doc = "RFC 5321's timeouts times this, in thousandths; below 1000 only for tests."},
    {"claim.recipients", CONFIG_INTEGER, AT(claim.recipients), .fallback = "5000", .minimum = 1000,
     .maximum = 1000000, .doc = "Recipients in hand at once."},
    {"claim.reserve", CONFIG_INTEGER, AT(claim.reserve), .fallback = "500", .maximum = 100000,
     .doc = "Of these, for TRANSACTIONAL alone."},
    {"claim.idle", CONFIG_DURATION, AT(claim.idle_ms), .fallback = "60s", .minimum = 1000,
     .maximum = 3600000,
     .doc = "How long a claimed recipient may wait before it goes back untouched."},
    {"flush.interval", CONFIG_DURATION, AT(flush.interval_ms), .fallback = "100ms", .minimum = 10,
     .maximum = 500,
     .doc =
         "How long an outcome waits before it is written; BULK up to 500ms while many batches are "
         "open."},
    {"flush.outcomes", CONFIG_INTEGER, AT(flush.outcomes), .fallback = "200", .minimum = 1,
     .maximum = 500, .doc = "So many outcomes of a batch are written at once."},
    {"reply_rules", CONFIG_PATH, AT(reply_rules), .is_reloadable = true,
     .example = "/etc/hikyaku/replies.yaml",
     .doc =
         "Rules for what servers' replies mean (reply-rules.md), instead of those built in. Read "
         "again with each reload; a file with a mistake changes nothing."},
    {"shadow.reply_rules", CONFIG_PATH, AT(shadow.reply_rules), .is_reloadable = true,
     .example = "/etc/hikyaku/replies-next.yaml",
     .doc = "Rules to try: every reply is judged by them too, and what differs is told, not done "
            "(throttling.md)."},
    {"shadow.profiles", CONFIG_PATH, AT(shadow.profiles), .is_reloadable = true,
     .example = "/etc/hikyaku/profiles-next.yaml",
     .doc = "Profiles to try in the same way: a file with `profiles:` as here, in place of these."},
    {"retry.permille", CONFIG_INTEGER, AT(retry_permille), .fallback = "1000", .minimum = 1,
     .maximum = 10000,
     .doc = "Delays before a retry times this, in thousandths; far below 1000 only for tests."},
    {"drain.grace", CONFIG_DURATION, AT(drain_grace_ms), .fallback = "30s", .maximum = 600000,
     .doc = "After SIGTERM: how long messages on the wire may take."},
    {"threads", CONFIG_INTEGER, AT(threads), .fallback = "0", .maximum = 256,
     .doc = "Threads for composing and signing; 0: as many as cores."},
    {"metrics.listen", CONFIG_STRING, AT(metrics_listen), .fallback = "127.0.0.1:8461",
     .check = config_check_endpoint, .doc = "Where /metrics, /healthz and /readyz are."},
};
#undef AT

static int check_plans(const struct worker_config *config, struct problem *problem)
{
    const struct worker_config_pool *pools = config->pools.items;
    for (size_t i = 0; i < config->pools.count; i++) {
        const struct worker_config_ip *ips = pools[i].ips.items;
        for (size_t j = 0; j < pools[i].ips.count; j++) {
            if (ips[j].warmup != NULL &&
                warmup_plans_find(&config->warmup.plans, ips[j].warmup) == NULL) {
                problem_set(problem, "pools", "warmup_plan",
                            "%s: warmup.plans has no plan named %s", ips[j].address, ips[j].warmup);
                return -EINVAL;
            }
        }
    }
    return 0;
}

static int check(const void *record, struct problem *problem)
{
    const struct worker_config *config = record;
    if (config->claim.reserve + 500 > config->claim.recipients) {
        problem_set(problem, "claim.reserve", "claim_reserve",
                    "must leave room for a batch of 500 in claim.recipients");
        return -EINVAL;
    }
    if (config->dkim.signs && config->dkim.directory == NULL) {
        problem_set(problem, "dkim.directory", "dkim_sign",
                    "is needed to sign; dkim.sign: false sends unsigned mail");
        return -EINVAL;
    }
    return check_plans(config, problem);
}

const struct config_table worker_config_table = CONFIG_TABLE(
    struct worker_config, keys, .name = "hikyaku-worker",
    .doc = "Claims batches, composes, signs, delivers. Any number of workers of one cluster share "
           "the work; each leases its sending IPs.",
    .check = check);
