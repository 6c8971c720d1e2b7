#include "common/wire/wire_text.h"

#include "common/base/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#define DOMAIN_BYTES_MAX 253
#define LABEL_BYTES_MAX 63
#define NFC_BYTES_MAX 4096 /* identifiers are shorter; longer text is never asked about */

static bool is_control(unsigned char byte)
{
    return byte < 0x20 || byte == 0x7f;
}

static bool is_alphanumeric(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static bool is_printable(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f;
}

static bool all(struct text text, bool (*is_good)(unsigned char byte))
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_good((unsigned char)text.data[i])) {
            return false;
        }
    }
    return true;
}

static bool is_line_byte(unsigned char byte)
{
    return !is_control(byte);
}

/* C1 controls and the separators U+2028 and U+2029 end lines in some programs. */
static bool has_hidden_line_end(struct text text)
{
    for (size_t i = 0; i + 1 < text.size; i++) {
        const unsigned char *at = (const unsigned char *)text.data + i;
        bool is_c1 = at[0] == 0xc2 && at[1] < 0xa0;
        bool is_separator =
            i + 2 < text.size && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9);
        if (is_c1 || is_separator) {
            return true;
        }
    }
    return false;
}

bool wire_text_is_nfc(struct text text)
{
    if (text_is_ascii(text)) {
        return true;
    }
    if (text.size > NFC_BYTES_MAX) {
        return false;
    }
    uint8_t place[NFC_BYTES_MAX];
    size_t size = sizeof place;
    uint8_t *normal =
        u8_normalize(UNINORM_NFC, (const uint8_t *)text.data, text.size, place, &size);
    bool is_same = normal != NULL && size == text.size && memcmp(normal, text.data, size) == 0;
    if (normal != place) {
        free(normal); /* NFC may be longer than its input */
    }
    return is_same;
}

static const char *line_fault(struct text text)
{
    return all(text, is_line_byte) && !has_hidden_line_end(text)
               ? NULL
               : "must be one line without control characters";
}

static const char *name_fault(struct text text)
{
    const char *fault = line_fault(text);
    return fault != NULL || wire_text_is_nfc(text) ? fault
                                                   : "must be in Unicode normalisation form C";
}

static bool is_key_byte(unsigned char byte)
{
    return is_alphanumeric(byte) || strchr("._:-", byte) != NULL;
}

static const char *key_fault(struct text text)
{
    return all(text, is_key_byte) ? NULL : "may only hold A-Z a-z 0-9 . _ : -";
}

static bool is_stream_byte(unsigned char byte)
{
    return is_alphanumeric(byte) || strchr("._-", byte) != NULL;
}

static const char *stream_fault(struct text text)
{
    bool is_all = text_equal(text, TEXT("*"));
    return is_all || all(text, is_stream_byte) ? NULL : "may only hold A-Z a-z 0-9 . _ -";
}

static const char *ref_fault(struct text text)
{
    return text_find(text, '@') < text.size ? "must not contain \"@\"" : name_fault(text);
}

/* Something on both sides of an "@" is an address, or will be taken for one. */
static bool has_address(struct text text)
{
    for (size_t at = 1; at + 1 < text.size; at++) {
        if (text.data[at] == '@' && text.data[at - 1] != ' ' && text.data[at + 1] != ' ') {
            return true;
        }
    }
    return false;
}

static const char *label_fault(struct text text)
{
    return has_address(text) ? "must not look like an e-mail address" : name_fault(text);
}

static const char *remark_fault(struct text text)
{
    return has_address(text) ? "must not hold an e-mail address" : line_fault(text);
}

static bool is_token_byte(unsigned char byte)
{
    return is_printable(byte) && byte != ':';
}

static const char *token_fault(struct text text)
{
    return text.size > 0 && all(text, is_token_byte)
               ? NULL
               : "may only hold printable ASCII characters other than \":\"";
}

static const char *language_fault(struct text text)
{
    struct text part;
    bool is_good = text.size > 0;
    while (is_good && text_next_part(&text, '-', &part)) {
        is_good = part.size >= 1 && part.size <= 8 && all(part, is_alphanumeric);
    }
    return is_good ? NULL : "must be a BCP 47 language tag, such as ja or en-GB";
}

static bool is_label_byte(unsigned char byte)
{
    return is_alphanumeric(byte) || byte == '-' || byte >= 0x80;
}

static bool is_domain(struct text text)
{
    bool is_good =
        text.size > 0 && text.size <= DOMAIN_BYTES_MAX && text_find(text, '.') < text.size;
    struct text part;
    while (is_good && text_next_part(&text, '.', &part)) {
        is_good = part.size > 0 && part.size <= LABEL_BYTES_MAX && part.data[0] != '-' &&
                  part.data[part.size - 1] != '-' && all(part, is_label_byte);
    }
    return is_good;
}

static const char *domain_fault(struct text text)
{
    return is_domain(text) ? NULL : "must be a domain name, such as mail.example.co.jp";
}

static bool is_list_byte(unsigned char byte)
{
    return is_alphanumeric(byte) || strchr("!#$%&'*+-/=?^_`{|}~.", byte) != NULL;
}

