/* Mustache templates: parsed once, rendered for each recipient without allocating anything but
 * output. Implements the specification's comments, interpolation, sections, inverted sections and
 * set delimiters; partials, blocks, parents and lambdas are refused with their place.
 *
 * Where the specification leaves room: a section is not rendered for a missing name, null, false,
 * an empty list, the empty string (CSV has no other "nothing") and numbers equal to zero. A name is
 * looked up in the sections around it, names of ours, the recipient's fields, then default_fields;
 * a dotted name only by its first part. Interpolating an object or list is an error. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_TEMPLATE_H
#define HIKYAKU_COMMON_MAIL_TEMPLATE_H

#include "common/mail/fields.h"

#define TEMPLATE_BYTES_MAX ((size_t)1024 * 1024)
#define TEMPLATE_TAGS_MAX 20000
#define TEMPLATE_DEPTH_MAX 32 /* sections in sections */
#define TEMPLATE_NAME_PARTS_MAX 16
#define TEMPLATE_STEPS_MAX 1000000 /* of one rendering: nested loops over long lists end here */

enum template_kind {
    TEMPLATE_TEXT,   /* {{name}} as it is */
    TEMPLATE_HTML,   /* {{name}} escaped: & < > " ' */
    TEMPLATE_HEADER, /* one line: line ends in the template are refused; whole lines are not
                        special */
};

enum template_missing {
    TEMPLATE_MISSING_ERROR,
    TEMPLATE_MISSING_EMPTY,
};

/** Immutable; lives in the arena it was parsed into; safe for all threads. */
struct template;

/**
 * @param source  UTF-8; copied
 * @return 0; -EINVAL: rule template_syntax, template_partial or template_limit, message begins
 *         "line L, column C: "; columns count bytes from 1
 * @source github.com/mustache/spec 1.4
 */
MUST_USE int template_parse(struct text source, enum template_kind kind, struct arena *arena,
                            const struct template **ret_template, struct problem *problem);

struct template_input {
    const struct fields_value *own;      /* borrowed; names of ours, before fields; NULL: none */
    const struct fields_value *fields;   /* borrowed; NULL: none */
    const struct fields_value *defaults; /* borrowed; looked up last; NULL: none */
    enum template_missing missing;
    size_t limit_bytes; /* of the output */
};

/**
 * Append the rendered text.
 *
 * @param out  NULL: nothing is written, everything is checked
 * @return 0; -ENOENT (rule missing_field, field = the name; only with MISSING_ERROR); -EINVAL (rule
 *         field_type: an object or list where a value belongs); -EMSGSIZE (rule template_output).
 *         On error `out` holds a part: drop it
 */
MUST_USE int template_render(const struct template *template, const struct template_input *input,
                             struct buffer *out, struct problem *problem);

/** The top-level names used: sorted, without doubles. Sections may find their inner names further
 *  out, so these count too. Lives as long as the template. */
const struct text *template_names(const struct template *template, size_t *ret_count);

/** True when it has no tags; `ret_text` is then what every rendering gives. */
bool template_is_static(const struct template *template, struct text *ret_text);

#endif
