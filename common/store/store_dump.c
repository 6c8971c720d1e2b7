#include "common/store/store_dump.h"

#include "common/store/store_checks.h"
#include "common/store/store_direct_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)256 << 10)
#define LINE_MAX 512
#define MARK_BYTES 40
#define RUN_ID_BYTES 64

struct store_dump {
    struct store_direct *direct; /* borrowed */
    struct store_checks checks;
    char replication_id[RUN_ID_BYTES];
    struct store_dump_facts facts;
    bool has_mark; /* the end is told by `mark`, else by `left` */
    char mark[MARK_BYTES];
    uint64_t left;
    size_t at; /* in `bytes` */
    size_t size;
    char bytes[BUFFER_BYTES];
};

/* ---------------------------------------------------------------- bytes */

static int take_bytes(struct store_dump *dump, void *place, size_t size)
{
    char *next = place;
    while (size > 0) {
        if (dump->at == dump->size) {
            dump->at = 0;
            dump->size = 0;
            int error = store_direct_read_raw(dump->direct, dump->bytes, BUFFER_BYTES, &dump->size);
            if (error != 0) {
                return error;
            }
        }
        size_t there = dump->size - dump->at;
        size_t now = size < there ? size : there;
        memcpy(next, dump->bytes + dump->at, now);
        dump->at += now;
        next += now;
        size -= now;
    }
    return 0;
}

/* A line that is not empty: Redis sends empty ones while it makes the dump. */
static int take_line(struct store_dump *dump, char line[LINE_MAX])
{
    size_t length = 0;
    for (;;) {
        char byte;
        int error = take_bytes(dump, &byte, 1);
        if (error != 0) {
            return error;
        }
        if (byte == '\n' && length > 0) {
            break;
        }
        if (byte != '\n' && byte != '\r') {
            if (length == LINE_MAX - 1) {
                return -EPROTO;
            }
            line[length++] = byte;
        }
    }
    line[length] = '\0';
    return 0;
}

int store_dump_read(void *object, void *place, size_t size)
{
    struct store_dump *dump = object;
    if (dump->has_mark) {
        return take_bytes(dump, place, size);
    }
    if (size > dump->left) {
        return -ENODATA;
    }
    dump->left -= size;
    return take_bytes(dump, place, size);
}

int store_dump_end(struct store_dump *dump)
{
    char mark[MARK_BYTES];
    if (!dump->has_mark) {
        return dump->left == 0 ? 0 : -ENODATA;
    }
    int error = take_bytes(dump, mark, sizeof mark);
    return error == 0 && memcmp(mark, dump->mark, sizeof mark) == 0 ? 0 : -ENODATA;
}

/* ---------------------------------------------------------------- the beginning */

static int read_facts(struct store_dump *dump, struct problem *problem)
{
    redisReply *reply = NULL;
    store_command_begin(store_direct_command(dump->direct), "INFO");
    int error = store_direct_call(dump->direct, &reply, problem);
    if (error != 0) {
        return error;
    }
    store_checks_read_info(&dump->checks, store_reply_text(reply));
    freeReplyObject(reply);
    return 0;
}

static int configure(struct store_dump *dump, const char *name, const char *value,
                     struct problem *problem)
{
    redisReply *reply = NULL;
    struct store_command *command = store_direct_command(dump->direct);
    store_command_begin(command, "REPLCONF");
    store_command_add_string(command, name);
    store_command_add_string(command, value);
    int error = store_direct_call(dump->direct, &reply, problem);
    if (error == 0) {
        freeReplyObject(reply);
    }
    return error;
}

/* "+FULLRESYNC <replication id> <offset>" */
static int read_resync(struct store_dump *dump, const char *line)
{
    struct text rest = text_of(line);
    struct text id;
    struct text offset;
    struct text word;
    if (!text_next_part(&rest, ' ', &word) || !text_equal(word, TEXT("+FULLRESYNC")) ||
        !text_next_part(&rest, ' ', &id) || id.size >= sizeof dump->replication_id ||
        !text_next_part(&rest, ' ', &offset) ||
        text_to_u64(offset, INT64_MAX, &dump->facts.offset) != 0) {
        return -EPROTO;
    }
    memcpy(dump->replication_id, id.data, id.size);
    return 0;
}

/* "$EOF:<40 bytes>" or "$<size>" */
static int read_size(struct store_dump *dump, const char *line)
{
    struct text text = text_of(line);
    if (text_starts_with(text, TEXT("$EOF:")) && text.size == 5 + MARK_BYTES) {
        dump->has_mark = true;
        memcpy(dump->mark, line + 5, MARK_BYTES);
        return 0;
    }
    bool is_size = text.size > 1 && text.data[0] == '$' &&
                   text_to_u64(text_skip(text, 1), INT64_MAX, &dump->left) == 0;
    return is_size ? 0 : -EPROTO;
}

static int explain(int error, const char *line, struct problem *problem)
{
    if (error == 0) {
        return 0;
    }
    if (line[0] == '-') {
        problem_set(problem, "redis", "store_dump", "Redis gives no dump: %s", line + 1);
        return text_starts_with(text_of(line), TEXT("-NOPERM")) ? -EACCES : -EAGAIN;
    }
    problem_set(problem, "redis", "store_dump", "Redis gives no dump: %s",
                error == -ETIMEDOUT ? "no answer in time"
                : error == -EPROTO  ? "its answer is not understood"
                                    : "the connection is lost");
    return error;
}

static int ask(struct store_dump *dump, struct problem *problem)
{
    char line[LINE_MAX] = "";
    struct store_command *command = store_direct_command(dump->direct);
    store_command_begin(command, "PSYNC");
    store_command_add_string(command, "?");
    store_command_add_string(command, "-1");
    int error = store_direct_send_raw(dump->direct, problem);
    if (error != 0) {
        return error;
    }
    error = take_line(dump, line);
    if (error == 0) {
        error = read_resync(dump, line);
    }
    if (error == 0) {
        error = take_line(dump, line);
    }
    if (error == 0) {
        error = read_size(dump, line);
    }
    return explain(error, line, problem);
}

int store_dump_begin(struct store_direct *direct, struct store_dump **ret_dump,
                     struct problem *problem)
{
    struct store_dump *dump = xalloc_zero(1, sizeof *dump);
    dump->direct = direct;
    int error = read_facts(dump, problem);
    if (error == 0) {
        /* Only the dump: no stream of writes behind it that Redis would have to keep for us. */
        error = configure(dump, "rdb-only", "1", problem);
    }
    if (error == 0) {
        error = configure(dump, "capa", "eof", problem);
    }
    if (error == 0) {
        error = ask(dump, problem);
    }
    if (error != 0) {
        store_dump_close(&dump);
        return error;
    }
    dump->facts.version = dump->checks.version;
    dump->facts.run_id = dump->checks.run_id;
    dump->facts.replication_id = dump->replication_id;
    *ret_dump = dump;
    return 0;
}

const struct store_dump_facts *store_dump_facts(const struct store_dump *dump)
{
    return &dump->facts;
}

void store_dump_close(struct store_dump **dump)
{
    free(*dump);
    *dump = NULL;
}
