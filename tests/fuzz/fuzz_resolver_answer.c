/* Records of a DNS answer: any bytes are left out or give records within their bounds. The first
 * byte chooses the kind; then each record is its length (2 bytes) and that many bytes. */
#include "common/base/bytes.h"
#include "common/net/resolver_answer.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct resolver_answer *answer)
{
    assert(answer->count <= RESOLVER_RECORDS_MAX);
    size_t bytes = 0;
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->mx != NULL) {
            assert(i == 0 || answer->mx[i - 1].preference <= answer->mx[i].preference);
            size_t length = strnlen(answer->mx[i].host, RESOLVER_NAME_BYTES);
            assert(length < RESOLVER_NAME_BYTES);
            assert(length == 0 || answer->mx[i].host[length - 1] != '.');
        }
        if (answer->addresses != NULL) {
            assert(answer->addresses[i].port == 0);
        }
        for (size_t j = 0; answer->texts != NULL && j < answer->texts[i].size; j++) {
            bytes += (unsigned char)answer->texts[i].data[j];
        }
    }
    (void)bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum resolver_kind kinds[] = {RESOLVER_A, RESOLVER_AAAA, RESOLVER_MX,
                                               RESOLVER_TXT};
    static struct resolver_records records;
    if (size == 0) {
        return 0;
    }
    resolver_answer_begin(&records, kinds[data[0] % 4]);
    struct text rest = {(const char *)data + 1, size - 1};
    while (rest.size >= 2) {
        size_t length = bytes_get_u16(rest.data);
        rest = text_skip(rest, 2);
        struct text rdata = {rest.data, length < rest.size ? length : rest.size};
        resolver_answer_add(&records, rdata);
        rest = text_skip(rest, rdata.size);
    }
    struct resolver_answer answer = {.status = RESOLVER_OK};
    resolver_answer_finish(&records, &answer);
    check(&answer);
    buffer_finish(&records.bytes);
    return 0;
}
