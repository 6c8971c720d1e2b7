/* Of this folder only: the body of a request as it comes in, inflated on the way, never larger than
 * its bound. */
#ifndef HIKYAKU_COMMON_NET_HTTP_BODY_H
#define HIKYAKU_COMMON_NET_HTTP_BODY_H

#include "common/base/buffer.h"

struct http_body;

/** @param expected_bytes  room to make at once; 0 when nobody has said */
struct http_body *http_body_create(size_t bytes_max, bool is_gzip, size_t expected_bytes);
void http_body_destroy(struct http_body **body);
/** @return false: enough rubbish, end the connection */
MUST_USE bool http_body_feed(struct http_body *body, struct text bytes);
/** All has come. @return 0; 413 above the bound; 400 broken or cut off */
unsigned int http_body_finish(struct http_body *body);
/** A NUL stands behind it once finished. */
struct text http_body_text(const struct http_body *body);

#endif
