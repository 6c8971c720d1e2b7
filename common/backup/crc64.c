#include "common/backup/crc64.h"

#include <pthread.h>

/* Jones' polynomial 0xad93d23594c935a9 with its bits the other way round. */
#define POLYNOMIAL UINT64_C(0x95ac9329ac4bc9b5)
/* Eight bytes at once: tables[n] says what a byte does n bytes later. */
#define AT_ONCE 8

static uint64_t tables[AT_ONCE][256];

static void make_tables(void)
{
    for (unsigned int byte = 0; byte < 256; byte++) {
        uint64_t sum = byte;
        for (unsigned int bit = 0; bit < 8; bit++) {
            sum = (sum & 1) != 0 ? (sum >> 1) ^ POLYNOMIAL : sum >> 1;
        }
        tables[0][byte] = sum;
    }
    for (unsigned int byte = 0; byte < 256; byte++) {
        for (unsigned int later = 1; later < AT_ONCE; later++) {
            uint64_t before = tables[later - 1][byte];
            tables[later][byte] = tables[0][before & 0xff] ^ (before >> 8);
        }
    }
}

static uint64_t add_eight(uint64_t sum, const unsigned char *bytes)
{
    uint64_t next = 0;
    for (unsigned int i = 0; i < AT_ONCE; i++) {
        next ^= tables[AT_ONCE - 1 - i][((sum >> (8 * i)) & 0xff) ^ bytes[i]];
    }
    return next;
}

uint64_t crc64_add(uint64_t sum, struct text bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_tables);
    const unsigned char *next = (const unsigned char *)bytes.data;
    size_t left = bytes.size;
    for (; left >= AT_ONCE; left -= AT_ONCE, next += AT_ONCE) {
        sum = add_eight(sum, next);
    }
    for (; left > 0; left--, next++) {
        sum = tables[0][(sum ^ *next) & 0xff] ^ (sum >> 8);
    }
    return sum;
}
