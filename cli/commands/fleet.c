/* fleet: coordinators, workers, sending IPs, the store. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"

static void append_store(const Hikyaku__V1__FleetStore *store, struct buffer *out)
{
    char used[FORMAT_BYTES];
    char most[FORMAT_BYTES];
    if (store == NULL) {
        return;
    }
    buffer_printf(out, "Redis %s  ", store->reachable ? "ok" : "NOT REACHABLE");
    table_print_append_clean(out, text_of(store->version));
    buffer_append_string(out, "  durability ");
    table_print_append_clean(out, text_of(store->durability));
    buffer_printf(out, "  p99 %u ms  memory %s", store->latency_p99_ms,
                  format_bytes(store->used_memory_bytes, used));
    if (store->max_memory_bytes > 0) {
        buffer_printf(out, " of %s", format_bytes(store->max_memory_bytes, most));
    }
    buffer_append_byte(out, '\n');
    for (size_t i = 0; i < store->n_warnings; i++) {
        buffer_append_string(out, "! ");
        table_print_append_clean(out, text_of(store->warnings[i]));
        buffer_append_byte(out, '\n');
    }
}

static void append_coordinators(const Hikyaku__V1__GetFleetResponse *fleet, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("COORDINATOR,VERSION,>PARTITIONS,>CAMPAIGNS,ADDRESS,NOTE");
    for (size_t i = 0; i < fleet->n_coordinators; i++) {
        const Hikyaku__V1__FleetCoordinator *coordinator = fleet->coordinators[i];
        table_print_cell(table, text_of(coordinator->name));
        table_print_cell(table, text_of(coordinator->version));
        table_print_format(table, "%u", coordinator->partitions);
        table_print_format(table, "%u", coordinator->campaigns);
        table_print_cell(table, text_of(coordinator->address));
        table_print_cell(table, text_of(coordinator->self ? "answers" : ""));
    }
    table_print_append(table, out);
}

static void append_workers(const Hikyaku__V1__GetFleetResponse *fleet, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create(
        "WORKER,STATE,VERSION,>IPS,>MSG/S,>CONN,>SIGN CPU,>CLAIMS,>IN FLIGHT,>UNCERTAIN,NOTE");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < fleet->n_workers; i++) {
        const Hikyaku__V1__FleetWorker *worker = fleet->workers[i];
        table_print_cell(table, text_of(worker->name));
        table_print_cell(table, text_of(worker->state));
        table_print_cell(table, text_of(worker->version));
        table_print_format(table, "%u", worker->sending_ips);
        table_print_format(table, "%u", worker->messages_per_s);
        table_print_format(table, "%u", worker->connections);
        table_print_format(table, "%u %%", worker->sign_cpu_permille / 10);
        table_print_format(table, "%u", worker->claims);
        table_print_cell(table, text_of(format_count(worker->in_flight, text)));
        table_print_cell(table, text_of(format_count(worker->uncertain, text)));
        table_print_cell(table, text_of(worker->note));
    }
    table_print_append(table, out);
}

/* "day 9 of 28" and "41,002 / 45,000": to sites that have a quota; else all that was sent. */
static void append_warmup(struct table_print *table, const Hikyaku__V1__FleetIp *ip)
{
    char used[FORMAT_BYTES];
    char quota[FORMAT_BYTES];
    if (ip->warmup_days == 0) {
        table_print_cell(table, TEXT("-"));
    } else if (ip->warmup_day > ip->warmup_days) {
        table_print_format(table, "warm%s", ip->warmup_frozen ? ", frozen" : "");
    } else {
        table_print_format(table, "day %u of %u%s", ip->warmup_day, ip->warmup_days,
                           ip->warmup_frozen ? ", frozen" : "");
    }
    if (ip->warmup_quota > 0) {
        table_print_format(table, "%s / %s", format_count(ip->warmup_used, used),
                           format_count(ip->warmup_quota, quota));
    } else {
        table_print_cell(table, text_of(format_count(ip->sent_today, used)));
    }
}

static void append_ips(const Hikyaku__V1__GetFleetResponse *fleet, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("IP,POOL,OWNER,NAME,WARM-UP,>TODAY,STATE");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < fleet->n_ips; i++) {
        const Hikyaku__V1__FleetIp *ip = fleet->ips[i];
        table_print_cell(table, text_of(ip->address));
        table_print_cell(table, text_of(ip->pool));
        table_print_cell(table, text_of(ip->owner[0] == '\0' ? "-" : ip->owner));
        table_print_cell(table, text_of(ip->ehlo_name));
        append_warmup(table, ip);
        OWNED(buffer_finish) struct buffer state = {0};
        buffer_append_string(&state, ip->state);
        if (ip->warmup_opens_unix_ms != 0) {
            buffer_printf(&state, "; full until %s",
                          format_time_near(ip->warmup_opens_unix_ms, clock_unix_ms(), text));
        }
        for (size_t j = 0; j < ip->n_listed_on; j++) {
            buffer_append_string(&state, j == 0 ? "; listed on " : ", ");
            buffer_append_string(&state, ip->listed_on[j]);
        }
        table_print_cell(table, buffer_text(&state));
    }
    table_print_append(table, out);
}

/* stop: site docomo.ne.jp by suzuki until 15:00 "carrier maintenance" */
static void append_stops(const Hikyaku__V1__GetFleetResponse *fleet, struct buffer *out)
{
    char until[FORMAT_BYTES];
    for (size_t i = 0; i < fleet->n_stops; i++) {
        const Hikyaku__V1__OperatorStop *stop = fleet->stops[i];
        buffer_printf(out, "stop: %s ", enum_word(&hikyaku__v1__stop_kind__descriptor, stop->kind));
        table_print_append_clean(out, text_of(stop->target));
        buffer_append_string(out, stop->author[0] == '\0' ? "" : " by ");
        table_print_append_clean(out, text_of(stop->author));
        if (stop->until_unix_ms != 0) {
            buffer_printf(out, " until %s",
                          format_time_near(stop->until_unix_ms, clock_unix_ms(), until));
        }
        buffer_append_string(out, " \"");
        table_print_append_clean(out, text_of(stop->reason));
        buffer_append_string(out, "\"\n");
    }
}

static void print(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__GetFleetResponse *fleet = (const Hikyaku__V1__GetFleetResponse *)response;
    (void)context;
    OWNED(buffer_finish) struct buffer out = {0};
    buffer_append_string(&out, "cluster  ");
    table_print_append_clean(&out, text_of(fleet->cluster));
    buffer_append_string(&out, "   ");
    append_store(fleet->store, &out);
    append_coordinators(fleet, &out);
    append_workers(fleet, &out);
    append_ips(fleet, &out);
    append_stops(fleet, &out);
    for (size_t i = 0; i < fleet->n_alarms; i++) {
        buffer_append_string(&out, "alarm: ");
        table_print_append_clean(&out, text_of(fleet->alarms[i]));
        buffer_append_byte(&out, '\n');
    }
    tell_out(&out);
}

static enum exit_code run(const struct options *options)
{
    Hikyaku__V1__GetFleetRequest request;
    hikyaku__v1__get_fleet_request__init(&request);
    return single_call_run(options, API_METHOD_GET_FLEET, &request.base, print, NULL);
}

const struct command fleet_command = {
    .name = "fleet",
    .words = "",
    .summary = "coordinators, workers, sending IPs and the store",
    .help = "  hikyaku fleet",
    .options = NULL,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run,
};
