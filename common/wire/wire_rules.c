#include "common/wire/wire_rules.h"

#include "common/wire/wire_approve.h"
#include "common/wire/wire_check.h"
#include "common/wire/wire_content.h"
#include "common/wire/wire_operate.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define AS(type, message) ((const type *)(const void *)(message))
#define LIMIT(member) WIRE_RULE_LIMIT(member)
#define SET(rules_table, cross_check)                                                \
    {                                                                                \
        (rules_table), sizeof(rules_table) / sizeof((rules_table)[0]), (cross_check) \
    }

#define REQUIRED WIRE_RULE_REQUIRED
#define CHARACTERS WIRE_RULE_CHARACTERS
#define SUBJECT_BYTES 4096 /* a template: its rendered form is held against 998 */
#define LANGUAGE_BYTES 35  /* RFC 5646, 4.4.1 */
#define ROWS_MAX (16384U * 4096U)
#define DAY_MS INT64_C(86400000)
#define RESOLVE_AFTER_MAX_S (30U * 86400U) /* rows live so long */

/* ---------------------------------------------------------------- content */

static const struct wire_rule mailbox_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .min = 3, .max = 254},
    {.number = 2, .flags = CHARACTERS, .text_class = WIRE_TEXT_LINE, .max = 128},
};
static const struct wire_rule_set mailbox_set = SET(mailbox_rules, wire_content_check_mailbox);

static const struct wire_rule return_path_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_DOMAIN, .max = 253},
};
static const struct wire_rule_set return_path_set = SET(return_path_rules, NULL);

static const struct wire_rule variant_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_LINE, .max = SUBJECT_BYTES},
    {.number = 2, .max_limit = LIMIT(template_bytes)},
    {.number = 3, .max_limit = LIMIT(template_bytes)},
};
static const struct wire_rule_set variant_set = SET(variant_rules, wire_content_check_variant);

static const struct wire_rule variants_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LANGUAGE, .max = LANGUAGE_BYTES},
    {.number = 2, .flags = REQUIRED, .nested = &variant_set},
};
static const struct wire_rule_set variants_set = SET(variants_rules, NULL);

static const struct wire_rule attachment_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_FILE, .max = 255},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_MEDIA, .max = 127},
    {.number = 3, .text_class = WIRE_TEXT_ID, .max = 128},
    {.number = 4, .flags = REQUIRED, .max_limit = LIMIT(attachment_bytes)},
};
static const struct wire_rule_set attachment_set =
    SET(attachment_rules, wire_content_check_attachment);

static const struct wire_rule header_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_TOKEN, .max = 76},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 998},
};
static const struct wire_rule_set header_set = SET(header_rules, wire_content_check_header);

/* With its token the URL stands on one line of the header, which cannot be folded there (S14): the
 * composer takes 900 bytes. */
static const struct wire_rule unsubscribe_rules[] = {
    {.number = 2, .text_class = WIRE_TEXT_HTTPS, .max = 700},
    {.number = 3, .text_class = WIRE_TEXT_MAILTO, .max = 512},
};
static const struct wire_rule_set unsubscribe_set =
    SET(unsubscribe_rules, wire_content_check_unsubscribe);

static const struct wire_rule content_rules[] = {
    {.number = 1, .flags = REQUIRED, .nested = &mailbox_set},
    {.number = 2, .entries = 3, .nested = &mailbox_set},
    {.number = 3, .nested = &return_path_set},
    {.number = 4, .text_class = WIRE_TEXT_LINE, .max = SUBJECT_BYTES},
    {.number = 5, .max_limit = LIMIT(template_bytes)},
    {.number = 6, .max_limit = LIMIT(template_bytes)},
    {.number = 7,
     .flags = WIRE_RULE_MAP,
     .entries_limit = LIMIT(variants),
     .nested = &variants_set},
    {.number = 8, .max_limit = LIMIT(default_fields_bytes)},
    {.number = 11, .entries_limit = LIMIT(attachments), .nested = &attachment_set},
    {.number = 12, .entries_limit = LIMIT(headers), .nested = &header_set},
    {.number = 13, .text_class = WIRE_TEXT_LIST_ID, .max = 255},
    {.number = 14, .nested = &unsubscribe_set},
    {.number = 15, .text_class = WIRE_TEXT_STREAM, .max = 64},
    {.number = 16, .text_class = WIRE_TEXT_PART, .min = 1, .max = 64, .entries = 3},
};
static const struct wire_rule_set content_set = SET(content_rules, wire_content_check_campaign);
static const struct wire_rule_set shared_content_set =
    SET(content_rules, wire_content_check_shared);

