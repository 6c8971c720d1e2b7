#include "cli/api_client.h"

#include "cli/tell.h"
#include "common/base/clock.h"
#include "common/security/key_file.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 16
#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define KEY_BYTES_MAX 4096
#define CONNECT_TIMEOUT_MS 5000L
/* Above the longest wait that a call may ask for (ReadEvents, 30 s). */
#define CALL_TIMEOUT_MS 90000L
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 5000

static const struct {
    const char *path;
    const ProtobufCMessageDescriptor *response;
} methods[API_METHOD_COUNT] = {
#define X(identifier, service, method, response) \
    {"/hikyaku.v1." service "Service/" method, &hikyaku__v1__##response##__descriptor},
    API_METHODS(X)
#undef X
};

/* Answers come from our own server, which may be newer: unknown fields pass, sizes are bounded. */
static const struct wire_bounds answer_bounds = {
    .bytes = ANSWER_BYTES_MAX,
    .memory_bytes = (size_t)512 << 20,
    .depth = 10,
    .entries = 20000,
    .open_everywhere = true,
};

struct call {
    enum api_method method;
    uint64_t tag;
    CURL *handle; /* owned */
    bool is_used;
    bool is_running; /* curl has it; else it waits for retry_at_ms */
    struct buffer request;
    struct buffer answer;
    unsigned int tries;
    uint64_t retry_at_ms;
    uint64_t give_up_at_ms;
};

struct api_client {
    struct settings settings; /* texts borrowed */
    CURLM *multi;
    struct curl_slist *headers;
    struct call calls[CALLS_MAX];
    size_t pending;
    bool is_answered; /* the server has answered once: it exists, so waiting for it makes sense */
    bool is_told;     /* that calls are repeated */
};

void api_client_finish(struct api_result *result)
{
    free(result->error);
    arena_destroy(&result->arena);
    *result = (struct api_result){0};
}

static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;
    if (size * count > ANSWER_BYTES_MAX - call->answer.size) {
        return CURL_WRITEFUNC_ERROR;
    }
    buffer_append(&call->answer, data, size * count);
    return size * count;
}

/* One word of printable ASCII: it goes into a header line. */
static int check_key(const char *path, struct text key, struct problem *problem)
{
    bool is_word = key.size > 0;
    for (size_t i = 0; i < key.size; i++) {
        is_word = is_word && key.data[i] > ' ' && key.data[i] < 0x7f;
    }
    if (!is_word) {
        problem_set(problem, path, "key_file", "does not hold one key on one line");
        return -EINVAL;
    }
    return 0;
}

static int read_key(struct api_client *client, struct problem *problem)
{
    struct key_file_secret secret;
    int refused = key_file_read(client->settings.key_file, KEY_BYTES_MAX, &secret, problem);
    if (refused != 0) {
        return refused;
    }
    struct text key = text_trim((struct text){(const char *)secret.data, secret.size});
    refused = check_key(client->settings.key_file, key, problem);
    if (refused == 0) {
        struct buffer line = {0};
        buffer_printf(&line, "Authorization: Bearer %.*s", TEXT_PRINT(key));
        buffer_append_byte(&line, '\0');
        client->headers = curl_slist_append(client->headers, line.data);
        sodium_memzero(line.data, line.size);
        buffer_finish(&line);
    }
    key_file_wipe(&secret);
    return refused;
}

/* Digits alone: it goes into a header line. */
static void add_otp(struct api_client *client)
{
    struct buffer line = {0};
    buffer_append_string(&line, "Hikyaku-OTP: ");
    for (const char *at = client->settings.otp; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9') {
            buffer_append_byte(&line, *at);
        }
    }
    buffer_append_byte(&line, '\0');
    client->headers = curl_slist_append(client->headers, line.data);
    buffer_finish(&line);
}

