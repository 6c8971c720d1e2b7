#include "coordinator/retention/retention_months.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/security/identity.h"

#include <errno.h>
#include <stdlib.h>

struct retention_months {
    struct store *store;        /* borrowed */
    struct key_directory *keys; /* borrowed */
    const struct retention_times *times;
    uint32_t month;    /* in question */
    uint32_t reported; /* cannot be destroyed here; told once */
    unsigned int partition;
    struct store_retention_count range;
    store_retention_done_fn *on_done;
    void *context;
};

struct retention_months *retention_months_create(struct store *store, struct key_directory *keys,
                                                 const struct retention_times *times)
{
    struct retention_months *months = xalloc_zero(1, sizeof *months);
    months->store = store;
    months->keys = keys;
    months->times = times;
    return months;
}

void retention_months_destroy(struct retention_months **months)
{
    free(*months);
    *months = NULL;
}

static void destroy(struct retention_months *months)
{
    struct problem problem = {.message = ""};
    int error = key_directory_destroy_month(months->keys, months->month, &problem);
    if (error == 0) {
        LOG(LOG_MONTH_KEY_DESTROYED, NULL, log_number("month", months->month));
    } else if (months->reported != months->month) {
        months->reported = months->month;
        LOG(LOG_MONTH_KEY_DUE, NULL, log_number("month", months->month), log_number("error", error),
            log_string("reason", problem.message));
    }
    months->on_done(months->context, error);
}

static void on_count(void *context, int error, uint64_t count)
{
    struct retention_months *months = context;
    if (error != 0 || count > 0) {
        months->on_done(months->context, error);
        return;
    }
    if (++months->partition == IDENTITY_PARTITIONS) {
        destroy(months);
        return;
    }
    store_retention_count(months->store, months->partition, &months->range, on_count, months);
}

void retention_months_look(struct retention_months *months, store_retention_done_fn *on_done,
                           void *context)
{
    months->on_done = on_done;
    months->context = context;
    months->partition = 0;
    int error = key_directory_oldest_month(months->keys, &months->month, NULL);
    if (error != 0 || !retention_rule_month_is_over(months->month, months->times, clock_unix_ms(),
                                                    &months->range)) {
        on_done(context, error == -ENOENT ? 0 : error);
        return;
    }
    store_retention_count(months->store, 0, &months->range, on_count, months);
}
