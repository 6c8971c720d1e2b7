/* Questions to workers: what holds letters in your hands? Answers are hints, as all on the bus:
 * who does not answer within a second is not waited for. */
#ifndef HIKYAKU_COORDINATOR_FLEET_INQUIRIES_H
#define HIKYAKU_COORDINATOR_FLEET_INQUIRIES_H

#include "common/store/store_batch.h"
#include "coordinator/fleet/workers.h"

#define INQUIRIES_WAIT_MS 1000

struct inquiries;

struct inquiries *inquiries_create(struct loop *loop, struct workers *workers);
/** Who still waits is answered with what came. */
void inquiries_finish(struct inquiries *inquiries);
/** Nobody waits (inquiries_finish()). Accepts NULL, nulls the pointer. */
void inquiries_destroy(struct inquiries **inquiries);

/** One worker's answer; borrowed for the callback. */
struct inquiries_answer {
    const char *worker; /* its name */
    const Hikyaku__V1__InquiryAnswer *answer;
};
typedef void inquiries_fn(void *context, const struct inquiries_answer *answers, size_t count);

/**
 * Ask about one recipient the worker of a session, or about a campaign all workers.
 *
 * @param session   32 hex digits; NULL: all
 * @param position  of the recipient in its batch; with `session`
 * @callback on_answers  once, never inside this call
 */
void inquiries_ask(struct inquiries *inquiries, const char *session,
                   const struct store_batch_name *name, uint32_t position, inquiries_fn *on_answers,
                   void *context);
/** Ask all workers about their paths. @param site, ip  only those; empty: all */
void inquiries_ask_paths(struct inquiries *inquiries, const char *site, const char *ip,
                         inquiries_fn *on_answers, void *context);
/** Ask all workers what they try in shadow. @param site  only paths to it; empty: all */
void inquiries_ask_shadow(struct inquiries *inquiries, const char *site, inquiries_fn *on_answers,
                          void *context);
void inquiries_on_answer(struct inquiries *inquiries, const struct worker *worker,
                         const Hikyaku__V1__InquiryAnswer *answer);

#endif
