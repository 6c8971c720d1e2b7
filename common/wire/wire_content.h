/* Rules of content that look at several fields at once. Internal to this folder: rows of the
 * tables in wire_rules.c name them. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_CONTENT_H
#define HIKYAKU_COMMON_WIRE_WIRE_CONTENT_H

#include "common/wire/wire_check.h"
#include "hikyaku/v1/api.pb-c.h"

/* Each is a wire_check_cross_fn for the message in its name. */
void wire_content_check_mailbox(struct wire_check *check, const ProtobufCMessage *message,
                                const struct wire_path *path);
void wire_content_check_attachment(struct wire_check *check, const ProtobufCMessage *message,
                                   const struct wire_path *path);
void wire_content_check_header(struct wire_check *check, const ProtobufCMessage *message,
                               const struct wire_path *path);
void wire_content_check_unsubscribe(struct wire_check *check, const ProtobufCMessage *message,
                                    const struct wire_path *path);
/** A variant, whole in itself. */
void wire_content_check_variant(struct wire_check *check, const ProtobufCMessage *message,
                                const struct wire_path *path);
/** Content of a campaign: a subject and a body are there. */
void wire_content_check_campaign(struct wire_check *check, const ProtobufCMessage *message,
                                 const struct wire_path *path);
/** Content of SendMessages: each message may bring its own. */
void wire_content_check_shared(struct wire_check *check, const ProtobufCMessage *message,
                               const struct wire_path *path);

/** Headers of one message: no name twice, not too large together. */
void wire_content_check_headers(struct wire_check *check, Hikyaku__V1__Header *const *headers,
                                size_t count, const struct wire_path *path);

/** Texts and attachments of one message stay below the size of a message. */
void wire_content_check_size(struct wire_check *check, size_t text_bytes,
                             Hikyaku__V1__Attachment *const *attachments, size_t count,
                             const struct wire_path *path);

/** L1, L7, G11: what ADVERTISING excludes. @param content  NULL when it is not there */
void wire_content_check_class(struct wire_check *check, Hikyaku__V1__Lane lane,
                              Hikyaku__V1__ContentClass content_class,
                              const Hikyaku__V1__Content *content, const struct wire_path *path);

#endif
