#include "coordinator/coordinator_config.h"

#include "hikyaku/v1/api.pb-c.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define DAY_OF_MS (UINT64_C(86400) * 1000)

static const char *const modes[] = {"live", "sandbox", "dry_run", NULL};

/* An endpoint, or nothing at all. */
static int check_endpoint_or_none(struct text value, struct problem *problem)
{
    return value.size == 0 ? 0 : config_check_endpoint(value, problem);
}

/* In the order of enum limit_kind. */
static const char *const rate_kinds[] = {"tenant", "pool", "from_domain", "dkim_domain", NULL};
static const struct config_key rate_keys[] = {
    {"of", CONFIG_ENUM, offsetof(struct coordinator_rate, kind), .is_required = true,
     .choices = rate_kinds, .example = "tenant", .doc = "Whose mail is limited."},
    {"name", CONFIG_STRING, offsetof(struct coordinator_rate, name), .is_required = true,
     .example = "\"*\"", .doc = "Its name, or * for each by itself; the very name goes first."},
    {"messages", CONFIG_INTEGER, offsetof(struct coordinator_rate, messages), .is_required = true,
     .minimum = 1, .maximum = UINT64_C(1000000000), .example = "1000",
     .doc = "So many messages may pass in any such time."},
    {"per", CONFIG_DURATION, offsetof(struct coordinator_rate, per_ms), .fallback = "10s",
     .minimum = 1000, .maximum = 3600000, .doc = "The time."},
};
static const struct config_table rate_table =
    CONFIG_TABLE(struct coordinator_rate, rate_keys, .name = "rate",
                 .doc = "A limit that all coordinators share (limits.md).");

