#include "common/mail/unsubscribe_link.h"

bool unsubscribe_link_is_there(const Hikyaku__V1__Content *content)
{
    return content->unsubscribe != NULL &&
           content->unsubscribe->mode > HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE;
}

static struct text own_url(struct text url, struct text token, struct arena *arena)
{
    size_t end = text_find(url, '#');
    struct text head = {url.data, end};
    struct text tail = text_skip(url, end);
    char joint = text_find(head, '?') < head.size ? '&' : '?';
    return text_of(arena_printf(arena, "%.*s%ct=%.*s%.*s", TEXT_PRINT(head), joint,
                                TEXT_PRINT(token), TEXT_PRINT(tail)));
}

struct text unsubscribe_link_make(Hikyaku__V1__UnsubscribeMode mode, struct text url,
                                  struct text token, struct arena *arena)
{
    if (mode == HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL) {
        return own_url(url, token, arena);
    }
    bool ends_with_slash = url.size > 0 && url.data[url.size - 1] == '/';
    return text_of(arena_printf(arena, "%.*s%s%.*s", TEXT_PRINT(url), ends_with_slash ? "" : "/",
                                TEXT_PRINT(token)));
}
