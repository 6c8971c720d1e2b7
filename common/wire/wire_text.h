/* Character rules of short texts. Pure; input is valid UTF-8 without NUL (wire_scan). */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_TEXT_H
#define HIKYAKU_COMMON_WIRE_WIRE_TEXT_H

#include "common/base/text.h"

/** What a text may consist of. */
enum wire_text_class {
    WIRE_TEXT_BODY,     /* anything, line ends included */
    WIRE_TEXT_LINE,     /* one line: no CR, LF or other control character */
    WIRE_TEXT_NAME,     /* one line in NFC: an identifier that people read */
    WIRE_TEXT_KEY,      /* A-Z a-z 0-9 . _ : - */
    WIRE_TEXT_REF,      /* one line in NFC without "@" */
    WIRE_TEXT_LABEL,    /* one line in NFC that does not look like an address */
    WIRE_TEXT_REMARK,   /* one line without anything that looks like an address */
    WIRE_TEXT_TOKEN,    /* RFC 5322 field name: printable ASCII without ":" */
    WIRE_TEXT_LANGUAGE, /* BCP 47 shape: alphanumeric subtags of 1..8 joined by "-" */
    WIRE_TEXT_DOMAIN,   /* dotted labels of letters, digits, hyphens, or non-ASCII letters */
    WIRE_TEXT_LIST_ID,  /* RFC 2919 list-id without brackets */
    WIRE_TEXT_HTTPS,    /* https URL in ASCII without spaces, user or fragment */
    WIRE_TEXT_MAILTO,   /* mailto: URL in ASCII, or a plain address */
    WIRE_TEXT_MEDIA,    /* type/subtype, neither multipart nor message */
    WIRE_TEXT_FILE,     /* a file name: one line without path separators */
    WIRE_TEXT_PART,     /* part of a Feedback-ID: printable ASCII without ":" or space */
    WIRE_TEXT_ID,       /* Content-ID's left part: letters, digits, . _ - @ + */
    WIRE_TEXT_CAMPAIGN, /* campaign id: 26 digits of Crockford base32 */
    WIRE_TEXT_STREAM,   /* suppression stream: A-Z a-z 0-9 . _ -, or "*": all */
    WIRE_TEXT_CLASSES
};

/** @return NULL, or why the text is not of this class: "must not contain control characters" */
const char *wire_text_fault(enum wire_text_class text_class, struct text text);

/** The word of the class for rules: "line", "key", ... */
const char *wire_text_rule(enum wire_text_class text_class);

/** Unicode normalisation form C; ASCII at once. @source Unicode Standard Annex 15 */
bool wire_text_is_nfc(struct text text);

#endif
