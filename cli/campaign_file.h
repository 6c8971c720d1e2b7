/* A campaign as an operator writes it: a YAML file becomes a CreateCampaignRequest.
 *
 * Keys are the fields of the request and of its content, all at the top, by their names in
 * api.proto; enums by their words (BULK). What is easier in a file than in protobuf:
 *   from: 感謝祭事務局 <news@shop.example.jp>      a mailbox as one line
 *   text: file:spring.txt                          a body from a file beside this one
 *   attachments: [file:catalog.pdf]                name and media type follow from the file's name
 *   default_fields: {name: お客}                  a map instead of JSON in a text
 *   scheduled_at_unix_ms: 2026-11-28T09:00+09:00   a time instead of a number
 *   expires_after_s: 3d                            a length of time instead of seconds */
#ifndef HIKYAKU_CLI_CAMPAIGN_FILE_H
#define HIKYAKU_CLI_CAMPAIGN_FILE_H

#include "common/config/config_node.h"
#include "hikyaku/v1/api.pb-c.h"

/**
 * Gets what "file:PATH" names.
 * @param ret_content  out: lives in `arena`
 * @return 0 or -Exxx with a problem
 */
typedef int campaign_file_load_fn(void *context, struct text path, struct arena *arena,
                                  struct text *ret_content, struct problem *problem);

struct campaign_file_loader {
    campaign_file_load_fn *load;
    void *context;
};

struct campaign_file {
    Hikyaku__V1__CreateCampaignRequest *request; /* in the arena */
    const struct config_node *root;              /* in the arena */
};

/**
 * Pure but for the loader. Mistakes of shape only: whether the values make a campaign is the
 * server's to say (campaign_file_place() finds the line of its answer).
 *
 * @param errors  every mistake found is added with its line
 * @return 0 or -EINVAL
 */
MUST_USE int campaign_file_parse(struct text yaml, const struct campaign_file_loader *loader,
                                 struct arena *arena, struct config_errors *errors,
                                 struct campaign_file *ret_file);

/** Read a file; "file:" paths start at its folder. @return 0, or -Exxx (see errors) */
MUST_USE int campaign_file_read(const char *path, struct arena *arena, struct config_errors *errors,
                                struct campaign_file *ret_file);

/**
 * Where the file says what the server calls `field` ("content.from.address").
 * @param ret_place  out: the nearest place there is; untouched when there is none
 * @return true when at least the first part of the path stands in the file
 */
bool campaign_file_place(const struct campaign_file *file, struct text field,
                         struct config_place *ret_place);

/** "Name <address>" or "address", as `from:` takes it. @return 0 or -EINVAL (brackets) */
MUST_USE int campaign_file_mailbox(struct text text, struct arena *arena,
                                   Hikyaku__V1__Mailbox *ret_mailbox);

#endif
