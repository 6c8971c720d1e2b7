#include "worker/smtp/smtp_message.h"

#include "common/mail/enhanced_code.h"

#include <stdio.h>

#define PATH_MAX_BYTES 254 /* RFC 5321, 4.5.3.1.3: 256 with the brackets */

/* A command holds no control character whatever was checked before: nobody speaks through an
 * address (S15). */
static bool is_path(struct text path)
{
    for (size_t i = 0; i < path.size; i++) {
        unsigned char byte = (unsigned char)path.data[i];
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return path.size <= PATH_MAX_BYTES;
}

enum smtp_failure smtp_message_check(const struct smtp_message *message,
                                     const struct smtp_capabilities *capabilities,
                                     uint32_t *ret_enhanced)
{
    if (!is_path(message->sender) || !is_path(message->recipient) || message->recipient.size == 0) {
        *ret_enhanced = ENHANCED_CODE(5, 1, 3);
        return SMTP_FAILURE_MALFORMED_MESSAGE;
    }
    if (capabilities->size_bytes > 0 && message->size_bytes > capabilities->size_bytes) {
        *ret_enhanced = ENHANCED_CODE(5, 3, 4);
        return SMTP_FAILURE_MESSAGE_TOO_BIG;
    }
    if (message->needs_smtputf8 && !(capabilities->has_smtputf8 && capabilities->has_8bitmime)) {
        *ret_enhanced = ENHANCED_CODE(5, 6, 7);
        return SMTP_FAILURE_NO_SMTPUTF8;
    }
    if (message->is_8bit && !capabilities->has_8bitmime) {
        *ret_enhanced = ENHANCED_CODE(5, 6, 3);
        return SMTP_FAILURE_NO_8BITMIME;
    }
    return SMTP_FAILURE_NONE;
}

void smtp_message_append_mail(const struct smtp_message *message,
                              const struct smtp_capabilities *capabilities, struct buffer *output)
{
    buffer_append_text(output, TEXT("MAIL FROM:<"));
    buffer_append_text(output, message->sender);
    buffer_append_text(output, TEXT(">"));
    if (capabilities->has_size) {
        char size[32];
        int length = snprintf(size, sizeof size, " SIZE=%zu", message->size_bytes);
        buffer_append(output, size, (size_t)length);
    }
    if (message->is_8bit || message->needs_smtputf8) {
        buffer_append_text(output, TEXT(" BODY=8BITMIME"));
    }
    if (message->needs_smtputf8) {
        buffer_append_text(output, TEXT(" SMTPUTF8"));
    }
    buffer_append_text(output, TEXT("\r\n"));
}

void smtp_message_append_rcpt(const struct smtp_message *message, struct buffer *output)
{
    buffer_append_text(output, TEXT("RCPT TO:<"));
    buffer_append_text(output, message->recipient);
    buffer_append_text(output, TEXT(">\r\n"));
}
