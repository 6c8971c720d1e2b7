/* What people are told on stderr: one line each, "hikyaku: ..." in front. */
#ifndef HIKYAKU_CLI_TELL_H
#define HIKYAKU_CLI_TELL_H

#include "cli/api_client.h"
#include "cli/campaign_file.h"
#include "cli/command.h"

void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** "hikyaku: FIELD: sentence". */
void tell_problem(const struct problem *problem);

/** All mistakes of a file. @return EXIT_CODE_BAD_FILE */
enum exit_code tell_file(const struct config_errors *errors);

/** A call that did not succeed; with --json also as an object on stdout.
 *  @return EXIT_CODE_REFUSED or EXIT_CODE_UNREACHABLE */
enum exit_code tell_result(const struct options *options, const struct api_result *result);

/** A campaign file that the server refused: its problems at the lines that they speak of.
 *  @return as tell_result() */
enum exit_code tell_campaign(const struct options *options, const char *path,
                             const struct campaign_file *campaign, const struct api_result *result);

/** Print on stdout and flush: what follows may take long. Whoever closed the other end wants no
 *  more: that ends the program, as SIGPIPE does. */
void tell_out(const struct buffer *out);
/** Print a message as one JSON object and a line end. */
void tell_json(const ProtobufCMessage *message);

#endif
