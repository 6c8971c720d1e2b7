#include "common/store/store_reply.h"

#include <errno.h>

static const struct {
    const char *word;
    int error;
} statuses[] = {
    {"ok", 0},        {"exists", -EEXIST},  {"gone", -ENOENT},   {"state", -EBUSY},
    {"busy", -EBUSY}, {"stale", -ESTALE},   {"refused", -EPERM}, {"double", -ENOTUNIQ},
    {"bad", -EINVAL}, {"taken", -EALREADY}, {"expired", -ETIME}, {"not_due", -EDOM},
    {"day", -ERANGE}, {"full", -ENOSPC},
};

/* First words of Redis' error answers. */
static const struct {
    const char *word;
    int error;
} errors[] = {
    {"OOM ", -ENOSPC},
    {"BUSY ", -EAGAIN},
    {"LOADING ", -EAGAIN},
    {"READONLY ", -EAGAIN},
    {"MASTERDOWN ", -EAGAIN},
    {"MISCONF ", -EAGAIN},
    {"NOSCRIPT ", -EAGAIN},
    {"TRYAGAIN ", -EAGAIN},
    {"NOREPLICAS ", -EAGAIN},
    {"NOAUTH ", -EACCES},
    {"WRONGPASS ", -EACCES},
    {"NOPERM ", -EACCES},
    {"ERR AUTH ", -EACCES},
    {"ERR invalid password", -EACCES},
    {"ERR no such key", -ENOENT},
};

int store_reply_error(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        return 0;
    }
    struct text text = {reply->str, reply->len};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (text_starts_with(text, text_of(errors[i].word))) {
            return errors[i].error;
        }
    }
    return -EIO;
}

size_t store_reply_count(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

const redisReply *store_reply_at(const redisReply *reply, size_t nth)
{
    return nth < store_reply_count(reply) ? reply->element[nth] : NULL;
}

struct text store_reply_text(const redisReply *reply)
{
    bool is_text =
        reply != NULL && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
    return is_text ? (struct text){reply->str, reply->len} : (struct text){NULL, 0};
}

uint64_t store_reply_number(const redisReply *reply)
{
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0) {
        return (uint64_t)reply->integer;
    }
    uint64_t number = 0;
    return text_to_u64(store_reply_text(reply), UINT64_MAX, &number) == 0 ? number : 0;
}

bool store_reply_is_nil(const redisReply *reply)
{
    return reply == NULL || reply->type == REDIS_REPLY_NIL;
}

int store_reply_status(const redisReply *reply)
{
    struct text word = store_reply_text(store_reply_at(reply, 0));
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (text_equal(word, text_of(statuses[i].word))) {
            return statuses[i].error;
        }
    }
    return -EPROTO;
}

struct text *store_reply_texts(const redisReply *reply, size_t *ret_count)
{
    size_t count = store_reply_count(reply);
    if (count == 0 || count > STORE_REPLY_FIELDS_MAX) {
        *ret_count = 0;
        return NULL;
    }
    struct text *texts = xalloc_zero(count, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        texts[i] = store_reply_text(reply->element[i]);
    }
    *ret_count = count;
    return texts;
}