static const struct wire_rule labels_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 128},
};
static const struct wire_rule_set labels_set = SET(labels_rules, NULL);

/* Messages whose only rules are those of wire_not_yet. */
static const struct wire_rule_set plain_set = {NULL, 0, NULL};

static const struct wire_rule uncertain_rules[] = {
    {.number = 2, .max = RESOLVE_AFTER_MAX_S},
};
static const struct wire_rule_set uncertain_set = SET(uncertain_rules, NULL);

static void check_canary(struct wire_check *check, const ProtobufCMessage *message,
                         const struct wire_path *path)
{
    const Hikyaku__V1__Canary *canary = AS(Hikyaku__V1__Canary, message);
    if (canary->count > 0 && canary->wait_s == 0) {
        wire_check_report(check, path, "wait_s", "required", "must be set: how long to wait");
    }
    if (canary->count == 0 && (canary->wait_s > 0 || canary->max_bounce_permille > 0)) {
        wire_check_report(check, path, "count", "required", "must be set: how many go first");
    }
}

static const struct wire_rule canary_rules[] = {
    {.number = 1, .max = WIRE_RULES_CANARY_MAX},
    {.number = 2, .max = 86400},
    {.number = 3, .max = 1000},
};
static const struct wire_rule_set canary_set = SET(canary_rules, check_canary);

/* Clocks and zones are held against tzdata by the API. */
static const struct wire_rule window_rules[] = {
    {.number = 1, .min = 1, .entries = 7},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 5},
    {.number = 3, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 5},
    {.number = 4, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 64},
};
static const struct wire_rule_set window_set = SET(window_rules, NULL);

/* ---------------------------------------------------------------- campaigns */

static void check_create(struct wire_check *check, const ProtobufCMessage *message,
                         const struct wire_path *path)
{
    const Hikyaku__V1__CreateCampaignRequest *request =
        AS(Hikyaku__V1__CreateCampaignRequest, message);
    wire_content_check_class(check, request->lane, request->content_class, request->content, path);
}

#define CREATE_NAMING 2 /* rules at the head that a draft to preview need not keep */
static const struct wire_rule create_rules[] = {
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 128},
    {.number = 3, .flags = REQUIRED | CHARACTERS, .text_class = WIRE_TEXT_NAME, .max = 200},
    {.number = 1, .max = ROWS_MAX},
    {.number = 4, .flags = WIRE_RULE_MAP, .entries_limit = LIMIT(labels), .nested = &labels_set},
    {.number = 6, .flags = REQUIRED},
    {.number = 9, .text_class = WIRE_TEXT_KEY, .max = 64},
    {.number = 10, .flags = REQUIRED, .nested = &content_set},
    {.number = 11},
    {.number = 12,
     .min_limit = LIMIT(campaign_expires_min_s),
     .max_limit = LIMIT(campaign_expires_max_s)},
    {.number = 13, .entries = 14, .nested = &window_set},
    {.number = 15, .nested = &canary_set},
    {.number = 16, .nested = &uncertain_set},
};
static const struct wire_rule_set create_set = SET(create_rules, check_create);
static const struct wire_rule_set draft_set = {
    create_rules + CREATE_NAMING, sizeof create_rules / sizeof create_rules[0] - CREATE_NAMING,
    check_create};

#define CAMPAIGN_ID                                                      \
    {                                                                    \
        .number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_CAMPAIGN \
    }
#define REASON                                                  \
    {                                                           \
        .number = 2, .text_class = WIRE_TEXT_REMARK, .max = 500 \
    }

static const struct wire_rule consent_rules[] = {
    {.number = 2},
    {.number = 3, .text_class = WIRE_TEXT_LINE, .max = 128},
    {.number = 4, .text_class = WIRE_TEXT_NAME, .max = 128},
};
static const struct wire_rule_set consent_set = SET(consent_rules, NULL);

static void check_recipient(struct wire_check *check, const ProtobufCMessage *message,
                            const struct wire_path *path)
{
    const Hikyaku__V1__Recipient *recipient = AS(Hikyaku__V1__Recipient, message);
    if (recipient->n_headers > 0) {
        wire_content_check_headers(check, recipient->headers, recipient->n_headers, path);
    }
}

static const struct wire_rule recipient_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 254},
    {.number = 2, .flags = CHARACTERS, .text_class = WIRE_TEXT_LINE, .max = 128},
    {.number = 3, .text_class = WIRE_TEXT_REF, .max = 64},
    {.number = 4, .max_limit = LIMIT(recipient_fields_bytes)},
    {.number = 5, .text_class = WIRE_TEXT_LANGUAGE, .max = LANGUAGE_BYTES},
    {.number = 6, .entries_limit = LIMIT(recipient_headers), .nested = &header_set},
    {.number = 9, .nested = &consent_set},
};
static const struct wire_rule_set recipient_set = SET(recipient_rules, check_recipient);

