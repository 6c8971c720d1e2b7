#include "common/wire/wire_content.h"

#include <string.h>

#define ATTACHMENTS_PATH "attachments"

/* Every protobuf-c struct begins with its ProtobufCMessage. */
#define AS(type, message) ((const type *)(const void *)(message))

/* Gmail refuses mail in its own name from others (G8). */
void wire_content_check_mailbox(struct wire_check *check, const ProtobufCMessage *message,
                                const struct wire_path *path)
{
    const Hikyaku__V1__Mailbox *mailbox = AS(Hikyaku__V1__Mailbox, message);
    struct text address = text_of(mailbox->address);
    struct text domain = {strrchr(mailbox->address, '@'), 0};
    bool is_from = path != NULL && path->name != NULL && strcmp(path->name, "from") == 0;
    if (domain.data == NULL || !is_from) {
        return;
    }
    domain = text_skip(address, (size_t)(domain.data - address.data) + 1);
    if (text_equal_nocase(domain, TEXT("gmail.com")) ||
        text_equal_nocase(domain, TEXT("googlemail.com"))) {
        wire_check_report(check, path, "address", "G8", "must not be a gmail.com address");
    }
}

void wire_content_check_attachment(struct wire_check *check, const ProtobufCMessage *message,
                                   const struct wire_path *path)
{
    const Hikyaku__V1__Attachment *attachment = AS(Hikyaku__V1__Attachment, message);
    if (attachment->source_case == HIKYAKU__V1__ATTACHMENT__SOURCE__NOT_SET) {
        wire_check_report(check, path, "data", "required", "the attachment has no data");
    }
}

/* Everything else in the header is ours: made from other fields, or by the signer. */
void wire_content_check_header(struct wire_check *check, const ProtobufCMessage *message,
                               const struct wire_path *path)
{
    static const char *const allowed[] = {"Importance", "Auto-Submitted", "In-Reply-To",
                                          "References"};
    struct text name = text_of(AS(Hikyaku__V1__Header, message)->name);
    bool is_allowed = text_starts_with_nocase(name, TEXT("X-")) && name.size > 2 &&
                      !text_starts_with_nocase(name, TEXT("X-Hikyaku-"));
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        is_allowed = is_allowed || text_equal_nocase(name, text_of(allowed[i]));
    }
    if (!is_allowed && name.size > 0) {
        wire_check_report(check, path, "name", "header_not_allowed",
                          "must be X-..., Importance, Auto-Submitted, In-Reply-To or References");
    }
}

void wire_content_check_headers(struct wire_check *check, Hikyaku__V1__Header *const *headers,
                                size_t count, const struct wire_path *path)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct text name = text_of(headers[i]->name);
        struct wire_path place = {path, "headers", (uint32_t)i};
        bytes += name.size + strlen(headers[i]->value);
        for (size_t k = 0; k < i; k++) {
            if (text_equal_nocase(name, text_of(headers[k]->name))) {
                wire_check_report(check, &place, "name", "doubled", "stands twice");
                break;
            }
        }
    }
    if (bytes > check->limits->headers_bytes) {
        wire_check_report(check, path, "headers", "too_large",
                          "have %zu bytes together, at most %u are allowed", bytes,
                          (unsigned int)check->limits->headers_bytes);
    }
}

void wire_content_check_unsubscribe(struct wire_check *check, const ProtobufCMessage *message,
                                    const struct wire_path *path)
{
    const Hikyaku__V1__Unsubscribe *unsubscribe = AS(Hikyaku__V1__Unsubscribe, message);
    bool is_own = unsubscribe->mode == HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL;
    bool is_ours = unsubscribe->mode == HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU;
    if (is_own && unsubscribe->url[0] == '\0') {
        wire_check_report(check, path, "url", "required", "OWN_URL needs the URL");
    }
    if (!is_own && unsubscribe->url[0] != '\0') {
        wire_check_report(check, path, "url", "excluded", "only goes with mode OWN_URL");
    }
    if (!is_own && !is_ours && unsubscribe->mailto[0] != '\0') {
        wire_check_report(check, path, "mailto", "excluded",
                          "only goes with modes OWN_URL and HIKYAKU");
    }
    if (is_ours && !check->limits->serves_unsubscribe) {
        wire_check_report(check, path, "mode", "unsubscribe_url",
                          "HIKYAKU needs unsubscribe.url in the configuration");
    }
}

