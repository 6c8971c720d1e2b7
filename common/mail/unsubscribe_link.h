/* Where the token stands in an unsubscribe link. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_UNSUBSCRIBE_LINK_H
#define HIKYAKU_COMMON_MAIL_UNSUBSCRIBE_LINK_H

#include "common/base/arena.h"
#include "hikyaku/v1/api.pb-c.h"

/** Has each recipient a link? @param content  of effective settings */
bool unsubscribe_link_is_there(const Hikyaku__V1__Content *content);

/**
 * The link of one recipient.
 *
 * @param mode   OWN_URL: query parameter t, before a fragment; HIKYAKU: the last part of the path
 * @param url    https
 * @param token  characters that a URL holds as they are
 * @return in `arena`, a NUL behind it
 */
struct text unsubscribe_link_make(Hikyaku__V1__UnsubscribeMode mode, struct text url,
                                  struct text token, struct arena *arena);

#endif
