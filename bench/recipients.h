/* Recipients from a seed: the same seed and index give the same person on every machine. Pure. */
#ifndef HIKYAKU_BENCH_RECIPIENTS_H
#define HIKYAKU_BENCH_RECIPIENTS_H

#include <stdint.h>

#define RECIPIENTS_TEXT_BYTES 96

/** A recipient: an address and two short fields. */
struct recipients_person {
    char address[RECIPIENTS_TEXT_BYTES];
    char fields[RECIPIENTS_TEXT_BYTES]; /* JSON: name, code */
    char ref[24];
};

/**
 * Make the person with this index.
 *
 * Addresses differ from each other. They lie at ten domains, d0.test to d9.test, of which the
 * largest has 15 of 100 and the smallest 6: a chunk of 4,096 makes some thirteen batches.
 */
void recipients_person(uint64_t seed, uint32_t index, struct recipients_person *ret_person);

#endif
