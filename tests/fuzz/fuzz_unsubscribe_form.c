/* Bodies of POSTs to unsubscribe links: up to the first line end the Content-Type. */
#include "coordinator/unsubscribe/unsubscribe_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text whole = {(const char *)data, size};
    size_t end = text_find(whole, '\n');
    struct unsubscribe_form form;
    (void)!unsubscribe_form_read((struct text){whole.data, end}, text_skip(whole, end + 1), &form);
    return 0;
}
