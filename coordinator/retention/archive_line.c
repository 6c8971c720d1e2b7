#include "coordinator/retention/archive_line.h"

#include "common/base/json_write.h"
#include "common/mail/enhanced_code.h"
#include "common/policy/reply_class.h"
#include "common/security/identity.h"
#include "hikyaku/v1/api.pb-c.h"

#include <inttypes.h>

static void add_text(struct buffer *out, const char *name, struct text value)
{
    buffer_printf(out, ",\"%s\":", name);
    json_write_string(out, value);
}

static void add_number(struct buffer *out, const char *name, int64_t value)
{
    buffer_printf(out, ",\"%s\":%" PRId64, name, value);
}

static void add_label(struct buffer *out, size_t nth, struct text name, struct text value)
{
    buffer_append_string(out, nth == 0 ? ",\"labels\":{" : ",");
    json_write_string(out, name);
    buffer_append_byte(out, ':');
    json_write_string(out, value);
}

static const char *state_name(uint8_t state)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&hikyaku__v1__campaign_state__descriptor, state);
    return value == NULL ? "UNKNOWN" : value->name + sizeof "CAMPAIGN_STATE_" - 1;
}

static const char *lane_name(uint8_t lane)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&hikyaku__v1__lane__descriptor, lane);
    return value == NULL ? "UNKNOWN" : value->name + sizeof "LANE_" - 1;
}

static void add_outcomes(struct buffer *out, const struct store_campaign *campaign)
{
    const char *before = ",\"outcomes\":{";
    for (unsigned int state = 0; state < OUTCOME_LIMIT; state++) {
        if (campaign->outcomes[state] > 0) {
            buffer_printf(out, "%s\"%s\":%" PRIu64, before, rows_outcome_name((uint8_t)state),
                          campaign->outcomes[state]);
            before = ",";
        }
    }
    buffer_append_string(out, before[1] == '\0' ? "}" : "");
}

void archive_line_campaign(const struct store_campaign *campaign, bool has_recipients,
                           struct buffer *out)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(campaign->id, id);
    buffer_printf(out, "{\"id\":\"%s\",\"type\":\"campaign\",\"campaign\":\"%s\"", id, id);
    add_text(out, "tenant", campaign->tenant);
    add_text(out, "name", campaign->name);
    add_text(out, "pool", campaign->pool);
    add_text(out, "from_domain", campaign->from_domain);
    add_text(out, "lane", text_of(lane_name(campaign->lane)));
    add_text(out, "state", text_of(state_name(campaign->state)));
    buffer_printf(out, ",\"container\":%s", campaign->is_container ? "true" : "false");
    for (size_t i = 0; i < campaign->label_count; i++) {
        add_label(out, i, campaign->labels[i].name, campaign->labels[i].value);
    }
    buffer_append_string(out, campaign->label_count > 0 ? "}" : "");
    add_number(out, "created_unix_ms", campaign->created_unix_ms);
    add_number(out, "submitted_unix_ms", campaign->submitted_unix_ms);
    add_number(out, "ended_unix_ms", campaign->ended_unix_ms);
    add_number(out, "accepted", campaign->accepted);
    add_number(out, "duplicates", campaign->duplicates);
    add_number(out, "rejected", campaign->rejected);
    add_outcomes(out, campaign);
    buffer_printf(out, ",\"has_recipients\":%s}\n", has_recipients ? "true" : "false");
}

void archive_line_recipient(const struct archive_recipient *recipient, struct buffer *out)
{
    const struct row *row = &recipient->row;
    char code[ENHANCED_CODE_TEXT_SIZE];
    buffer_printf(out, "{\"id\":\"%s/%" PRIu32 "\",\"type\":\"recipient\",\"campaign\":\"%s\"",
                  recipient->campaign, recipient->index, recipient->campaign);
    add_number(out, "index", recipient->index);
    add_text(out, "ref", recipient->ref);
    add_text(out, "outcome", text_of(rows_outcome_name(row->state)));
    add_number(out, "attempts", row->attempts);
    if (row->smtp != 0) {
        add_number(out, "smtp_code", row->smtp);
    }
    if (row->enhanced != 0) {
        (void)enhanced_code_print(row->enhanced, code);
        add_text(out, "enhanced_code", text_of(code));
    }
    if (row->reply_class != 0) {
        add_text(out, "reply_class", text_of(reply_class_name(row->reply_class)));
    }
    if ((row->flags & ROW_POSSIBLE_DUPLICATE) != 0) {
        buffer_append_string(out, ",\"possible_duplicate\":true");
    }
    size_t labels = recipient->own == NULL ? 0 : recipient->own->n_labels;
    for (size_t i = 0; i < labels; i++) {
        add_label(out, i, text_of(recipient->own->labels[i]->key),
                  text_of(recipient->own->labels[i]->value));
    }
    buffer_append_string(out, labels > 0 ? "}" : "");
    add_number(out, "ended_unix_ms", recipient->ended_unix_ms);
    buffer_append_string(out, "}\n");
}
