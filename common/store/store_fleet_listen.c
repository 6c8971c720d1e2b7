#include "common/store/store_fleet.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <string.h>

#define NOTICES_AT_ONCE 100

static void listen_on(void *context);

static void read_notice(struct store_notices *notices, const redisReply *entry)
{
    const redisReply *values = store_reply_at(entry, 1);
    struct text id = store_reply_text(store_reply_at(entry, 0));
    struct text campaign = {NULL, 0};
    uint64_t kind = 0;
    for (size_t i = 0; i + 1 < store_reply_count(values); i += 2) {
        struct text name = store_reply_text(store_reply_at(values, i));
        if (text_equal(name, TEXT("k"))) {
            kind = store_reply_number(store_reply_at(values, i + 1));
        } else if (text_equal(name, TEXT("c"))) {
            campaign = store_reply_text(store_reply_at(values, i + 1));
        }
    }
    if (id.size < sizeof(notices->last)) {
        memcpy(notices->last, id.data, id.size);
        notices->last[id.size] = '\0';
    }
    bool is_known = kind >= STORE_NOTICE_WORK && kind <= STORE_NOTICE_THROTTLES;
    if (is_known && campaign.size == 16 && notices->on_notice != NULL) {
        notices->on_notice(notices->context, (enum store_notice_kind)kind,
                           (const unsigned char *)campaign.data);
    }
}

static void on_notices(void *object, int error, const redisReply *reply)
{
    struct store *store = object;
    struct store_notices *notices = store_notices_of(store);
    const redisReply *entries = store_reply_at(store_reply_at(reply, 0), 1);
    for (size_t i = 0; i < store_reply_count(entries); i++) {
        read_notice(notices, store_reply_at(entries, i));
    }
    /* After a loss the link tells when it stands again. */
    if (error == 0) {
        listen_on(store);
    }
}

static void listen_on(void *context)
{
    struct store *store = context;
    struct store_notices *notices = store_notices_of(store);
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XREAD");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, NOTICES_AT_ONCE);
    store_command_add_string(command, "BLOCK");
    store_command_add_unsigned(command, notices->block_ms);
    store_command_add_string(command, "STREAMS");
    store_keys_notices(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add_string(command, notices->last[0] == '\0' ? "$" : notices->last);
    store_send(store, STORE_LINK_NOTICE, on_notices, store);
}

void store_fleet_listen(struct store *store, store_fleet_notice_fn *on_notice, void *context)
{
    struct store_notices *notices = store_notices_of(store);
    notices->on_notice = on_notice;
    notices->context = context;
    store_on_link_ready(store, STORE_LINK_NOTICE, listen_on, store);
}
