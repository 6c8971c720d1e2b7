/* One campaign of N recipients through a coordinator's unix socket: create, add in chunks of 4,096
 * over several connections, submit, wait until it is completed. Every request is made before the
 * clock starts. Prints a line of JSON when the campaign is created, its recipients added, it is
 * submitted, completed.
 *
 * usage: bench_load --socket PATH --key KEY --recipients N [--connections N] [--seed N]
 *                   [--content-bytes N] [--from ADDRESS] [--until submitted|completed]
 */
#include "bench/api_link.h"
#include "bench/recipients.h"
#include "common/base/clock.h"
#include "hikyaku/v1/api.pb-c.h"

#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK_ROWS = 4096,
    CONNECTIONS_MAX = 64,
    LOOK_EVERY_US = 20000,
};

struct load {
    const char *socket_path;
    const char *key;
    const char *from;
    unsigned int recipients;
    unsigned int connections;
    unsigned int content_bytes;
    uint64_t seed;
    bool waits; /* until it is completed */
    struct api_link link;
    char *campaign_id;
    unsigned int chunk_count;
    struct buffer *chunks; /* requests */
    atomic_uint next_chunk;
    atomic_uint accepted;
};

/* ---- what is sent ---- */

/* A letter of about `bytes` bytes that names both fields. */
static char *make_text(size_t bytes)
{
    static const char greeting[] =
        "{{name}}様\n\nいつもご利用いただき、まことにありがとうございます。"
        "\n会員番号 {{code}}\n\n";
    static const char line[] = "春の感謝祭の期間中、お買い上げのポイントが五倍になります。\n";
    struct buffer text = {NULL, 0, 0};
    buffer_append_string(&text, greeting);
    while (text.size + sizeof(line) <= bytes) {
        buffer_append_string(&text, line);
    }
    while (text.size < bytes) {
        buffer_append_byte(&text, '-');
    }
    return buffer_take(&text);
}

static ProtobufCMessage *call(struct load *load, const char *method,
                              const ProtobufCMessage *request,
                              const ProtobufCMessageDescriptor *answer)
{
    struct buffer bytes = {NULL, 0, 0};
    api_link_append_request(&bytes, method, load->key, request);
    struct text body = api_link_call(&load->link, buffer_text(&bytes));
    ProtobufCMessage *message =
        protobuf_c_message_unpack(answer, NULL, body.size, (const uint8_t *)body.data);
    buffer_finish(&bytes);
    if (message == NULL) {
        (void)fprintf(stderr, "bench_load: the answer to %s makes no sense\n", method);
        exit(1);
    }
    return message;
}

static void create_campaign(struct load *load)
{
    char key[64];
    (void)snprintf(key, sizeof key, "bench-%llu-%d", (unsigned long long)clock_unix_ms(),
                   (int)getpid());
    char from_address[256];
    (void)snprintf(from_address, sizeof from_address, "%s", load->from);
    char name[] = "ベンチマーク";
    char subject[] = "{{name}}様へお知らせ";
    Hikyaku__V1__Mailbox from = HIKYAKU__V1__MAILBOX__INIT;
    from.address = from_address;
    Hikyaku__V1__Content content = HIKYAKU__V1__CONTENT__INIT;
    content.from = &from;
    content.subject = subject;
    content.text = make_text(load->content_bytes);
    Hikyaku__V1__Uncertain uncertain = HIKYAKU__V1__UNCERTAIN__INIT;
    uncertain.policy = HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_HOLD;
    Hikyaku__V1__CreateCampaignRequest request = HIKYAKU__V1__CREATE_CAMPAIGN_REQUEST__INIT;
    request.estimated_rows = load->recipients;
    request.idempotency_key = key;
    request.name = name;
    request.lane = HIKYAKU__V1__LANE__LANE_BULK;
    request.content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE;
    request.mode = HIKYAKU__V1__MODE__MODE_LIVE;
    request.content = &content;
    request.uncertain = &uncertain;
    ProtobufCMessage *answer = call(load, "CreateCampaign", &request.base,
                                    &hikyaku__v1__create_campaign_response__descriptor);
    load->campaign_id =
        xalloc_string(((Hikyaku__V1__CreateCampaignResponse *)(void *)answer)->campaign_id);
    protobuf_c_message_free_unpacked(answer, NULL);
    free(content.text);
}

