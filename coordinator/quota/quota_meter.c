#include "coordinator/quota/quota_meter.h"

#include "common/base/buffer.h"
#include "common/base/table.h"

#include <stdlib.h>

#define SLICES 32
#define SUBJECTS_MAX 4096

struct slice {
    uint64_t window;
    uint64_t left;
    uint64_t refused; /* so much was not given in this window; 0: nothing was refused */
    bool is_asked;
};

struct subject {
    struct slice slices[QUOTA_KINDS];
};

struct quota_meter {
    struct table *subjects;
};

struct quota_meter *quota_meter_create(void)
{
    struct quota_meter *meter = xalloc_zero(1, sizeof *meter);
    meter->subjects = table_create();
    return meter;
}

static void forget_all(struct quota_meter *meter)
{
    struct table_walk walk;
    for (void *subject = table_first(meter->subjects, &walk); subject != NULL;
         subject = table_next(&walk)) {
        free(subject);
    }
    table_destroy(&meter->subjects);
}

void quota_meter_destroy(struct quota_meter **meter)
{
    if (*meter != NULL) {
        forget_all(*meter);
        free(*meter);
        *meter = NULL;
    }
}

/* What is forgotten was given out: it counts as used. */
static struct subject *obtain(struct quota_meter *meter, struct text name)
{
    struct subject *subject = table_get(meter->subjects, name);
    if (subject != NULL) {
        return subject;
    }
    if (table_count(meter->subjects) >= SUBJECTS_MAX) {
        forget_all(meter);
        meter->subjects = table_create();
    }
    subject = xalloc_zero(1, sizeof *subject);
    (void)table_put(meter->subjects, name, subject);
    return subject;
}

static struct slice *slice_of(struct quota_meter *meter, const struct quota_subject *subject,
                              enum quota_kind kind, uint64_t window)
{
    struct slice *slice = &obtain(meter, subject->name)->slices[kind];
    if (slice->window != window) {
        *slice = (struct slice){.window = window};
    }
    return slice;
}

static bool is_counted(const struct quota_meter_charge *charge, size_t subject, size_t kind)
{
    return charge->subjects[subject].name.size > 0 && charge->cost.of[kind] > 0 &&
           charge->subjects[subject].limits.of[kind] > 0;
}

/* @return false: used up */
static bool look(struct quota_meter *meter, const struct quota_subject *subject,
                 enum quota_kind kind, uint64_t cost, int64_t now_unix_ms,
                 struct quota_meter_answer *answer)
{
    uint64_t limit = subject->limits.of[kind];
    uint64_t window = quota_kind_window(kind, now_unix_ms);
    struct slice *slice = slice_of(meter, subject, kind, window);
    if (slice->left >= cost) {
        return true;
    }
    uint64_t needed = cost - slice->left;
    if (cost > limit || (slice->refused > 0 && needed >= slice->refused)) {
        answer->subject = subject;
        answer->kind = kind;
        answer->wait_ms = quota_kind_wait_ms(kind, now_unix_ms);
        return false;
    }
    answer->asks[answer->ask_count++] =
        (struct quota_meter_ask){.subject = subject,
                                 .kind = kind,
                                 .window = window,
                                 .needed = needed,
                                 .more = slice->is_asked ? 0 : limit / SLICES};
    return true;
}

/* More than needed is asked for by one at a time. */
static void note_asked(struct quota_meter *meter, const struct quota_meter_answer *answer)
{
    for (size_t i = 0; i < answer->ask_count; i++) {
        const struct quota_meter_ask *ask = &answer->asks[i];
        slice_of(meter, ask->subject, ask->kind, ask->window)->is_asked = true;
    }
}

enum quota_meter_verdict quota_meter_take(struct quota_meter *meter,
                                          const struct quota_meter_charge *charge,
                                          int64_t now_unix_ms,
                                          struct quota_meter_answer *ret_answer)
{
    *ret_answer = (struct quota_meter_answer){.ask_count = 0};
    for (size_t i = 0; i < QUOTA_METER_PARTS; i++) {
        size_t subject = i / QUOTA_KINDS;
        size_t kind = i % QUOTA_KINDS;
        if (is_counted(charge, subject, kind) &&
            !look(meter, &charge->subjects[subject], (enum quota_kind)kind, charge->cost.of[kind],
                  now_unix_ms, ret_answer)) {
            return QUOTA_METER_REFUSED;
        }
    }
    if (ret_answer->ask_count > 0) {
        note_asked(meter, ret_answer);
        return QUOTA_METER_ASK;
    }
    for (size_t i = 0; i < QUOTA_METER_PARTS; i++) {
        enum quota_kind kind = (enum quota_kind)(i % QUOTA_KINDS);
        if (is_counted(charge, i / QUOTA_KINDS, kind)) {
            slice_of(meter, &charge->subjects[i / QUOTA_KINDS], kind,
                     quota_kind_window(kind, now_unix_ms))
                ->left -= charge->cost.of[kind];
        }
    }
    return QUOTA_METER_TAKEN;
}

void quota_meter_give(struct quota_meter *meter, const struct quota_meter_ask *ask, uint64_t given)
{
    struct slice *slice = &obtain(meter, ask->subject->name)->slices[ask->kind];
    if (slice->window != ask->window) {
        return; /* over: lost */
    }
    slice->is_asked = false;
    slice->left += given;
    if (given == 0 && (slice->refused == 0 || ask->needed < slice->refused)) {
        slice->refused = ask->needed;
    }
}

void quota_meter_fail(struct quota_meter *meter, const struct quota_meter_ask *ask)
{
    struct slice *slice = &obtain(meter, ask->subject->name)->slices[ask->kind];
    slice->is_asked = slice->is_asked && slice->window != ask->window;
}

void quota_meter_refund(struct quota_meter *meter, const struct quota_meter_charge *charge,
                        unsigned int kinds, int64_t taken_unix_ms, int64_t now_unix_ms)
{
    for (size_t i = 0; i < QUOTA_METER_PARTS; i++) {
        enum quota_kind kind = (enum quota_kind)(i % QUOTA_KINDS);
        uint64_t window = quota_kind_window(kind, now_unix_ms);
        if ((kinds >> kind & 1) != 0 && is_counted(charge, i / QUOTA_KINDS, kind) &&
            window == quota_kind_window(kind, taken_unix_ms)) {
            struct slice *slice = slice_of(meter, &charge->subjects[i / QUOTA_KINDS], kind, window);
            slice->left += charge->cost.of[kind];
        }
    }
}