/* The whole call is refused only for what would be ignored in silence. */
static void check_recipients_not_yet(struct wire_check *check, const ProtobufCMessage *message,
                                     const struct wire_path *path)
{
    const Hikyaku__V1__AddRecipientsRequest *request =
        AS(Hikyaku__V1__AddRecipientsRequest, message);
    for (size_t i = 0; i < request->n_recipients; i++) {
        const Hikyaku__V1__Recipient *recipient = request->recipients[i];
        struct wire_path place = {path, "recipients", (uint32_t)i};
        if (recipient->seed != 0 || recipient->n_attachments > 0) {
            wire_check_message(check, &recipient->base, &plain_set, &place);
        }
    }
}

static const struct wire_rule add_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .max = 16383},
    {.number = 3, .flags = REQUIRED | WIRE_RULE_SKIP, .entries = 4096},
};
static const struct wire_rule_set add_set = SET(add_rules, check_recipients_not_yet);

static const struct wire_rule submit_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .max = ROWS_MAX},
    {.number = 3, .max = 1000},
};
static const struct wire_rule_set submit_set = SET(submit_rules, NULL);

static const struct wire_rule campaign_id_rules[] = {CAMPAIGN_ID};
static const struct wire_rule_set campaign_id_set = SET(campaign_id_rules, NULL);
static const struct wire_rule reasoned_rules[] = {CAMPAIGN_ID, REASON};
static const struct wire_rule_set reasoned_set = SET(reasoned_rules, NULL);

static void check_list(struct wire_check *check, const ProtobufCMessage *message,
                       const struct wire_path *path)
{
    const Hikyaku__V1__ListCampaignsRequest *request =
        AS(Hikyaku__V1__ListCampaignsRequest, message);
    if (request->created_to_unix_ms != 0 &&
        request->created_to_unix_ms < request->created_from_unix_ms) {
        wire_check_report(check, path, "created_to_unix_ms", "out_of_range",
                          "lies before created_from_unix_ms");
    }
    if (request->label_value[0] != '\0' && request->label_name[0] == '\0') {
        wire_check_report(check, path, "label_name", "required", "label_value needs it");
    }
}

static const struct wire_rule list_rules[] = {
    {.number = 1, .min = 1, .entries = 20},
    {.number = 2, .text_class = WIRE_TEXT_LINE, .max = 64},
    {.number = 3, .text_class = WIRE_TEXT_LINE, .max = 128},
    {.number = 4},
    {.number = 5},
    {.number = 6, .max = 200},
    {.number = 7, .text_class = WIRE_TEXT_LINE, .max = 512},
};
static const struct wire_rule_set list_set = SET(list_rules, check_list);

static void check_preview(struct wire_check *check, const ProtobufCMessage *message,
                          const struct wire_path *path)
{
    if (AS(Hikyaku__V1__PreviewMessageRequest, message)->source_case ==
        HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE__NOT_SET) {
        wire_check_report(check, path, "campaign_id", "required",
                          "one of campaign_id and draft must be set");
    }
}

static const struct wire_rule preview_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .flags = REQUIRED, .nested = &draft_set},
    {.number = 3, .flags = REQUIRED, .nested = &recipient_set},
};
static const struct wire_rule_set preview_set = SET(preview_rules, check_preview);

static void check_find(struct wire_check *check, const ProtobufCMessage *message,
                       const struct wire_path *path)
{
    const Hikyaku__V1__FindRecipientsRequest *request =
        AS(Hikyaku__V1__FindRecipientsRequest, message);
    if (request->by_case == HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY__NOT_SET) {
        wire_check_report(check, path, "ref", "required", "one of ref and message_id must be set");
    }
    if (request->by_case == HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY_REF &&
        request->campaign_id[0] == '\0') {
        wire_check_report(check, path, "campaign_id", "required", "must be set to look for a ref");
    }
}

static const struct wire_rule find_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_REF, .max = 64},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 320},
    {.number = 3, .text_class = WIRE_TEXT_CAMPAIGN},
    {.number = 4, .max = 100},
};
static const struct wire_rule_set find_set = SET(find_rules, check_find);

static const struct wire_rule list_uncertain_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_CAMPAIGN},
    {.number = 2, .max = 1000},
    {.number = 3, .text_class = WIRE_TEXT_LINE, .max = 512},
};
static const struct wire_rule_set list_uncertain_set = SET(list_uncertain_rules, NULL);