/* RFC 2919, 2: list-label "." list-id-namespace, dot-atom-text. */
static const char *list_id_fault(struct text text)
{
    bool is_good = text_find(text, '.') < text.size && all(text, is_list_byte);
    struct text rest = text;
    struct text part;
    while (is_good && text_next_part(&rest, '.', &part)) {
        is_good = part.size > 0;
    }
    return is_good ? NULL : "must be a list id, such as news.example.co.jp, without brackets";
}

static bool is_url_byte(unsigned char byte)
{
    return is_printable(byte) && strchr("\"<>\\^`{|}", byte) == NULL;
}

static const char *https_fault(struct text text)
{
    static const char *const fault = "must be an https URL in ASCII without user and fragment";
    struct text scheme = TEXT("https://");
    if (!text_starts_with_nocase(text, scheme) || !all(text, is_url_byte)) {
        return fault;
    }
    struct text rest = text_skip(text, scheme.size);
    struct text host = rest;
    host.size = 0;
    while (host.size < rest.size && strchr("/?#", rest.data[host.size]) == NULL) {
        host.size++;
    }
    struct text name = host;
    name.size = text_find(host, ':');
    bool is_good = is_domain(name) && all(text_skip(host, name.size + 1), is_alphanumeric) &&
                   text_find(rest, '#') == rest.size;
    return is_good ? NULL : fault;
}

static const char *mailto_fault(struct text text)
{
    struct text scheme = TEXT("mailto:");
    struct text address =
        text_starts_with_nocase(text, scheme) ? text_skip(text, scheme.size) : text;
    size_t at = text_find(address, '@');
    bool is_good = at > 0 && at + 1 < address.size && all(text, is_url_byte);
    return is_good ? NULL : "must be an address, or a mailto: URL in ASCII";
}

static bool is_media_byte(unsigned char byte)
{
    return is_alphanumeric(byte) || strchr("!#$&-^_.+", byte) != NULL;
}

static const char *media_fault(struct text text)
{
    struct text type = {text.data, text_find(text, '/')};
    struct text subtype = text_skip(text, type.size + 1);
    if (type.size == 0 || subtype.size == 0 || !all(type, is_media_byte) ||
        !all(subtype, is_media_byte)) {
        return "must be a media type, such as application/pdf";
    }
    return text_equal_nocase(type, TEXT("multipart")) || text_equal_nocase(type, TEXT("message"))
               ? "must not be a multipart or message type"
               : NULL;
}

static const char *file_fault(struct text text)
{
    return text_has_any(text, TEXT("/\\")) ? "must not contain a path separator" : line_fault(text);
}

static const char *part_fault(struct text text)
{
    return token_fault(text);
}

static bool is_id_byte(unsigned char byte)
{
    return is_alphanumeric(byte) || strchr("._-@+", byte) != NULL;
}

static const char *id_fault(struct text text)
{
    return all(text, is_id_byte) ? NULL : "may only hold letters, digits and . _ - @ +";
}

static const char *campaign_fault(struct text text)
{
    unsigned char id[16];
    return bytes_from_base32(text, id, sizeof id) == 0 ? NULL
                                                       : "must be a campaign id of 26 characters";
}

static const char *body_fault(struct text text)
{
    (void)text; /* NUL and broken UTF-8 never come this far */
    return NULL;
}

static const struct {
    const char *rule;
    const char *(*fault)(struct text text);
} classes[WIRE_TEXT_CLASSES] = {
    [WIRE_TEXT_BODY] = {"text", body_fault},
    [WIRE_TEXT_LINE] = {"one_line", line_fault},
    [WIRE_TEXT_NAME] = {"name_syntax", name_fault},
    [WIRE_TEXT_KEY] = {"key_syntax", key_fault},
    [WIRE_TEXT_REF] = {"ref_syntax", ref_fault},
    [WIRE_TEXT_LABEL] = {"label_syntax", label_fault},
    [WIRE_TEXT_REMARK] = {"remark_syntax", remark_fault},
    [WIRE_TEXT_TOKEN] = {"header_name", token_fault},
    [WIRE_TEXT_LANGUAGE] = {"language_tag", language_fault},
    [WIRE_TEXT_DOMAIN] = {"domain_syntax", domain_fault},
    [WIRE_TEXT_LIST_ID] = {"list_id_syntax", list_id_fault},
    [WIRE_TEXT_HTTPS] = {"https_url", https_fault},
    [WIRE_TEXT_MAILTO] = {"mailto_syntax", mailto_fault},
    [WIRE_TEXT_MEDIA] = {"media_type", media_fault},
    [WIRE_TEXT_FILE] = {"file_name", file_fault},
    [WIRE_TEXT_PART] = {"feedback_id_syntax", part_fault},
    [WIRE_TEXT_ID] = {"inline_id_syntax", id_fault},
    [WIRE_TEXT_CAMPAIGN] = {"campaign_id_syntax", campaign_fault},
    [WIRE_TEXT_STREAM] = {"stream_syntax", stream_fault},
};

const char *wire_text_fault(enum wire_text_class text_class, struct text text)
{
    return classes[text_class].fault(text);
}

const char *wire_text_rule(enum wire_text_class text_class)
{
    return classes[text_class].rule;
}
