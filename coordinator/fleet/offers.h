/* The edge of offer_book: reads what is sealed of each batch picked, sends content and offer. Reads
 * are pipelined, many at once, so that no offer waits for another's round trip. */
#ifndef HIKYAKU_COORDINATOR_FLEET_OFFERS_H
#define HIKYAKU_COORDINATOR_FLEET_OFFERS_H

#include "coordinator/fleet/driver.h"
#include "coordinator/fleet/offer_book.h"
#include "coordinator/fleet/tokens.h"
#include "coordinator/fleet/workers.h"

struct offers;

struct offers_settings {
    struct loop *loop;       /* borrowed */
    struct store *store;     /* borrowed */
    struct catalog *catalog; /* borrowed */
    struct ready *ready;     /* borrowed */
    struct tokens *tokens;   /* borrowed */
};

struct offers *offers_create(const struct offers_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void offers_destroy(struct offers **offers);
/** Both borrowed; once, before anything is offered. */
void offers_connect(struct offers *offers, struct driver *driver, struct workers *workers);
void offers_stop(struct offers *offers);

/** Something changed (batches wait, a worker has room): offer what can be offered, soon. */
void offers_kick(struct offers *offers);

/** Offer the next part of a suspect batch to a worker, which is to be alone with it. @return false
 *  when it cannot be offered now */
bool offers_offer_alone(struct offers *offers, struct worker *worker,
                        const struct suspect *suspect);

void offers_on_credit(struct offers *offers, struct worker *worker,
                      const Hikyaku__V1__Credit *credit);
void offers_on_result(struct offers *offers, struct worker *worker,
                      const Hikyaku__V1__OfferResult *result);
void offers_on_need_content(struct offers *offers, struct worker *worker,
                            const unsigned char campaign[16]);
void offers_on_leave(struct offers *offers, struct worker *worker, bool is_gone);

const struct offer_book *offers_book(const struct offers *offers);

#endif
