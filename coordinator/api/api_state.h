/* What the parts of the API share. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_API_API_STATE_H
#define HIKYAKU_COORDINATOR_API_API_STATE_H

#include "common/net/http_server.h"
#include "coordinator/api/api_call.h"
#include "coordinator/intake/intake.h"

#define API_LISTENERS_MAX 4
/** Working memories of intake kept between calls. */
#define API_INTAKES_MAX 4

struct event_reader;
struct owner_cache;
struct quota;

struct api_listener {
    struct api *api;            /* borrowed */
    struct http_server *server; /* owned */
    bool is_tls;
};

struct api {
    struct api_settings settings;
    struct api_call *calls; /* unanswered; a list */
    struct api_listener listeners[API_LISTENERS_MAX];
    size_t listener_count;
    struct event_reader *events;             /* owned */
    struct owner_cache *owners;              /* owned */
    struct quota *quota;                     /* owned */
    struct intake *intakes[API_INTAKES_MAX]; /* owned; idle ones */
    size_t intake_count;
    bool is_closing;   /* takes no more calls */
    bool is_destroyed; /* whoever waits is refused at once */
};

/** Borrow a working memory for one job of the pool; give it back on the loop. */
struct intake *api_take_intake(struct api *api);
void api_give_intake(struct api *api, struct intake **intake);

#endif
