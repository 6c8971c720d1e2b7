#include "common/wire/wire_approve.h"

#include "common/wire/wire_check.h"
#include "hikyaku/v1/api.pb-c.h"

#define AS(type, message) ((const type *)(const void *)(message))
#define SET(rules_table, cross_check)                                                \
    {                                                                                \
        (rules_table), sizeof(rules_table) / sizeof((rules_table)[0]), (cross_check) \
    }
#define REQUIRED WIRE_RULE_REQUIRED
#define CAMPAIGN_ID                                                      \
    {                                                                    \
        .number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_CAMPAIGN \
    }
#define DIGEST_BYTES 32

static void check_digest(struct wire_check *check, const ProtobufCBinaryData *digest,
                         const struct wire_path *path)
{
    if (digest->len != 0 && digest->len != DIGEST_BYTES) {
        wire_check_report(check, path, "digest", "digest", "has %zu bytes, not %d", digest->len,
                          DIGEST_BYTES);
    }
}

static void check_approve(struct wire_check *check, const ProtobufCMessage *message,
                          const struct wire_path *path)
{
    check_digest(check, &AS(Hikyaku__V1__ApproveCampaignRequest, message)->digest, path);
}

static void check_reject(struct wire_check *check, const ProtobufCMessage *message,
                         const struct wire_path *path)
{
    check_digest(check, &AS(Hikyaku__V1__RejectCampaignRequest, message)->digest, path);
}

static const struct wire_rule approve_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .flags = REQUIRED},
    {.number = 3, .text_class = WIRE_TEXT_REMARK, .max = 500},
};
static const struct wire_rule_set approve_set = SET(approve_rules, check_approve);
static const struct wire_rule reject_rules[] = {
    CAMPAIGN_ID,
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_REMARK, .max = 500},
    {.number = 3},
};
static const struct wire_rule_set reject_set = SET(reject_rules, check_reject);

static const struct {
    const ProtobufCMessageDescriptor *message;
    const struct wire_rule_set *set;
} calls[] = {
    {&hikyaku__v1__approve_campaign_request__descriptor, &approve_set},
    {&hikyaku__v1__reject_campaign_request__descriptor, &reject_set},
};

const struct wire_rule_set *wire_approve_find(const ProtobufCMessageDescriptor *request)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].message == request) {
            return calls[i].set;
        }
    }
    return NULL;
}
