/* What the DKIM tests share: keys of tests/data/dkim, signing and checking in one call. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_MAIL_DKIM_DATA_H
#define HIKYAKU_TESTS_UNIT_COMMON_MAIL_DKIM_DATA_H

#include "common/mail/dkim_key.h"
#include "common/mail/dkim_signer.h"
#include "common/mail/dkim_verifier.h"
#include "tests/unit/data_file.h"

#include <stdlib.h>

static inline struct dkim_key *dkim_data_key(const char *name)
{
    struct dkim_key *key = NULL;
    struct buffer pem = {0};
    data_file_load("dkim", name, &pem);
    assert_int_equal(dkim_key_parse(buffer_text(&pem), &key, NULL), 0);
    buffer_finish(&pem);
    return key;
}

#endif