void wire_content_check_variant(struct wire_check *check, const ProtobufCMessage *message,
                                const struct wire_path *path)
{
    const Hikyaku__V1__Variant *variant = AS(Hikyaku__V1__Variant, message);
    if (variant->text[0] == '\0' && variant->html[0] == '\0') {
        wire_check_report(check, path, "text", "required", "one of text and html must be there");
    }
}

/* Base64 with line ends makes 78 bytes of 57. */
static size_t encoded_size(size_t size)
{
    return (size + 56) / 57 * 78;
}

void wire_content_check_size(struct wire_check *check, size_t text_bytes,
                             Hikyaku__V1__Attachment *const *attachments, size_t count,
                             const struct wire_path *path)
{
    size_t bytes = encoded_size(text_bytes);
    for (size_t i = 0; i < count; i++) {
        if (attachments[i]->source_case == HIKYAKU__V1__ATTACHMENT__SOURCE_DATA) {
            bytes += encoded_size(attachments[i]->data.len);
        }
    }
    if (bytes > check->limits->message_bytes) {
        wire_check_report(check, path, ATTACHMENTS_PATH, "too_large",
                          "the message would have %zu bytes, at most %u are allowed", bytes,
                          (unsigned int)check->limits->message_bytes);
    }
}

void wire_content_check_shared(struct wire_check *check, const ProtobufCMessage *message,
                               const struct wire_path *path)
{
    const Hikyaku__V1__Content *content = AS(Hikyaku__V1__Content, message);
    wire_content_check_headers(check, content->headers, content->n_headers, path);
    wire_content_check_size(check, strlen(content->text) + strlen(content->html),
                            content->attachments, content->n_attachments, path);
}

void wire_content_check_campaign(struct wire_check *check, const ProtobufCMessage *message,
                                 const struct wire_path *path)
{
    const Hikyaku__V1__Content *content = AS(Hikyaku__V1__Content, message);
    if (content->subject[0] == '\0') {
        wire_check_report(check, path, "subject", "required", "must not be empty");
    }
    if (content->text[0] == '\0' && content->html[0] == '\0') {
        wire_check_report(check, path, "text", "required", "one of text and html must be there");
    }
    wire_content_check_shared(check, message, path);
}

/* Nothing said is HIKYAKU where that is served (wire_effective). */
static bool has_unsubscribe(const struct wire_check *check, const Hikyaku__V1__Content *content)
{
    Hikyaku__V1__UnsubscribeMode mode =
        content->unsubscribe == NULL ? 0 : content->unsubscribe->mode;
    return mode > HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE ||
           (mode == 0 && check->limits->serves_unsubscribe);
}

void wire_content_check_class(struct wire_check *check, Hikyaku__V1__Lane lane,
                              Hikyaku__V1__ContentClass content_class,
                              const Hikyaku__V1__Content *content, const struct wire_path *path)
{
    if (content_class != HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING) {
        return;
    }
    if (lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL) {
        wire_check_report(check, path, "lane", "L7", "ADVERTISING does not go in this lane");
    }
    if (content != NULL && !has_unsubscribe(check, content)) {
        struct wire_path place = {path, "content", WIRE_PATH_NO_INDEX};
        wire_check_report(check, &place, "unsubscribe", "G11",
                          "ADVERTISING needs a way to unsubscribe: OWN_URL, or HIKYAKU");
    }
}
