#include "common/base/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_PER_FAMILY_MAX 200

static const uint32_t bucket_ms[] = {1,    3,    5,    10,    25,    50,    100,    250,    500,
                                     1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 600000};
#define BUCKET_COUNT (sizeof bucket_ms / sizeof bucket_ms[0])

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
    struct metric *next;
    char *value;  /* label value; NULL without label */
    char *second; /* of the second label; NULL without */
    _Atomic int64_t number;
    _Atomic uint64_t sum_ms;
    _Atomic uint64_t buckets[BUCKET_COUNT];
};

struct family {
    struct family *next;
    const char *name;
    const char *help;
    const char *label;
    const char *second; /* label; NULL: one at most */
    enum metric_kind kind;
    struct metric *series;
    size_t series_count;
};

static struct family *families;

static struct family *find_family(const char *name, const char *help, const char *label,
                                  enum metric_kind kind)
{
    struct family **place = &families;
    while (*place != NULL && strcmp((*place)->name, name) < 0) {
        place = &(*place)->next;
    }
    if (*place == NULL || strcmp((*place)->name, name) != 0) {
        struct family *family = xalloc_zero(1, sizeof *family);
        *family = (struct family){
            .next = *place, .name = name, .help = help, .label = label, .kind = kind};
        *place = family;
    }
    return *place;
}

static bool is_series(const struct family *family, const struct metric *series, struct text value,
                      struct text second)
{
    return family->label == NULL ||
           (text_equal(text_of(series->value), value) &&
            (family->second == NULL || text_equal(text_of(series->second), second)));
}

static struct metric *find_series(struct family *family, struct text value, struct text second)
{
    struct metric **place = &family->series;
    while (*place != NULL && !is_series(family, *place, value, second)) {
        place = &(*place)->next;
    }
    if (*place == NULL) {
        if (family->series_count >= SERIES_PER_FAMILY_MAX && !text_equal(value, TEXT("rest"))) {
            return find_series(family, TEXT("rest"), second);
        }
        *place = xalloc_zero(1, sizeof **place);
        (*place)->value = family->label == NULL ? NULL : text_to_string(value);
        (*place)->second = family->second == NULL ? NULL : text_to_string(second);
        family->series_count++;
    }
    return *place;
}

struct metric *metrics_counter(const char *name, const char *help, const char *label,
                               struct text value)
{
    return find_series(find_family(name, help, label, METRIC_COUNTER), value, TEXT(""));
}

struct metric *metrics_gauge(const char *name, const char *help, const char *label,
                             struct text value)
{
    return find_series(find_family(name, help, label, METRIC_GAUGE), value, TEXT(""));
}

struct metric *metrics_gauge_of_two(const char *name, const char *help, const char *label,
                                    const char *second_label, struct text value,
                                    struct text second_value)
{
    struct family *family = find_family(name, help, label, METRIC_GAUGE);
    family->second = second_label;
    return find_series(family, value, second_value);
}

void metrics_forget(const char *name)
{
    struct family *family = families;
    while (family != NULL && strcmp(family->name, name) != 0) {
        family = family->next;
    }
    while (family != NULL && family->series != NULL) {
        struct metric *series = family->series;
        family->series = series->next;
        family->series_count--;
        free(series->value);
        free(series->second);
        free(series);
    }
}

struct metric *metrics_histogram(const char *name, const char *help, const char *label,
                                 struct text value)
{
    return find_series(find_family(name, help, label, METRIC_HISTOGRAM), value, TEXT(""));
}

void metrics_add(struct metric *counter, uint64_t more)
{
    atomic_fetch_add_explicit(&counter->number, (int64_t)more, memory_order_relaxed);
}

void metrics_set(struct metric *gauge, int64_t value)
{
    atomic_store_explicit(&gauge->number, value, memory_order_relaxed);
}

void metrics_observe_ms(struct metric *histogram, uint64_t ms)
{
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        if (ms <= bucket_ms[i]) {
            atomic_fetch_add_explicit(&histogram->buckets[i], 1, memory_order_relaxed);
            break;
        }
    }
    atomic_fetch_add_explicit(&histogram->sum_ms, ms, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->number, 1, memory_order_relaxed);
}

int64_t metrics_value(const struct metric *metric)
{
    return atomic_load_explicit(&metric->number, memory_order_relaxed);
}

static void append_label_value(struct buffer *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            buffer_append_byte(out, '\\');
        }
        if (*value == '\n') {
            buffer_append_string(out, "\\n");
        } else {
            buffer_append_byte(out, *value);
        }
    }
}

/* {label="value",le="0.1"} or nothing */
static void append_labels(struct buffer *out, const struct family *family,
                          const struct metric *series, const char *bucket)
{
    if (family->label == NULL && bucket == NULL) {
        return;
    }
    buffer_append_byte(out, '{');
    if (family->label != NULL) {
        buffer_printf(out, "%s=\"", family->label);
        append_label_value(out, series->value);
        buffer_append_byte(out, '"');
    }
    if (family->second != NULL) {
        buffer_printf(out, ",%s=\"", family->second);
        append_label_value(out, series->second);
        buffer_append_byte(out, '"');
    }
    if (bucket != NULL) {
        buffer_printf(out, "%sle=\"%s\"", family->label == NULL ? "" : ",", bucket);
    }
    buffer_append_byte(out, '}');
}

static void append_seconds(struct buffer *out, uint64_t ms)
{
    buffer_printf(out, "%" PRIu64 ".%03u", ms / 1000, (unsigned int)(ms % 1000));
}

static void render_histogram(struct buffer *out, const struct family *family,
                             const struct metric *series)
{
    uint64_t total = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        total += atomic_load(&series->buckets[i]);
        char bound[16];
        (void)snprintf(bound, sizeof bound, "%u.%03u", bucket_ms[i] / 1000, bucket_ms[i] % 1000);
        buffer_printf(out, "%s_bucket", family->name);
        append_labels(out, family, series, bound);
        buffer_printf(out, " %" PRIu64 "\n", total);
    }
    buffer_printf(out, "%s_bucket", family->name);
    append_labels(out, family, series, "+Inf");
    buffer_printf(out, " %" PRId64 "\n%s_sum", metrics_value(series), family->name);
    append_labels(out, family, series, NULL);
    buffer_append_byte(out, ' ');
    append_seconds(out, atomic_load(&series->sum_ms));
    buffer_printf(out, "\n%s_count", family->name);
    append_labels(out, family, series, NULL);
    buffer_printf(out, " %" PRId64 "\n", metrics_value(series));
}

void metrics_render(struct buffer *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (const struct family *family = families; family != NULL; family = family->next) {
        buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                      kinds[family->kind]);
        for (const struct metric *series = family->series; series != NULL; series = series->next) {
            if (family->kind == METRIC_HISTOGRAM) {
                render_histogram(out, family, series);
                continue;
            }
            buffer_append_string(out, family->name);
            append_labels(out, family, series, NULL);
            buffer_printf(out, " %" PRId64 "\n", metrics_value(series));
        }
    }
}
