/* From options to an open client. */
#ifndef HIKYAKU_CLI_CONNECT_H
#define HIKYAKU_CLI_CONNECT_H

#include "cli/api_client.h"
#include "cli/command.h"

/** A client and what it borrows. Start zeroed, end with connect_close(). */
struct connection {
    struct arena *arena;
    struct api_client *client;
};

/** Tells what is wrong. @return EXIT_CODE_OK, EXIT_CODE_USAGE or EXIT_CODE_BAD_FILE */
enum exit_code connect_open(const struct options *options, struct connection *ret_connection);
void connect_close(struct connection *connection);

/**
 * One call; when it fails the reason is told.
 * @param ret_result  out: to be ended by api_client_finish(), also on failure
 * @return EXIT_CODE_OK, EXIT_CODE_REFUSED or EXIT_CODE_UNREACHABLE
 */
enum exit_code connect_call(const struct connection *connection, const struct options *options,
                            enum api_method method, const ProtobufCMessage *request,
                            struct api_result *ret_result);

#endif
