/* What the DKIM tests share: files of tests/data/dkim, keys, signing and checking in one call. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_MAIL_DKIM_DATA_H
#define HIKYAKU_TESTS_UNIT_COMMON_MAIL_DKIM_DATA_H

#include "common/base/buffer.h"
#include "common/mail/dkim_key.h"
#include "common/mail/dkim_signer.h"
#include "common/mail/dkim_verifier.h"

#include <stdio.h>
#include <stdlib.h>

#define DKIM_DATA_COLUMNS_MAX 8

static inline void dkim_data_load(const char *name, struct buffer *content)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/dkim/%s", HIKYAKU_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got;
    while ((got = fread(buffer_reserve(content, 4096), 1, 4096, file)) > 0) {
        content->size += got;
    }
    (void)fclose(file);
}

/* The next row of a table, its columns borrowed; false at the end. */
static inline bool dkim_data_row(struct text *table, struct text columns[DKIM_DATA_COLUMNS_MAX])
{
    struct text line;
    if (!text_next_part(table, '\n', &line) || line.size == 0) {
        return false;
    }
    for (size_t i = 0; i < DKIM_DATA_COLUMNS_MAX; i++) {
        columns[i] = (struct text){"", 0};
        (void)text_next_part(&line, '\t', &columns[i]);
    }
    return true;
}

static inline struct dkim_key *dkim_data_key(const char *name)
{
    struct dkim_key *key = NULL;
    struct buffer pem = {0};
    dkim_data_load(name, &pem);
    assert_int_equal(dkim_key_parse(buffer_text(&pem), &key, NULL), 0);
    buffer_finish(&pem);
    return key;
}

#endif