static void make_chunk(struct load *load, unsigned int chunk)
{
    static Hikyaku__V1__Recipient recipients[CHUNK_ROWS];
    static Hikyaku__V1__Recipient *pointers[CHUNK_ROWS];
    static struct recipients_person persons[CHUNK_ROWS];
    unsigned int first = chunk * CHUNK_ROWS;
    unsigned int rows = load->recipients - first;
    rows = rows < CHUNK_ROWS ? rows : CHUNK_ROWS;
    for (unsigned int i = 0; i < rows; i++) {
        recipients_person(load->seed, first + i, &persons[i]);
        hikyaku__v1__recipient__init(&recipients[i]);
        recipients[i].address = persons[i].address;
        recipients[i].fields = persons[i].fields;
        recipients[i].ref = persons[i].ref;
        pointers[i] = &recipients[i];
    }
    Hikyaku__V1__AddRecipientsRequest request = HIKYAKU__V1__ADD_RECIPIENTS_REQUEST__INIT;
    request.campaign_id = load->campaign_id;
    request.chunk = chunk;
    request.n_recipients = rows;
    request.recipients = pointers;
    api_link_append_request(&load->chunks[chunk], "AddRecipients", load->key, &request.base);
}

static void make_chunks(struct load *load)
{
    load->chunk_count = (load->recipients + CHUNK_ROWS - 1) / CHUNK_ROWS;
    load->chunks = xalloc_zero(load->chunk_count, sizeof *load->chunks);
    for (unsigned int i = 0; i < load->chunk_count; i++) {
        make_chunk(load, i);
    }
}

/* ---- sending it ---- */

static void *add_chunks(void *context)
{
    struct load *load = context;
    struct api_link link;
    api_link_open(&link, load->socket_path);
    unsigned int chunk = atomic_fetch_add(&load->next_chunk, 1);
    while (chunk < load->chunk_count) {
        struct text body = api_link_call(&link, buffer_text(&load->chunks[chunk]));
        Hikyaku__V1__AddRecipientsResponse *answer = hikyaku__v1__add_recipients_response__unpack(
            NULL, body.size, (const uint8_t *)body.data);
        if (answer != NULL) {
            atomic_fetch_add(&load->accepted, answer->accepted);
            hikyaku__v1__add_recipients_response__free_unpacked(answer, NULL);
        }
        buffer_finish(&load->chunks[chunk]);
        chunk = atomic_fetch_add(&load->next_chunk, 1);
    }
    api_link_close(&link);
    return NULL;
}