int api_client_open(const struct settings *settings, struct api_client **ret_client,
                    struct problem *problem)
{
    struct api_client *client = xalloc_zero(1, sizeof *client);
    client->settings = *settings;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        abort(); /* as xalloc: neither can fail on a working system */
    }
    client->headers = curl_slist_append(NULL, "Content-Type: application/proto");
    client->headers = curl_slist_append(client->headers, "Connect-Protocol-Version: 1");
    client->headers = curl_slist_append(client->headers, "Expect:");
    client->multi = curl_multi_init();
    if (settings->otp != NULL && settings->otp[0] != '\0') {
        add_otp(client);
    }
    int refused = read_key(client, problem);
    if (refused != 0) {
        api_client_close(&client);
        return refused;
    }
    *ret_client = client;
    return 0;
}

void api_client_close(struct api_client **client)
{
    if (*client == NULL) {
        return;
    }
    for (size_t i = 0; i < CALLS_MAX; i++) {
        struct call *call = &(*client)->calls[i];
        if (call->is_running) {
            (void)curl_multi_remove_handle((*client)->multi, call->handle);
        }
        curl_easy_cleanup(call->handle);
        buffer_finish(&call->request);
        buffer_finish(&call->answer);
    }
    (void)curl_multi_cleanup((*client)->multi);
    curl_slist_free_all((*client)->headers);
    curl_global_cleanup();
    free(*client);
    *client = NULL;
}

/* What no call changes; a handle keeps its connection, so calls after the first need no connect. */
static CURL *make_handle(const struct api_client *client, struct call *call)
{
    CURL *handle = curl_easy_init();
    if (handle == NULL) {
        abort(); /* out of memory */
    }
    const struct settings *settings = &client->settings;
    bool is_https = strncmp(settings->base_url, "https:", 6) == 0;
    (void)curl_easy_setopt(handle, CURLOPT_HTTPHEADER, client->headers);
    (void)curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(handle, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, CALL_TIMEOUT_MS);
    (void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, call);
    (void)curl_easy_setopt(handle, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(handle, CURLOPT_USERAGENT, "hikyaku/" HIKYAKU_VERSION);
    if (settings->socket != NULL) {
        (void)curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, settings->socket);
    }
    if (!is_https) {
        (void)curl_easy_setopt(handle, CURLOPT_PROXY, ""); /* this machine: never through others */
    }
    if (settings->ca_file != NULL) {
        (void)curl_easy_setopt(handle, CURLOPT_CAINFO, settings->ca_file);
    }
    return handle;
}

static void run(struct api_client *client, struct call *call)
{
    buffer_clear(&call->answer);
    call->tries++;
    call->is_running = true;
    (void)curl_multi_add_handle(client->multi, call->handle);
}

void api_client_start(struct api_client *client, enum api_method method,
                      const ProtobufCMessage *request, uint64_t tag)
{
    struct call *call = client->calls;
    while (call->is_used) {
        call++;
        assert(call < client->calls + CALLS_MAX);
    }
    if (call->handle == NULL) {
        call->handle = make_handle(client, call);
    }
    call->is_used = true;
    call->method = method;
    call->tag = tag;
    call->tries = 0;
    call->give_up_at_ms = clock_monotonic_ms() + client->settings.retry_for_ms;
    buffer_clear(&call->request);
    wire_unpack_append(request, &call->request);
    struct buffer url = {0};
    buffer_printf(&url, "%s%s", client->settings.base_url, methods[method].path);
    buffer_append_byte(&url, '\0');
    (void)curl_easy_setopt(call->handle, CURLOPT_URL, url.data);
    buffer_finish(&url);
    (void)curl_easy_setopt(call->handle, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t)call->request.size);
    (void)curl_easy_setopt(call->handle, CURLOPT_POSTFIELDS,
                           call->request.data == NULL ? "" : call->request.data);
    client->pending++;
    run(client, call);
}

size_t api_client_pending(const struct api_client *client)
{
    return client->pending;
}

static struct api_error *make_error(const char *code, const char *before, const char *what)
{
    struct api_error *error = xalloc_zero(1, sizeof *error);
    (void)snprintf(error->code, sizeof error->code, "%s", code);
    (void)snprintf(error->message, sizeof error->message, "%s%s", before, what);
    return error;
}