static void check_resolve(struct wire_check *check, const ProtobufCMessage *message,
                          const struct wire_path *path)
{
    const Hikyaku__V1__ResolveUncertainRequest *request =
        AS(Hikyaku__V1__ResolveUncertainRequest, message);
    if (request->all == (request->n_indexes > 0)) {
        wire_check_report(check, path, "indexes", "required",
                          "give either indexes or all, and not both");
    }
}

static const struct wire_rule resolve_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .max = ROWS_MAX - 1, .entries = 1000},
    {.number = 4, .flags = REQUIRED},
    {.number = 5, .text_class = WIRE_TEXT_REMARK, .max = 500},
};
static const struct wire_rule_set resolve_set = SET(resolve_rules, check_resolve);

static void check_quarantine(struct wire_check *check, const ProtobufCMessage *message,
                             const struct wire_path *path)
{
    const Hikyaku__V1__ResolveQuarantineRequest *request =
        AS(Hikyaku__V1__ResolveQuarantineRequest, message);
    bool names_any = request->all || request->n_indexes > 0;
    if ((request->all && request->n_indexes > 0) || (!names_any && !request->campaign)) {
        wire_check_report(check, path, "indexes", "required",
                          "give indexes, or all, or campaign, and not both of the first two");
    }
    if (request->campaign && request->as != HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_RELEASE) {
        wire_check_report(check, path, "as", "release", "a campaign can only be released");
    }
}

static const struct wire_rule quarantine_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .max = ROWS_MAX - 1, .entries = 1000},
    {.number = 4, .flags = REQUIRED},
    {.number = 5, .text_class = WIRE_TEXT_REMARK, .max = 500},
};
static const struct wire_rule_set quarantine_set = SET(quarantine_rules, check_quarantine);

/* ---------------------------------------------------------------- messages, events, fleet */

static void check_item(struct wire_check *check, const ProtobufCMessage *message,
                       const struct wire_path *path)
{
    const Hikyaku__V1__MessageItem *item = AS(Hikyaku__V1__MessageItem, message);
    wire_content_check_headers(check, item->headers, item->n_headers, path);
    wire_content_check_size(check, strlen(item->text) + strlen(item->html), item->attachments,
                            item->n_attachments, path);
}

static const struct wire_rule item_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 128},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 254},
    {.number = 3, .flags = CHARACTERS, .text_class = WIRE_TEXT_LINE, .max = 128},
    {.number = 4, .nested = &mailbox_set},
    {.number = 5, .entries = 3, .nested = &mailbox_set},
    {.number = 6, .max_limit = LIMIT(recipient_fields_bytes)},
    {.number = 7, .entries_limit = LIMIT(recipient_headers), .nested = &header_set},
    {.number = 8, .entries_limit = LIMIT(attachments), .nested = &attachment_set},
    {.number = 9, .flags = WIRE_RULE_MAP, .entries_limit = LIMIT(labels), .nested = &labels_set},
    {.number = 10, .text_class = WIRE_TEXT_REF, .max = 64},
    {.number = 11, .text_class = WIRE_TEXT_LANGUAGE, .max = LANGUAGE_BYTES},
    {.number = 12, .text_class = WIRE_TEXT_LINE, .max = SUBJECT_BYTES},
    {.number = 13, .max_limit = LIMIT(template_bytes)},
    {.number = 14, .max_limit = LIMIT(template_bytes)},
};
static const struct wire_rule_set item_set = SET(item_rules, check_item);

static void check_send(struct wire_check *check, const ProtobufCMessage *message,
                       const struct wire_path *path)
{
    const Hikyaku__V1__SendMessagesRequest *request = AS(Hikyaku__V1__SendMessagesRequest, message);
    bool has_content = request->what_case == HIKYAKU__V1__SEND_MESSAGES_REQUEST__WHAT_CONTENT;
    Hikyaku__V1__Lane lane =
        request->lane != 0 ? request->lane : HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    if (request->what_case == HIKYAKU__V1__SEND_MESSAGES_REQUEST__WHAT__NOT_SET) {
        wire_check_report(check, path, "content", "required", "must be set");
    }
    wire_content_check_class(check, lane, request->content_class,
                             has_content ? request->content : NULL, path);
}