/* @return ms from the first chunk sent to the last one acknowledged */
static uint64_t add_recipients(struct load *load)
{
    pthread_t threads[CONNECTIONS_MAX];
    uint64_t begin_us = clock_monotonic_us();
    for (unsigned int i = 0; i < load->connections; i++) {
        if (pthread_create(&threads[i], NULL, add_chunks, load) != 0) {
            (void)fputs("bench_load: no thread\n", stderr);
            exit(1);
        }
    }
    for (unsigned int i = 0; i < load->connections; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return (clock_monotonic_us() - begin_us) / 1000;
}

static void submit(struct load *load)
{
    Hikyaku__V1__SubmitCampaignRequest request = HIKYAKU__V1__SUBMIT_CAMPAIGN_REQUEST__INIT;
    request.campaign_id = load->campaign_id;
    request.expected_rows = load->recipients;
    protobuf_c_message_free_unpacked(call(load, "SubmitCampaign", &request.base,
                                          &hikyaku__v1__submit_campaign_response__descriptor),
                                     NULL);
}

/* ---- waiting ---- */

static uint64_t count_of(const Hikyaku__V1__Campaign *campaign, Hikyaku__V1__Outcome outcome)
{
    for (size_t i = 0; i < campaign->n_outcomes; i++) {
        if (campaign->outcomes[i]->outcome == outcome) {
            return campaign->outcomes[i]->count;
        }
    }
    return 0;
}

/* @return whether the campaign is completed */
static bool look(struct load *load, uint64_t *ret_delivered)
{
    Hikyaku__V1__GetCampaignRequest request = HIKYAKU__V1__GET_CAMPAIGN_REQUEST__INIT;
    request.campaign_id = load->campaign_id;
    ProtobufCMessage *answer =
        call(load, "GetCampaign", &request.base, &hikyaku__v1__get_campaign_response__descriptor);
    const Hikyaku__V1__Campaign *campaign =
        ((Hikyaku__V1__GetCampaignResponse *)(void *)answer)->campaign;
    *ret_delivered = count_of(campaign, HIKYAKU__V1__OUTCOME__OUTCOME_DELIVERED);
    bool is_completed = campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED;
    protobuf_c_message_free_unpacked(answer, NULL);
    return is_completed;
}

static uint64_t wait_completed(struct load *load, uint64_t *ret_delivered)
{
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    uint64_t begin_ms = clock_monotonic_ms();
    unsigned int looks = 0;
    while (!look(load, ret_delivered)) {
        if (is_terminal && looks++ % 25 == 0) {
            (void)fprintf(stderr, "\r%llu of %u", (unsigned long long)*ret_delivered,
                          load->recipients);
        }
        (void)usleep(LOOK_EVERY_US);
    }
    if (is_terminal) {
        (void)fputs("\r                        \r", stderr);
    }
    return clock_monotonic_ms() - begin_ms;
}

/* bench/run reads what every process has used when such a line comes. */
static void tell(const char *phase, uint64_t count, uint64_t took_ms)
{
    (void)printf("{\"phase\": \"%s\", \"count\": %llu, \"took_ms\": %llu}\n", phase,
                 (unsigned long long)count, (unsigned long long)took_ms);
    (void)fflush(stdout);
}

static void run(struct load *load)
{
    api_link_open(&load->link, load->socket_path);
    create_campaign(load);
    make_chunks(load);
    tell("created", load->recipients, 0);
    uint64_t took_ms = add_recipients(load);
    tell("added", atomic_load(&load->accepted), took_ms);
    submit(load);
    tell("submitted", load->recipients, 0);
    if (load->waits) {
        uint64_t delivered = 0;
        took_ms = wait_completed(load, &delivered);
        tell("completed", delivered, took_ms);
    }
    api_link_close(&load->link);
    free(load->campaign_id);
    free(load->chunks);
}

/* ---- the command line ---- */

__attribute__((noreturn)) static void usage(void)
{
    (void)fputs("usage: bench_load --socket PATH --key KEY --recipients N [--connections N]\n"
                "                  [--seed N] [--content-bytes N] [--from ADDRESS]\n"
                "                  [--until submitted|completed]\n",
                stderr);
    exit(2);
}

static uint64_t number(const char *text, uint64_t most)
{
    uint64_t value = 0;
    if (text_to_u64(text_of(text), most, &value) != 0) {
        usage();
    }
    return value;
}

static void take_option(struct load *load, int option, const char *value)
{
    switch (option) {
    case 's':
        load->socket_path = value;
        break;
    case 'k':
        load->key = value;
        break;
    case 'n':
        load->recipients = (unsigned int)number(value, 10000000);
        break;
    case 'c':
        load->connections = (unsigned int)number(value, CONNECTIONS_MAX);
        break;
    case 'r':
        load->seed = number(value, UINT64_MAX);
        break;
    case 'b':
        load->content_bytes = (unsigned int)number(value, 1U << 20);
        break;
    case 'f':
        load->from = value;
        break;
    case 'u':
        load->waits = strcmp(value, "submitted") != 0;
        break;
    default:
        usage();
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"recipients", required_argument, NULL, 'n'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"seed", required_argument, NULL, 'r'},
                                            {"content-bytes", required_argument, NULL, 'b'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"until", required_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    struct load load = {.connections = 4,
                        .seed = 20260401,
                        .content_bytes = 2048,
                        .from = "news@shop.test",
                        .waits = true};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        take_option(&load, option, optarg);
    }
    if (load.socket_path == NULL || load.key == NULL || load.recipients == 0 ||
        load.connections == 0) {
        usage();
    }
    run(&load);
    return 0;
}
