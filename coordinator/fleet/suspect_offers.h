/* The edge of schedule/suspects: the cluster's right to try a suspect batch, the worker that is
 * asked to be alone with it, and how one learns that a part has ended. */
#ifndef HIKYAKU_COORDINATOR_FLEET_SUSPECT_OFFERS_H
#define HIKYAKU_COORDINATOR_FLEET_SUSPECT_OFFERS_H

#include "coordinator/fleet/offers.h"
#include "coordinator/schedule/suspects.h"

struct suspect_offers;

struct suspect_offers_settings {
    struct loop *loop;         /* borrowed, as all below */
    struct store *store;       /* */
    const char *session;       /* own, 32 hex digits */
    struct sessions *sessions; /* */
    struct workers *workers;   /* */
    struct offers *offers;     /* */
};

struct suspect_offers *suspect_offers_create(const struct suspect_offers_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void suspect_offers_destroy(struct suspect_offers **offers);
/** Offer nothing more, give the right back. */
void suspect_offers_stop(struct suspect_offers *offers);

/** A suspect batch is due. */
void suspect_offers_see(struct suspect_offers *offers, const struct suspect *suspect);
void suspect_offers_on_result(struct suspect_offers *offers,
                              const Hikyaku__V1__OfferResult *result);
/** A worker says that it finished a claim. */
void suspect_offers_on_finished(struct suspect_offers *offers, const unsigned char campaign[16],
                                uint32_t number);
/** Batches that wait for their turn, or have it. */
size_t suspect_offers_count(const struct suspect_offers *offers);

#endif