static void read_response(const struct call *call, struct api_result *result)
{
    struct problem problem = {0};
    result->arena = arena_create((size_t)512 << 20);
    if (wire_unpack(methods[call->method].response, &answer_bounds, buffer_text(&call->answer),
                    result->arena, &result->response, &problem) != 0) {
        result->status = API_STATUS_UNREACHABLE;
        result->error =
            make_error("unknown", "an answer that is none of the API's: ", problem.message);
    }
}

static void read_result(struct api_client *client, const struct call *call, CURLcode code,
                        struct api_result *result)
{
    long status = 0;
    *result = (struct api_result){.status = API_STATUS_OK, .tag = call->tag};
    if (code != CURLE_OK) {
        result->status = API_STATUS_UNREACHABLE;
        result->error = make_error("unavailable", "", curl_easy_strerror(code));
        return;
    }
    (void)curl_easy_getinfo(call->handle, CURLINFO_RESPONSE_CODE, &status);
    client->is_answered = true;
    if (status == 200) {
        read_response(call, result);
        return;
    }
    result->status = API_STATUS_REFUSED;
    result->error = xalloc_zero(1, sizeof *result->error);
    api_error_parse((unsigned int)status, buffer_text(&call->answer), result->error);
}

/* "unavailable", and limits that say when to come again. */
static bool is_worth_repeating(const struct api_client *client, const struct api_result *result)
{
    if (result->status == API_STATUS_OK || !client->is_answered) {
        return false;
    }
    return strcmp(result->error->code, "unavailable") == 0 ||
           (strcmp(result->error->code, "resource_exhausted") == 0 &&
            result->error->retry_after_ms > 0);
}

/* Twice as long each time, up to a bound, with a quarter of chance. */
static uint64_t pause_ms(const struct call *call, uint32_t hint_ms)
{
    uint64_t pause = FIRST_PAUSE_MS;
    for (unsigned int i = 1; i < call->tries && pause < LONGEST_PAUSE_MS; i++) {
        pause *= 2;
    }
    pause = pause > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause;
    pause = pause < hint_ms ? hint_ms : pause;
    return pause + randombytes_uniform((uint32_t)(pause / 4) + 1);
}

/* @return true when the call will be tried again */
static bool try_again(struct api_client *client, struct call *call, const struct api_result *result)
{
    if (!is_worth_repeating(client, result)) {
        return false;
    }
    uint64_t at = clock_monotonic_ms() + pause_ms(call, result->error->retry_after_ms);
    if (at > call->give_up_at_ms) {
        return false;
    }
    if (!client->is_told) {
        tell("the server does not answer now (%s); trying again", result->error->message);
        client->is_told = true;
    }
    call->retry_at_ms = at;
    return true;
}

/* @return true when a call ended for good */
static bool take_message(struct api_client *client, struct api_result *ret_result)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct call *call = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        (void)curl_multi_remove_handle(client->multi, message->easy_handle);
        call->is_running = false;
        read_result(client, call, code, ret_result);
        if (!try_again(client, call, ret_result)) {
            call->is_used = false;
            client->pending--;
            return true;
        }
        api_client_finish(ret_result);
    }
    return false;
}

/* Begin again what is due. @return ms until the next one is due, at most 1,000 */
static int run_due(struct api_client *client)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t wait = SECOND_MS;
    for (size_t i = 0; i < CALLS_MAX; i++) {
        struct call *call = &client->calls[i];
        if (!call->is_used || call->is_running) {
            continue;
        }
        if (call->retry_at_ms <= now) {
            run(client, call);
        } else if (call->retry_at_ms - now < wait) {
            wait = call->retry_at_ms - now;
        }
    }
    return (int)wait;
}

void api_client_wait(struct api_client *client, struct api_result *ret_result)
{
    assert(client->pending > 0);
    for (;;) {
        int running;
        int wait_ms = run_due(client);
        (void)curl_multi_perform(client->multi, &running);
        if (take_message(client, ret_result)) {
            return;
        }
        (void)curl_multi_poll(client->multi, NULL, 0, wait_ms, NULL);
    }
}

void api_client_call(struct api_client *client, enum api_method method,
                     const ProtobufCMessage *request, struct api_result *ret_result)
{
    assert(client->pending == 0);
    api_client_start(client, method, request, 0);
    api_client_wait(client, ret_result);
}
