/* Recipients of a file go to a campaign in chunks, several calls at once; what the server rejects
 * is written into a file for people. */
#ifndef HIKYAKU_CLI_UPLOAD_H
#define HIKYAKU_CLI_UPLOAD_H

#include "cli/connect.h"
#include "cli/recipients_file.h"

struct upload_settings {
    const char *campaign_id;
    Hikyaku__V1__OnInvalid on_invalid;
    const char *rejected_path; /* made when something is rejected */
    bool is_quiet;             /* no progress on stdout */
};

struct upload_report {
    uint64_t rows;
    uint64_t accepted;
    uint64_t duplicates;
    uint64_t rejected;
    uint64_t rejected_listed; /* in the file; the server names 1,000 per chunk */
    uint32_t chunks;
    uint32_t chunks_replayed;
};

/**
 * Tells what goes wrong.
 * @return EXIT_CODE_OK, EXIT_CODE_REFUSED, EXIT_CODE_UNREACHABLE, or EXIT_CODE_BAD_FILE when the
 *         file changed since recipients_file_look()
 */
enum exit_code upload_run(const struct connection *connection, const struct options *options,
                          const struct upload_settings *settings,
                          const struct recipients_file *file, struct upload_report *ret_report);

#endif
