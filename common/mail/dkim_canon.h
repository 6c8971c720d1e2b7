/* DKIM canonicalisation, streaming: bytes go in as they come, canonical bytes leave in blocks.
 * Nothing is ever flattened. Bare LF counts as a line end, bare CR is a byte like others. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_CANON_H
#define HIKYAKU_COMMON_MAIL_DKIM_CANON_H

#include "common/base/text.h"

#include <stdbool.h>

enum dkim_canon_form {
    DKIM_CANON_FORM_SIMPLE,
    DKIM_CANON_FORM_RELAXED,
};

/** Where canonical bytes go, several at a time; `data` is valid during the call. */
typedef void dkim_canon_sink_fn(void *context, const char *data, size_t size);

#define DKIM_CANON_BLOCK_BYTES 2048

/** Fields are private; a struct so that it needs no allocation. */
struct dkim_canon {
    dkim_canon_sink_fn *sink;
    void *context;
    enum dkim_canon_form form;
    size_t used;        /* bytes in `block` */
    size_t line_ends;   /* held back until something follows them */
    bool in_line;       /* body: the line has bytes already */
    bool has_output;    /* bytes of the body, or of the field's value, have left */
    bool has_space;     /* white space held back */
    bool has_cr;        /* a CR held back */
    bool in_value;      /* header: behind the colon */
    bool keep_line_end; /* header: end with CRLF */
    char block[DKIM_CANON_BLOCK_BYTES];
};

/**
 * Canonicalise a body.
 * @callback sink  any number of times from feed and finish
 * @source RFC 6376, 3.4.3, 3.4.4
 */
void dkim_canon_body_begin(struct dkim_canon *canon, enum dkim_canon_form form,
                           dkim_canon_sink_fn *sink, void *context);
void dkim_canon_body_feed(struct dkim_canon *canon, struct text bytes);
void dkim_canon_body_finish(struct dkim_canon *canon);

/**
 * Canonicalise one header field, from its name to its line end, folded lines included.
 * @param keep_line_end  false for the DKIM-Signature itself, which ends without CRLF
 * @source RFC 6376, 3.4.1, 3.4.2, 3.7
 */
void dkim_canon_header_begin(struct dkim_canon *canon, enum dkim_canon_form form,
                             bool keep_line_end, dkim_canon_sink_fn *sink, void *context);
void dkim_canon_header_feed(struct dkim_canon *canon, struct text bytes);
void dkim_canon_header_finish(struct dkim_canon *canon);

#endif
