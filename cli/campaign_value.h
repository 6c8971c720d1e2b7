/* Values of a campaign file: one scalar, mailbox or attachment into one field. Internal to
 * campaign_file. */
#ifndef HIKYAKU_CLI_CAMPAIGN_VALUE_H
#define HIKYAKU_CLI_CAMPAIGN_VALUE_H

#include "cli/campaign_file.h"

/** Where we are in the file, and what reading needs. A chain on the stack. */
struct campaign_value_place {
    struct arena *arena;
    struct config_errors *errors;
    const struct campaign_file_loader *loader;
    const struct campaign_value_place *parent; /* NULL at the top */
    struct text name;                          /* key; of a list's item empty */
    unsigned int index;                        /* of a list's item */
    bool is_list;
};

/** "attachments[1].data" in the arena. @param name  one more key below `place`, or empty */
const char *campaign_value_path(const struct campaign_value_place *place, struct text name);

/** Note a mistake at `node`. @return -EINVAL */
int campaign_value_refuse(const struct campaign_value_place *place, const struct config_node *node,
                          const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** One value that is no message, into the field's place. @return 0 or -EINVAL */
MUST_USE int campaign_value_read(const struct campaign_value_place *place,
                                 const struct config_node *node,
                                 const ProtobufCFieldDescriptor *field, void *value);

/** "Name <address>". @return 0 or -EINVAL */
MUST_USE int campaign_value_mailbox(const struct campaign_value_place *place,
                                    const struct config_node *node, Hikyaku__V1__Mailbox *mailbox);

/** A text "file:PATH", or a map that has been filled in: name and media type follow from the
 *  path where they are not given. @return 0 or -EINVAL */
MUST_USE int campaign_value_attachment(const struct campaign_value_place *place,
                                       const struct config_node *node,
                                       Hikyaku__V1__Attachment *attachment);

#endif
