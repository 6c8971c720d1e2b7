/* From the protocol's Content to what compose.h prepares: the coordinator checks with it, workers
 * compose with it, previews show it. One place, so that they cannot differ. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_CONTENT_H
#define HIKYAKU_COMMON_MAIL_CONTENT_H

#include "common/mail/compose.h"
#include "hikyaku/v1/api.pb-c.h"

/** What does not stand in the content. */
struct content_options {
    const char *sender_id;      /* borrowed; the tenant's (G18); "" leaves Feedback-ID out */
    size_t message_limit_bytes; /* 0: COMPOSE_MESSAGE_BYTES_MAX */
};

/** Can it be prepared alone? Content of SendMessages may leave its body to the messages. */
bool content_is_whole(const Hikyaku__V1__Content *content);

/**
 * Prepare the content of a campaign or of a container.
 * @return 0; -EINVAL or -EMSGSIZE as compose_prepare(); fields are relative to the content
 */
MUST_USE int content_prepare(const Hikyaku__V1__Content *content,
                             const struct content_options *options,
                             struct compose_prepared **ret_prepared, struct problem *problem);

/** Does a message of SendMessages bring From, Reply-To, attachments or texts of its own? Its
 *  headers do not count: they belong to its recipient. */
bool content_is_overridden(const Hikyaku__V1__MessageItem *item);

/**
 * Prepare what one message is composed with. A body of its own takes the place of the container's
 * texts in all languages; a subject alone that of all subjects.
 *
 * @param container  prepared from `content`, lends its attachments and must live longer; NULL: the
 *                   content is not whole
 * @return as content_prepare(); fields are relative to the message
 */
MUST_USE int content_prepare_message(const Hikyaku__V1__Content *content,
                                     const Hikyaku__V1__MessageItem *item,
                                     const struct content_options *options,
                                     const struct compose_prepared *container,
                                     struct compose_prepared **ret_prepared,
                                     struct problem *problem);

#endif
