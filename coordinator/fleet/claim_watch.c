#include "coordinator/fleet/claim_watch.h"

#include "common/base/table.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct suspect {
    char *claim;
    char session[33];
    uint64_t report; /* number of the first report that lacked it */
    uint64_t since_ms;
    bool is_seen; /* in this look */
};

struct claim_watch {
    struct table *suspects; /* by claim */
};

struct claim_watch *claim_watch_create(void)
{
    struct claim_watch *watch = xalloc_zero(1, sizeof *watch);
    watch->suspects = table_create();
    return watch;
}

static void forget(struct claim_watch *watch, struct suspect *suspect)
{
    (void)table_remove(watch->suspects, text_of(suspect->claim));
    free(suspect->claim);
    free(suspect);
}

/* Those that were not seen since the look began; all when none was. */
static void forget_unseen(struct claim_watch *watch)
{
    struct table_walk walk;
    struct suspect *suspect = table_first(watch->suspects, &walk);
    for (; suspect != NULL; suspect = table_next(&walk)) {
        if (!suspect->is_seen) {
            forget(watch, suspect);
        }
    }
}

static void set_unseen(struct claim_watch *watch)
{
    struct table_walk walk;
    struct suspect *suspect = table_first(watch->suspects, &walk);
    for (; suspect != NULL; suspect = table_next(&walk)) {
        suspect->is_seen = false;
    }
}

void claim_watch_destroy(struct claim_watch **watch)
{
    if (*watch == NULL) {
        return;
    }
    set_unseen(*watch);
    forget_unseen(*watch);
    table_destroy(&(*watch)->suspects);
    free(*watch);
    *watch = NULL;
}

void claim_watch_begin(struct claim_watch *watch)
{
    set_unseen(watch);
}

void claim_watch_end(struct claim_watch *watch)
{
    forget_unseen(watch);
}

static void suspect_it(struct claim_watch *watch, struct text claim, const char *session,
                       uint64_t report, uint64_t now_ms)
{
    if (table_count(watch->suspects) >= CLAIM_WATCH_MAX) {
        return;
    }
    struct suspect *suspect = xalloc_zero(1, sizeof *suspect);
    *suspect = (struct suspect){.claim = xalloc_copy(claim.data, claim.size),
                                .report = report,
                                .since_ms = now_ms,
                                .is_seen = true};
    (void)snprintf(suspect->session, sizeof suspect->session, "%s", session);
    (void)table_put(watch->suspects, claim, suspect);
}

bool claim_watch_look(struct claim_watch *watch, struct text claim, const char *session,
                      const struct claim_watch_report *report, uint64_t now_ms)
{
    struct suspect *suspect = table_get(watch->suspects, claim);
    bool is_lacking = report->number > 0 && !report->is_listed;
    if (suspect != NULL && (!is_lacking || strcmp(suspect->session, session) != 0)) {
        forget(watch, suspect);
        suspect = NULL;
    }
    if (!is_lacking) {
        return false;
    }
    if (suspect == NULL) {
        suspect_it(watch, claim, session, report->number, now_ms);
        return false;
    }
    suspect->is_seen = true;
    if (report->number < suspect->report + CLAIM_WATCH_REPORTS ||
        now_ms - suspect->since_ms < CLAIM_WATCH_AGE_MS) {
        return false;
    }
    suspect->report = report->number;
    suspect->since_ms = now_ms;
    return true;
}

size_t claim_watch_count(const struct claim_watch *watch)
{
    return table_count(watch->suspects);
}
