/* Strings of this program in messages of the API. */
#ifndef HIKYAKU_CLI_MESSAGE_STRING_H
#define HIKYAKU_CLI_MESSAGE_STRING_H

/**
 * A string as the field of a message: protobuf-c's are char *, though packing only reads them.
 *
 * @param string  borrowed, as long as the message is used; may be NULL
 * @return `string` itself, "" for NULL; never written to, never freed
 */
char *message_string(const char *string);

#endif