#define AT(member) offsetof(struct coordinator_config, member)
#define LIMIT(member) offsetof(struct coordinator_config, limits.member)
static const struct config_key keys[] = {
    SERVICE_CONFIG_KEYS(struct coordinator_config, "c-0"),
    {"bus.listen", CONFIG_STRING, AT(bus.listen), .fallback = "127.0.0.1:8462",
     .check = config_check_endpoint, .doc = "Where workers connect to."},
    {"bus.key_file", CONFIG_SECRET_FILE, AT(bus.key_file), .is_required = true,
     .example = "/etc/hikyaku/bus.key", .doc = "This coordinator's CURVE secret key."},
    {"bus.allow_file", CONFIG_PATH, AT(bus.allow_file), .is_required = true,
     .example = "/etc/hikyaku/workers.allow", .is_reloadable = true,
     .doc = "Public keys of the workers that may connect, one a line; read again on SIGHUP."},
    {"api.listen", CONFIG_STRING, AT(api.listen), .fallback = "127.0.0.1:8460",
     .check = check_endpoint_or_none, .doc = "Where the API listens; \"\": not on TCP."},
    {"api.socket", CONFIG_PATH, AT(api.socket), .doc = "Unix socket of the API."},
    {"api.certificate_file", CONFIG_PATH, AT(api.certificate_file),
     .doc = "TLS certificate chain (PEM) of api.listen; required off loopback."},
    {"api.key_file", CONFIG_SECRET_FILE, AT(api.key_file), .doc = "Key of the certificate."},
    {"api.bearer_key_file", CONFIG_SECRET_FILE, AT(api.bearer_key_file), .is_required = true,
     .example = "/etc/hikyaku/api.key", .doc = "Keys that callers show, one a line."},
    {"metrics.listen", CONFIG_STRING, AT(metrics_listen), .fallback = "127.0.0.1:8461",
     .check = config_check_endpoint, .doc = "Where /metrics, /healthz and /readyz are."},
    {"keys.directory", CONFIG_PATH, AT(keys_directory), .is_required = true,
     .example = "/etc/hikyaku/keys", .doc = "The key directory (hikyaku keygen makes it)."},
    {"pools", CONFIG_STRINGS, AT(pools), .is_required = true, .minimum = 1, .maximum = 1000,
     .check = config_check_name, .example = "[mkt-a, tx]",
     .doc = "Names of the pools that campaigns may choose."},
    {"from_domains", CONFIG_STRINGS, AT(from_domains), .is_required = true, .minimum = 1,
     .maximum = 10000, .check = config_check_host, .example = "[shop.example]",
     .doc = "From domains for which the workers have a DKIM key."},
    {"default.pool", CONFIG_STRING, AT(fallback.pool), .check = config_check_name,
     .doc = "The pool of a campaign that names none."},
    {"default.return_path_domain", CONFIG_STRING, AT(fallback.return_path_domain),
     .check = config_check_host, .doc = "Domain of the return path; default: the From domain."},
    {"default.feedback_sender_id", CONFIG_STRING, AT(fallback.feedback_sender_id),
     .check = tenant_config_check_sender_id, .doc = "The constant SenderId of Feedback-ID (G18)."},
    {"unsubscribe.url", CONFIG_STRING, AT(unsubscribe.url), .maximum = UNSUBSCRIBE_URL_BYTES_MAX,
     .check = config_check_https, .example = "https://unsubscribe.shop.example",
     .doc = "Where the unsubscribe links of mode HIKYAKU lead to; then it is the default of "
            "ADVERTISING."},
    {"unsubscribe.listen", CONFIG_STRING, AT(unsubscribe.listen), .check = config_check_endpoint,
     .example = "0.0.0.0:8463", .doc = "Where this coordinator answers them."},
    {"unsubscribe.certificate_file", CONFIG_PATH, AT(unsubscribe.certificate_file),
     .doc = "TLS certificate chain (PEM) of unsubscribe.listen; read again on SIGHUP."},
    {"unsubscribe.key_file", CONFIG_SECRET_FILE, AT(unsubscribe.key_file),
     .doc = "Key of the certificate."},
    {"unsubscribe.behind_proxy", CONFIG_BOOLEAN, AT(unsubscribe.is_behind_proxy),
     .fallback = "false",
     .doc = "A proxy ends TLS and adds X-Forwarded-For; nobody else reaches unsubscribe.listen."},
    {"unsubscribe.connections", CONFIG_INTEGER, AT(unsubscribe.connections), .fallback = "500",
     .minimum = 1, .maximum = 10000, .doc = "Connections of unsubscribe.listen, at most."},
    {"limits.chunk", CONFIG_SIZE, LIMIT(chunk_bytes), .fallback = "4MiB", .minimum = 64 * KIB,
     .maximum = 8 * MIB, .doc = "One AddRecipients body."},
    {"limits.template", CONFIG_SIZE, LIMIT(template_bytes), .fallback = "1MiB", .minimum = KIB,
     .maximum = 4 * MIB, .doc = "A text, an HTML body."},
    {"limits.default_fields", CONFIG_SIZE, LIMIT(default_fields_bytes), .fallback = "64KiB",
     .minimum = KIB, .maximum = MIB, .doc = "A campaign's default fields."},
    {"limits.recipient_fields", CONFIG_SIZE, LIMIT(recipient_fields_bytes), .fallback = "8KiB",
     .minimum = 256, .maximum = 64 * KIB, .doc = "A recipient's fields."},
    {"limits.attachment", CONFIG_SIZE, LIMIT(attachment_bytes), .fallback = "1MiB",
     .maximum = 7 * MIB, .doc = "One attachment in a call."},
    {"limits.attachments", CONFIG_INTEGER, LIMIT(attachments), .fallback = "20", .maximum = 100,
     .doc = "Attachments of a message."},
    {"limits.message", CONFIG_SIZE, LIMIT(message_bytes), .fallback = "10MiB", .minimum = 64 * KIB,
     .maximum = 10 * MIB, .doc = "Texts and attachments as sent."},
    {"limits.headers", CONFIG_INTEGER, LIMIT(headers), .fallback = "20", .maximum = 20,
     .doc = "Header fields of a campaign."},
    {"limits.headers_size", CONFIG_SIZE, LIMIT(headers_bytes), .fallback = "8KiB", .minimum = 256,
     .maximum = 64 * KIB, .doc = "Names and values of header fields together."},
    {"limits.recipient_headers", CONFIG_INTEGER, LIMIT(recipient_headers), .fallback = "5",
     .maximum = 20, .doc = "Header fields of a recipient."},
    {"limits.variants", CONFIG_INTEGER, LIMIT(variants), .fallback = "20", .maximum = 100,
     .doc = "Language variants of a campaign."},
    {"limits.labels", CONFIG_INTEGER, LIMIT(labels), .fallback = "10", .maximum = 10,
     .doc = "Labels of a campaign or message."},
    {"limits.messages", CONFIG_INTEGER, LIMIT(messages), .fallback = "1000", .minimum = 1,
     .maximum = 1000, .doc = "Messages in one SendMessages call."},
    {"limits.campaign_expires_min", CONFIG_DURATION, LIMIT(campaign_expires_min_ms),
     .fallback = "1m", .minimum = 1000, .maximum = DAY_OF_MS,
     .doc = "Shortest life of a campaign."},
    {"limits.campaign_expires_max", CONFIG_DURATION, LIMIT(campaign_expires_max_ms),
     .fallback = "5d", .minimum = 60000, .maximum = 14 * DAY_OF_MS,
     .doc = "Longest life of a campaign."},
    {"limits.message_expires_min", CONFIG_DURATION, LIMIT(message_expires_min_ms),
     .fallback = "30s", .minimum = 1000, .maximum = DAY_OF_MS,
     .doc = "Shortest life of a single message."},
    {"limits.message_expires_max", CONFIG_DURATION, LIMIT(message_expires_max_ms), .fallback = "1d",
     .minimum = 60000, .maximum = 5 * DAY_OF_MS, .doc = "Longest life of a single message."},
    {"limits.bulk_expires", CONFIG_DURATION, LIMIT(bulk_expires_ms), .fallback = "3d",
     .minimum = 60000, .maximum = 14 * DAY_OF_MS, .doc = "Life of BULK when none is given."},
    {"limits.transactional_expires", CONFIG_DURATION, LIMIT(transactional_expires_ms),
     .fallback = "4h", .minimum = 60000, .maximum = 5 * DAY_OF_MS,
     .doc = "Life of TRANSACTIONAL when none is given."},
    {"limits.campaign_schedule_days", CONFIG_INTEGER, LIMIT(campaign_schedule_days),
     .fallback = "90", .maximum = 365, .doc = "How far ahead a campaign may be scheduled."},
    {"limits.message_schedule_days", CONFIG_INTEGER, LIMIT(message_schedule_days), .fallback = "7",
     .maximum = 30, .doc = "How far ahead a message may be scheduled."},
    {"limits.max_rejected_permille", CONFIG_INTEGER, LIMIT(max_rejected_permille), .fallback = "20",
     .maximum = 1000, .doc = "Bad rows that Submit lets pass by default."},
    {"limits.estimated_rows", CONFIG_INTEGER, LIMIT(default_estimated_rows), .fallback = "10000",
     .minimum = 1, .maximum = 10000000, .doc = "Rows of a campaign that says nothing."},
    {"limits.mode", CONFIG_ENUM, LIMIT(mode), .choices = modes, .fallback = "live",
     .doc = "Mode of calls that name none."},
    {"retention.events", CONFIG_DURATION, AT(retention.events_ms), .fallback = "3d",
     .minimum = 1000, .maximum = 90 * DAY_OF_MS, .doc = "How long events can be read."},
    {"retention.event_bytes", CONFIG_SIZE, AT(retention.event_bytes), .fallback = "256B",
     .minimum = 64, .maximum = 64 * KIB,
     .doc = "Memory of an event stream for each recipient of its partition (16 MiB at least): "
            "a stream that takes more loses its oldest events, and readers are told."},
    {"retention.rows", CONFIG_DURATION, AT(retention.rows_ms), .fallback = "30d", .minimum = 1000,
     .maximum = 400 * DAY_OF_MS,
     .doc = "How long outcomes of single recipients stay after their campaign's end."},
    {"retention.content", CONFIG_DURATION, AT(retention.content_ms), .fallback = "30d",
     .minimum = 1000, .maximum = 400 * DAY_OF_MS,
     .doc = "The same of its content and key; not shorter than rows and events, which need it."},
    {"retention.drafts", CONFIG_DURATION, AT(retention.drafts_ms), .fallback = "7d",
     .minimum = 1000, .maximum = 90 * DAY_OF_MS,
     .doc = "When a draft that was not submitted is cancelled."},
    {"retention.stubs", CONFIG_DURATION, AT(retention.stubs_ms), .fallback = "400d",
     .minimum = 1000, .maximum = 4000 * DAY_OF_MS,
     .doc = "How long a campaign's idempotency key and counters are still known after that."},
    {"audit.directory", CONFIG_PATH, AT(audit.directory),
     .doc =
         "Folder for the audit log as JSON lines, a file per day and coordinator; none: in Redis "
         "only."},
    {"archive.directory", CONFIG_PATH, AT(archive.directory),
     .doc = "Folder for outcomes as JSON lines, a file per day and coordinator; none: no archive."},
    {"archive.after", CONFIG_DURATION, AT(archive.after_ms), .fallback = "2d",
     .maximum = 400 * DAY_OF_MS,
     .doc = "When a finished campaign is archived: doubt and late replies have ended by then."},
    {"breaker.after", CONFIG_INTEGER, AT(breaker.after), .fallback = "1000", .minimum = 1,
     .maximum = 10000000,
     .doc = "Delivered and bounced messages of a campaign before its breakers judge it."},
    {"breaker.bounced_permille", CONFIG_INTEGER, AT(breaker.bounced_permille), .fallback = "100",
     .maximum = 1000, .doc = "A campaign of whose messages so many bounce is paused; 0: never."},
    {"breaker.canary_deferred_permille", CONFIG_INTEGER, AT(breaker.canary_deferred_permille),
     .fallback = "500", .maximum = 1000,
     .doc = "More of a canary that are still deferred after its wait pause the campaign."},
    {"breaker.complained_permille", CONFIG_INTEGER, AT(breaker.complained_permille),
     .fallback = "3", .maximum = 1000,
     .doc = "A campaign is paused when so many complain of breaker.after delivered; 0: never."},
    {"breaker.unknown_permille", CONFIG_INTEGER, AT(breaker.unknown_permille), .fallback = "50",
     .maximum = 1000,
     .doc = "The same of mailboxes that do not exist; receivers refuse whole networks for them."},
    {"rates", CONFIG_RECORDS, AT(rates), .record = &rate_table, .maximum = 1000,
     .is_reloadable = true,
     .doc = "Limits of tenants, pools, From domains and DKIM domains, over all coordinators; the "
            "size of batches follows the smallest one that stands here at start."},
    {"schedule.transactional_share", CONFIG_INTEGER, AT(transactional_share), .fallback = "900",
     .minimum = 1, .maximum = 999,
     .doc = "Of 1,000 recipients taken while both lanes wait, how many TRANSACTIONAL may be."},
    {"access.otp_scopes", CONFIG_STRINGS, AT(otp_scopes), .maximum = 32, .is_reloadable = true,
     .check = tenant_config_check_scope, .example = "[access:admin, campaign:approve]",
     .doc = "Scopes whose use needs a one-time code, in every tenant (access.md)."},
    {"tenants", CONFIG_RECORDS, AT(tenants), .record = &tenant_config_table,
     .maximum = TENANT_CONFIG_MAX, .is_reloadable = true,
     .doc = "Whose mail it is; left out: one tenant, \"default\", with all that stands here."},
    {"threads", CONFIG_INTEGER, AT(threads), .fallback = "0", .maximum = 256,
     .doc = "Threads for sealing and intake; 0: as many as cores."},
};
#undef AT
#undef LIMIT