static const struct wire_rule send_rules[] = {
    {.number = 1, .flags = REQUIRED, .nested = &shared_content_set},
    {.number = 3, .flags = REQUIRED | WIRE_RULE_SKIP, .entries_limit = LIMIT(messages)},
    {.number = 4},
    {.number = 5,
     .min_limit = LIMIT(message_expires_min_s),
     .max_limit = LIMIT(message_expires_max_s)},
    {.number = 7, .flags = REQUIRED},
    {.number = 9, .text_class = WIRE_TEXT_KEY, .max = 64},
    {.number = 11, .nested = &uncertain_set},
    {.number = 14, .flags = WIRE_RULE_MAP, .entries_limit = LIMIT(labels), .nested = &labels_set},
};
static const struct wire_rule_set send_set = SET(send_rules, check_send);

static const struct wire_rule filter_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_CAMPAIGN, .min = 1, .entries = 100},
    {.number = 2, .min = 1, .entries = 32},
    {.number = 3, .text_class = WIRE_TEXT_LINE, .max = 64},
    {.number = 4, .text_class = WIRE_TEXT_LINE, .max = 128},
};
static const struct wire_rule_set filter_set = SET(filter_rules, NULL);

static const struct wire_rule read_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_LINE, .max = 4096},
    {.number = 2, .max = 5000},
    {.number = 3, .max = 30000},
    {.number = 4, .nested = &filter_set},
};
static const struct wire_rule_set read_set = SET(read_rules, NULL);

static const struct {
    const ProtobufCMessageDescriptor *message;
    const struct wire_rule_set *set;
} calls[] = {
    {&hikyaku__v1__create_campaign_request__descriptor, &create_set},
    {&hikyaku__v1__add_recipients_request__descriptor, &add_set},
    {&hikyaku__v1__submit_campaign_request__descriptor, &submit_set},
    {&hikyaku__v1__get_campaign_request__descriptor, &campaign_id_set},
    {&hikyaku__v1__list_campaigns_request__descriptor, &list_set},
    {&hikyaku__v1__pause_campaign_request__descriptor, &reasoned_set},
    {&hikyaku__v1__resume_campaign_request__descriptor, &campaign_id_set},
    {&hikyaku__v1__cancel_campaign_request__descriptor, &reasoned_set},
    {&hikyaku__v1__preview_message_request__descriptor, &preview_set},
    {&hikyaku__v1__find_recipients_request__descriptor, &find_set},
    {&hikyaku__v1__list_uncertain_request__descriptor, &list_uncertain_set},
    {&hikyaku__v1__resolve_uncertain_request__descriptor, &resolve_set},
    {&hikyaku__v1__list_quarantine_request__descriptor, &list_uncertain_set},
    {&hikyaku__v1__resolve_quarantine_request__descriptor, &quarantine_set},
    {&hikyaku__v1__send_messages_request__descriptor, &send_set},
    {&hikyaku__v1__read_events_request__descriptor, &read_set},
};

int wire_rules_check(const ProtobufCMessage *request, const struct wire_limits *limits,
                     struct problem_list *problems)
{
    struct wire_check check = {.limits = limits, .list = problems};
    const struct wire_rule_set *set = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].message == request->descriptor) {
            set = calls[i].set;
        }
    }
    set = set == NULL ? wire_operate_find(request->descriptor) : set;
    set = set == NULL ? wire_approve_find(request->descriptor) : set;
    assert(set != NULL); /* only requests of api.proto come here */
    wire_check_message(&check, request, set, NULL);
    return check.found == 0 ? 0 : -EINVAL;
}

int wire_rules_recipient(const Hikyaku__V1__Recipient *recipient, const struct wire_limits *limits,
                         struct problem *problem)
{
    struct wire_check check = {.limits = limits, .first = problem};
    wire_check_message(&check, &recipient->base, &recipient_set, NULL);
    return check.found == 0 ? 0 : -EINVAL;
}

int wire_rules_message(const Hikyaku__V1__MessageItem *item, const struct wire_limits *limits,
                       struct problem *problem)
{
    struct wire_check check = {.limits = limits, .first = problem};
    wire_check_message(&check, &item->base, &item_set, NULL);
    return check.found == 0 ? 0 : -EINVAL;
}

int wire_rules_schedule(int64_t scheduled_at_unix_ms, int64_t now_unix_ms, uint32_t days,
                        struct problem *problem)
{
    if (scheduled_at_unix_ms == 0) {
        return 0;
    }
    if (scheduled_at_unix_ms < now_unix_ms) {
        problem_set(problem, "scheduled_at_unix_ms", "out_of_range", "lies in the past");
        return -EINVAL;
    }
    if (scheduled_at_unix_ms - now_unix_ms > (int64_t)days * DAY_MS) {
        problem_set(problem, "scheduled_at_unix_ms", "out_of_range", "lies more than %u days ahead",
                    (unsigned int)days);
        return -EINVAL;
    }
    return 0;
}
