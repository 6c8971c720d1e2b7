/* Unsubscribe tokens as links bring them: what verifies was made by us, byte for byte. */
#include "common/security/unsubscribe_token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char token_key[TOKEN_KEY_BYTES];

static const unsigned char *find_key(void *context, unsigned char key_id)
{
    (void)context;
    return key_id < 2 ? token_key : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unsubscribe_token_content content;
    struct unsubscribe_token_key key;
    struct text text = {(const char *)data, size};
    char again[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    if (unsubscribe_token_verify(text, find_key, NULL, &content) == 0) {
        unsubscribe_token_key_derive(token_key, content.key_id, &content.list, &key);
        size_t length = unsubscribe_token_make(&key, &content.list, &content.recipient, again);
        if (!text_equal(text, (struct text){again, length})) {
            abort();
        }
    }
    return 0;
}