static bool is_loopback(const char *endpoint)
{
    char host[CONFIG_CHECK_HOST_BYTES];
    uint16_t port = 0;
    int kind = config_check_split_endpoint(text_of(endpoint), host, &port);
    struct in6_addr v6;
    return kind == 1 || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static bool is_in(const struct config_strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* What stands in a link is no secret to who carries it, but it is nobody else's. */
static int check_unsubscribe(const struct coordinator_config *config, struct problem *problem)
{
    bool has_tls = config->unsubscribe.certificate_file != NULL;
    if (has_tls != (config->unsubscribe.key_file != NULL)) {
        problem_set(problem, "unsubscribe.certificate_file", "unsubscribe_tls",
                    "certificate_file and key_file go together");
        return -EINVAL;
    }
    if (config->unsubscribe.listen != NULL && !has_tls && !config->unsubscribe.is_behind_proxy &&
        !is_loopback(config->unsubscribe.listen)) {
        problem_set(problem, "unsubscribe.listen", "unsubscribe_plain_tcp",
                    "off loopback it needs certificate_file and key_file, or behind_proxy");
        return -EINVAL;
    }
    return 0;
}

/* Rules between keys. */
static int check(const void *record, struct problem *problem)
{
    const struct coordinator_config *config = record;
    bool has_tcp = config->api.listen != NULL && config->api.listen[0] != '\0';
    if (!has_tcp && config->api.socket == NULL) {
        problem_set(problem, "api.listen", "api_nowhere",
                    "the API listens neither on TCP nor on a "
                    "unix socket");
        return -EINVAL;
    }
    if ((config->api.certificate_file == NULL) != (config->api.key_file == NULL)) {
        problem_set(problem, "api.certificate_file", "api_tls",
                    "certificate_file and key_file go together");
        return -EINVAL;
    }
    if (has_tcp && config->api.certificate_file == NULL && !is_loopback(config->api.listen)) {
        problem_set(problem, "api.listen", "api_plain_tcp",
                    "off loopback the API needs certificate_file and key_file: callers send keys");
        return -EINVAL;
    }
    if (config->fallback.pool != NULL && !is_in(&config->pools, config->fallback.pool)) {
        problem_set(problem, "default.pool", "unknown_pool", "is not one of pools");
        return -EINVAL;
    }
    if (config->retention.content_ms < config->retention.rows_ms ||
        config->retention.content_ms < config->retention.events_ms) {
        problem_set(problem, "retention.content", "retention_order",
                    "must not be shorter than retention.rows and retention.events");
        return -EINVAL;
    }
    if (check_unsubscribe(config, problem) != 0) {
        return -EINVAL;
    }
    return tenant_config_check(&config->tenants, &config->pools, &config->from_domains, problem);
}

const struct config_table coordinator_config_table =
    CONFIG_TABLE(struct coordinator_config, keys, .name = "hikyaku-coordinator",
                 .doc = "API, intake, scheduling, event read-out. Any number of coordinators of "
                        "one cluster share the work.",
                 .check = check);

static uint64_t least_rate(const struct coordinator_config *config)
{
    const struct coordinator_rate *rates = config->rates.items;
    uint64_t least = 0;
    for (size_t i = 0; i < config->rates.count; i++) {
        least = least == 0 || rates[i].messages < least ? rates[i].messages : least;
    }
    return least;
}

void coordinator_config_limits(const struct coordinator_config *config,
                               struct wire_limits *ret_limits)
{
    static const uint32_t mode_numbers[] = {HIKYAKU__V1__MODE__MODE_LIVE,
                                            HIKYAKU__V1__MODE__MODE_SANDBOX,
                                            HIKYAKU__V1__MODE__MODE_DRY_RUN};
    const struct coordinator_limits *limits = &config->limits;
    *ret_limits = (struct wire_limits){
        .chunk_bytes = (uint32_t)limits->chunk_bytes,
        .template_bytes = (uint32_t)limits->template_bytes,
        .default_fields_bytes = (uint32_t)limits->default_fields_bytes,
        .recipient_fields_bytes = (uint32_t)limits->recipient_fields_bytes,
        .attachment_bytes = (uint32_t)limits->attachment_bytes,
        .attachments = (uint32_t)limits->attachments,
        .message_bytes = (uint32_t)limits->message_bytes,
        .headers = (uint32_t)limits->headers,
        .headers_bytes = (uint32_t)limits->headers_bytes,
        .recipient_headers = (uint32_t)limits->recipient_headers,
        .variants = (uint32_t)limits->variants,
        .labels = (uint32_t)limits->labels,
        .messages = (uint32_t)limits->messages,
        .campaign_expires_min_s = (uint32_t)(limits->campaign_expires_min_ms / 1000),
        .campaign_expires_max_s = (uint32_t)(limits->campaign_expires_max_ms / 1000),
        .message_expires_min_s = (uint32_t)(limits->message_expires_min_ms / 1000),
        .message_expires_max_s = (uint32_t)(limits->message_expires_max_ms / 1000),
        .bulk_expires_s = (uint32_t)(limits->bulk_expires_ms / 1000),
        .transactional_expires_s = (uint32_t)(limits->transactional_expires_ms / 1000),
        .campaign_schedule_days = (uint32_t)limits->campaign_schedule_days,
        .message_schedule_days = (uint32_t)limits->message_schedule_days,
        .max_rejected_permille = (uint32_t)limits->max_rejected_permille,
        .default_estimated_rows = (uint32_t)limits->default_estimated_rows,
        .serves_unsubscribe = config->unsubscribe.url != NULL,
        .messages_at_once = least_rate(config),
        .default_mode = mode_numbers[limits->mode],
    };
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

struct tenants_settings coordinator_config_tenants(const struct coordinator_config *config,
                                                   const struct wire_limits *limits)
{
    return (struct tenants_settings){
        .list = &config->tenants,
        .pools = &config->pools,
        .from_domains = &config->from_domains,
        .defaults = {.pool = or_empty(config->fallback.pool),
                     .return_path_domain = or_empty(config->fallback.return_path_domain)},
        .feedback_sender_id = or_empty(config->fallback.feedback_sender_id),
        .unsubscribe_url = config->unsubscribe.url,
        .limits = limits,
        .otp_scopes = &config->otp_scopes};
}
