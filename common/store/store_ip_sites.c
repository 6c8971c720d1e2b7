#include "common/store/store_ip_sites.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

void store_ip_sites_add_key(struct store *store, struct text ip, const char *name)
{
    struct store_command *command = store_command_of(store);
    store_keys_ip_part(store_command_scratch(command), store_prefix(store), ip, name);
    store_command_add_scratch(command);
}

static void on_sites(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_ip_site *sites = NULL;
    size_t values = store_reply_count(reply);
    if (error == 0 && (values % 2 != 0 || values / 2 > STORE_IP_SITES_MAX + STORE_IP_SITES_OWN)) {
        error = -EPROTO;
    }
    size_t count = error == 0 ? values / 2 : 0;
    sites = xalloc_zero(count + 1, sizeof *sites);
    for (size_t i = 0; i < count; i++) {
        sites[i].site = store_reply_text(store_reply_at(reply, 2 * i));
        sites[i].state = store_reply_text(store_reply_at(reply, 2 * i + 1));
    }
    ((store_ip_sites_fn *)call->on_answer)(call->context, error, sites, count);
    free(sites);
    free(call);
}

void store_ip_sites_load(struct store *store, struct text ip, const char *name,
                         store_ip_sites_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    store_ip_sites_add_key(store, ip, name);
    store_send(store, STORE_LINK_READ, on_sites,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
