#include "coordinator/fleet/inquiries.h"

#include "common/base/arena.h"
#include "common/base/bytes.h"
#include "common/net/loop.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define CHECK_MS 50

struct inquiry {
    uint64_t number;
    uint64_t until_ms;
    size_t asked;
    struct inquiries_answer *answers; /* owned; they live in the arena */
    size_t count;
    struct arena *arena; /* owned */
    inquiries_fn *on_answers;
    void *context;
    struct inquiry *prev;
    struct inquiry *next;
};

struct inquiries {
    struct loop *loop;       /* borrowed */
    struct workers *workers; /* borrowed */
    struct loop_timer *timer;
    struct inquiry *waiting;
    uint64_t number;
};

static void finish(struct inquiries *inquiries, struct inquiry *inquiry)
{
    DL_DELETE(inquiries->waiting, inquiry);
    inquiry->on_answers(inquiry->context, inquiry->answers, inquiry->count);
    arena_destroy(&inquiry->arena);
    free(inquiry->answers);
    free(inquiry);
}

static void on_timer(void *context)
{
    struct inquiries *inquiries = context;
    uint64_t now_ms = loop_now_ms(inquiries->loop);
    struct inquiry *inquiry = NULL;
    struct inquiry *next = NULL;
    DL_FOREACH_SAFE(inquiries->waiting, inquiry, next)
    {
        if (inquiry->count >= inquiry->asked || now_ms >= inquiry->until_ms) {
            finish(inquiries, inquiry);
        }
    }
    if (inquiries->waiting == NULL) {
        loop_timer_stop(inquiries->timer);
    }
}

struct inquiries *inquiries_create(struct loop *loop, struct workers *workers)
{
    struct inquiries *inquiries = xalloc_zero(1, sizeof *inquiries);
    inquiries->loop = loop;
    inquiries->workers = workers;
    inquiries->timer = loop_timer_create(loop, on_timer, inquiries);
    return inquiries;
}

void inquiries_finish(struct inquiries *inquiries)
{
    while (inquiries->waiting != NULL) {
        finish(inquiries, inquiries->waiting);
    }
}

void inquiries_destroy(struct inquiries **inquiries)
{
    if (*inquiries == NULL) {
        return;
    }
    assert((*inquiries)->waiting == NULL);
    loop_timer_destroy(&(*inquiries)->timer);
    free(*inquiries);
    *inquiries = NULL;
}

static void send_to(struct inquiries *inquiries, struct inquiry *inquiry, struct worker *worker,
                    const Hikyaku__V1__Inquiry *body)
{
    Hikyaku__V1__Inquiry message = *body;
    if (worker != NULL) {
        inquiry->asked++;
        workers_send(inquiries->workers, worker, HIKYAKU__V1__FLEET_MESSAGE__BODY_INQUIRY,
                     &message.base);
    }
}

static struct worker *find(struct inquiries *inquiries, const char *session)
{
    unsigned char peer[BUS_PEER_BYTES];
    return bytes_from_hex(text_of(session), peer, sizeof peer) == 0
               ? workers_find(inquiries->workers, peer)
               : NULL;
}

static struct inquiry *begin(struct inquiries *inquiries, inquiries_fn *on_answers, void *context)
{
    struct inquiry *inquiry = xalloc_zero(1, sizeof *inquiry);
    *inquiry = (struct inquiry){.number = ++inquiries->number,
                                .until_ms = loop_now_ms(inquiries->loop) + INQUIRIES_WAIT_MS,
                                .arena = arena_create(0),
                                .on_answers = on_answers,
                                .context = context};
    DL_APPEND(inquiries->waiting, inquiry);
    return inquiry;
}

static void send_to_all(struct inquiries *inquiries, struct inquiry *inquiry,
                        const Hikyaku__V1__Inquiry *body)
{
    struct workers_view *views = xalloc_zero(WORKERS_MAX, sizeof *views);
    size_t count = workers_list(inquiries->workers, views, WORKERS_MAX);
    for (size_t i = 0; i < count; i++) {
        send_to(inquiries, inquiry, find(inquiries, views[i].session), body);
    }
    free(views);
}

static void await(struct inquiries *inquiries, struct inquiry *inquiry)
{
    inquiry->answers = xalloc_zero(inquiry->asked + 1, sizeof *inquiry->answers);
    loop_timer_start(inquiries->timer, 1, CHECK_MS);
}

void inquiries_ask(struct inquiries *inquiries, const char *session,
                   const struct store_batch_name *name, uint32_t position, inquiries_fn *on_answers,
                   void *context)
{
    struct inquiry *inquiry = begin(inquiries, on_answers, context);
    unsigned char id[16];
    Hikyaku__V1__Inquiry body = HIKYAKU__V1__INQUIRY__INIT;
    memcpy(id, name->campaign, sizeof id);
    body.number = inquiry->number;
    body.campaign_id = (ProtobufCBinaryData){sizeof id, id};
    body.all = session == NULL;
    body.batch = name->number;
    body.position = position;
    if (session != NULL) {
        send_to(inquiries, inquiry, find(inquiries, session), &body);
    } else {
        send_to_all(inquiries, inquiry, &body);
    }
    await(inquiries, inquiry);
}

void inquiries_ask_paths(struct inquiries *inquiries, const char *site, const char *ip,
                         inquiries_fn *on_answers, void *context)
{
    struct inquiry *inquiry = begin(inquiries, on_answers, context);
    Hikyaku__V1__Inquiry body = HIKYAKU__V1__INQUIRY__INIT;
    body.number = inquiry->number;
    body.paths = true;
    body.site = arena_printf(inquiry->arena, "%s", site);
    body.sending_ip = arena_printf(inquiry->arena, "%s", ip);
    send_to_all(inquiries, inquiry, &body);
    await(inquiries, inquiry);
}

void inquiries_ask_shadow(struct inquiries *inquiries, const char *site, inquiries_fn *on_answers,
                          void *context)
{
    struct inquiry *inquiry = begin(inquiries, on_answers, context);
    Hikyaku__V1__Inquiry body = HIKYAKU__V1__INQUIRY__INIT;
    body.number = inquiry->number;
    body.shadow = true;
    body.site = arena_printf(inquiry->arena, "%s", site);
    send_to_all(inquiries, inquiry, &body);
    await(inquiries, inquiry);
}

void inquiries_on_answer(struct inquiries *inquiries, const struct worker *worker,
                         const Hikyaku__V1__InquiryAnswer *answer)
{
    struct inquiry *inquiry = inquiries->waiting;
    while (inquiry != NULL && inquiry->number != answer->number) {
        inquiry = inquiry->next;
    }
    if (inquiry == NULL || inquiry->count >= inquiry->asked) {
        return; /* too late, or an echo */
    }
    const char *name = workers_name(worker);
    struct inquiries_answer *place = &inquiry->answers[inquiry->count++];
    place->worker = arena_copy(inquiry->arena, name, strlen(name));
    place->answer = (const void *)wire_unpack_copy(&answer->base, inquiry->arena);
    if (inquiry->count == inquiry->asked) {
        loop_timer_start(inquiries->timer, 0, CHECK_MS);
    }
}
