/* Commands that are one call: connect, ask, print the answer. */
#ifndef HIKYAKU_CLI_COMMANDS_SINGLE_CALL_H
#define HIKYAKU_CLI_COMMANDS_SINGLE_CALL_H

#include "cli/api_client.h"
#include "cli/command.h"

/** @callback once, without --json, after a call that succeeded; the response ends with it */
typedef void single_call_print_fn(const ProtobufCMessage *response, const void *context);

/**
 * Ask the cluster once. With --json the answer is printed as it is, without it by `print`.
 *
 * @param request  borrowed
 * @param context  borrowed, for `print`; may be NULL
 * @return EXIT_CODE_OK, or what connect_open() and connect_call() return; the reason is told
 */
enum exit_code single_call_run(const struct options *options, enum api_method method,
                               const ProtobufCMessage *request, single_call_print_fn *print,
                               const void *context);

#endif
