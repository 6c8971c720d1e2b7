#include "coordinator/events/event_decode.h"

#include "common/base/bytes.h"
#include "common/mail/enhanced_code.h"
#include "common/policy/reply_class.h"

#include <inttypes.h>
#include <string.h>

/* Which event an outcome is; 0: none. */
static const uint8_t types[OUTCOME_LIMIT] = {
    [OUTCOME_DELIVERED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DELIVERED,
    [OUTCOME_DEFERRED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DEFERRED,
    [OUTCOME_BOUNCED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_BOUNCED,
    [OUTCOME_EXPIRED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_EXPIRED,
    [OUTCOME_SUPPRESSED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_SUPPRESSED,
    [OUTCOME_CANCELLED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_CANCELLED,
    [OUTCOME_FAILED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_FAILED,
    [OUTCOME_UNCERTAIN] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_UNCERTAIN,
    [OUTCOME_LATE_BOUNCED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_LATE_BOUNCED,
    [OUTCOME_COMPLAINED] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_COMPLAINED,
};

size_t event_decode_count(const struct store_event_entry *entry)
{
    return entry->kind == STORE_EVENT_ROWS ? entry->count : 1;
}

static uint8_t type_of(const struct store_event_entry *entry, size_t place)
{
    if (entry->kind == STORE_EVENT_STATE) {
        return HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_STATE;
    }
    if (entry->kind == STORE_EVENT_DECISION) {
        return HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_THROTTLE;
    }
    if (entry->kind == STORE_EVENT_UNSUBSCRIBED) {
        return HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_UNSUBSCRIBED;
    }
    uint8_t state = entry->changes[place].row.state;
    if (entry->is_decision && state != OUTCOME_FAILED) { /* FAILED ends quarantine, not doubt */
        return HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_RESOLVED;
    }
    return state < OUTCOME_LIMIT ? types[state] : 0;
}

static bool passes_type(const Hikyaku__V1__EventFilter *filter, uint8_t type)
{
    bool passes = filter->n_types == 0;
    for (size_t i = 0; i < filter->n_types; i++) {
        passes = passes || (uint8_t)filter->types[i] == type;
    }
    return passes;
}

static bool passes_campaign(const Hikyaku__V1__EventFilter *filter, const unsigned char id[16])
{
    char text[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(id, text);
    bool passes = filter->n_campaign_ids == 0;
    for (size_t i = 0; i < filter->n_campaign_ids; i++) {
        passes = passes || text_equal_nocase(text_of(filter->campaign_ids[i]), text_of(text));
    }
    return passes;
}

bool event_decode_may_pass(const struct store_event_entry *entry,
                           const Hikyaku__V1__EventFilter *filter)
{
    if (filter == NULL) {
        return true;
    }
    bool has_type = false;
    for (size_t i = 0; i < event_decode_count(entry) && !has_type; i++) {
        has_type = passes_type(filter, type_of(entry, i));
    }
    if (entry->kind == STORE_EVENT_DECISION) { /* which of the two it is, only its content says */
        has_type = has_type || passes_type(filter, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_SHADOW);
    }
    bool is_of_none = entry->kind == STORE_EVENT_DECISION;
    return has_type && (is_of_none ? filter->n_campaign_ids == 0
                                   : passes_campaign(filter, entry->name.campaign));
}

static char *copy(struct arena *arena, struct text text)
{
    return arena_copy(arena, text.data, text.size);
}

static void add_label(struct arena *arena, Hikyaku__V1__Event *event, const char *name,
                      const char *value)
{
    Hikyaku__V1__Event__LabelsEntry *entry = arena_alloc(arena, sizeof *entry);
    hikyaku__v1__event__labels_entry__init(entry);
    entry->key = copy(arena, text_of(name));
    entry->value = copy(arena, text_of(value));
    event->labels[event->n_labels++] = entry;
}

/* The campaign's labels, then the message's own (SendMessages). */
static void fill_labels(const struct event_decode_input *input, const struct wire_store_ref *ref,
                        Hikyaku__V1__Event *event)
{
    const Hikyaku__V1__CreateCampaignRequest *settings = input->campaign->stored->settings;
    Hikyaku__V1__StoredRef *own = NULL;
    if (ref != NULL && ref->packed.size > 0 &&
        wire_store_read_ref(ref->packed, input->arena, &own) != 0) {
        own = NULL;
    }
    size_t own_count = own != NULL ? own->n_labels : 0;
    event->labels = arena_zero(input->arena, settings->n_labels + own_count, sizeof(void *));
    for (size_t i = 0; i < settings->n_labels; i++) {
        add_label(input->arena, event, settings->labels[i]->key, settings->labels[i]->value);
    }
    for (size_t i = 0; i < own_count; i++) {
        add_label(input->arena, event, own->labels[i]->key, own->labels[i]->value);
    }
}

static void fill_campaign(const struct event_decode_input *input, Hikyaku__V1__Event *event)
{
    const struct catalog_campaign *campaign = input->campaign;
    event->mode = (Hikyaku__V1__Mode)campaign->mode;
    event->lane = (Hikyaku__V1__Lane)campaign->lane;
    event->pool = copy(input->arena, campaign->pool);
}

static void fill_ref(const struct event_decode_input *input, const struct wire_store_ref *ref,
                     Hikyaku__V1__Event *event)
{
    event->index = ref->index;
    event->ref = copy(input->arena, ref->ref);
    if (ref->address_hash == 0 || input->campaign == NULL) {
        return;
    }
    unsigned char hash[TOKEN_ADDRESS_HASH_BYTES];
    char token[TOKEN_LENGTH + 1];
    bytes_put_u64(hash, ref->address_hash);
    token_make_hashed(&input->campaign->token_key, TOKEN_MESSAGE_ID, ref->index, hash, token);
    event->message_id =
        arena_printf(input->arena, "%s@%.*s", token, TEXT_PRINT(input->campaign->from_domain));
}

static void fill_row(const struct row *row, struct arena *arena, Hikyaku__V1__Event *event)
{
    event->attempt = row->attempts;
    event->seq = row->seq;
    event->final = rows_is_final(row->state);
    event->smtp_code = row->smtp;
    event->reply_class = copy(arena, text_of(reply_class_name(row->reply_class)));
    event->possible_duplicate = (row->flags & ROW_POSSIBLE_DUPLICATE) != 0;
    event->late = (row->flags & ROW_LATE) != 0;
    event->doubled = (row->flags & ROW_DOUBLED) != 0;
    event->gate = (Hikyaku__V1__Gate)row->gate;
    if (row->state == OUTCOME_DEFERRED) {
        event->next_attempt_unix_ms = (int64_t)row->due * 1000;
    }
    if (row->enhanced != 0) {
        char code[ENHANCED_CODE_TEXT_SIZE];
        (void)enhanced_code_print(row->enhanced, code);
        event->enhanced_code = copy(arena, text_of(code));
    }
}

static char *string(struct arena *arena, const char *text)
{
    return copy(arena, text_of(text));
}

static void fill_detail(const Hikyaku__V1__StoredEventDetail *detail, struct arena *arena,
                        Hikyaku__V1__Event *event)
{
    event->occurred_unix_ms = detail->occurred_unix_ms;
    event->recipient_domain = string(arena, detail->recipient_domain);
    event->site = string(arena, detail->site);
    event->mx_host = string(arena, detail->mx_host);
    event->mx_ip = string(arena, detail->mx_ip);
    event->sending_ip = string(arena, detail->sending_ip);
    event->stage = string(arena, detail->stage);
    event->blame = string(arena, detail->blame);
    event->rule_id = string(arena, detail->rule_id);
    event->reply_text = string(arena, detail->reply_text);
    event->queued_ms = detail->queued_ms;
    event->smtp_ms = detail->smtp_ms;
    if (detail->tls_version[0] != '\0') {
        event->tls = arena_alloc(arena, sizeof *event->tls);
        hikyaku__v1__event_tls__init(event->tls);
        event->tls->version = string(arena, detail->tls_version);
        event->tls->verified_by = string(arena, detail->tls_verified_by);
    }
}

static const Hikyaku__V1__StoredEventDetail *
find_detail(const Hikyaku__V1__StoredEventDetails *details, uint32_t position)
{
    for (size_t i = 0; details != NULL && i < details->n_details; i++) {
        if (details->details[i]->position == position) {
            return details->details[i];
        }
    }
    return NULL;
}

static void fill_recipient(const struct event_decode_input *input, size_t place,
                           Hikyaku__V1__Event *event)
{
    const struct store_event_entry *entry = input->entry;
    const struct store_row_change *change = &entry->changes[place];
    const struct wire_store_ref *ref =
        change->position < input->ref_count ? &input->refs[change->position] : NULL;
    event->event_id = arena_printf(input->arena, "%s-%" PRIx32 "-%" PRIx64 "-%" PRIx32 "-%x",
                                   event->campaign_id, entry->name.number, entry->epoch,
                                   entry->number, (unsigned int)change->position);
    fill_row(&change->row, input->arena, event);
    if (entry->is_decision) {
        event->outcome = (Hikyaku__V1__Outcome)change->row.state;
        event->reason = copy(input->arena, entry->reason);
    }
    const Hikyaku__V1__StoredEventDetail *detail = find_detail(input->details, change->position);
    if (detail != NULL) {
        fill_detail(detail, input->arena, event);
    }
    if (ref != NULL) {
        fill_ref(input, ref, event);
    }
    if (input->campaign != NULL) {
        fill_labels(input, ref, event);
    }
}

/* The link may be older than what is left of its campaign: then only the index is known. */
static void fill_unsubscribed(const struct event_decode_input *input, Hikyaku__V1__Event *event)
{
    const struct store_event_entry *entry = input->entry;
    const struct wire_store_ref *ref =
        entry->position < input->ref_count ? &input->refs[entry->position] : NULL;
    event->reason = copy(input->arena, entry->reason);
    event->event_id = arena_printf(input->arena, "%s-unsubscribed-%" PRIx32 "-%.*s",
                                   event->campaign_id, entry->index, TEXT_PRINT(entry->reason));
    event->index = entry->index;
    if (ref != NULL && ref->index == entry->index) {
        fill_ref(input, ref, event);
    }
    if (input->campaign != NULL) {
        fill_labels(input, ref, event);
    }
}

static void fill_state(const struct event_decode_input *input, Hikyaku__V1__Event *event)
{
    const struct store_event_entry *entry = input->entry;
    event->event_id =
        arena_printf(input->arena, "%s-state-%" PRIx32, event->campaign_id, entry->number);
    event->state = (Hikyaku__V1__CampaignState)entry->state;
    event->reason = copy(input->arena, entry->reason);
    if (input->campaign != NULL) {
        fill_labels(input, NULL, event);
    }
}

static Hikyaku__V1__Throttle *throttle_of(const Hikyaku__V1__StoredPathDecision *stored,
                                          struct arena *arena)
{
    Hikyaku__V1__Throttle *told = arena_alloc(arena, sizeof *told);
    hikyaku__v1__throttle__init(told);
    told->decision = stored->decision;
    told->scope = stored->scope;
    told->before = stored->before;
    told->after = stored->after;
    told->unit = stored->unit;
    told->until_unix_ms = stored->until_unix_ms;
    told->times = stored->times;
    told->left_out = stored->left_out;
    told->lost = stored->lost;
    told->in_fact = stored->in_fact;
    return told;
}

/* @return false: it cannot be read */
static bool fill_decision(const struct event_decode_input *input, Hikyaku__V1__Event *event)
{
    struct arena *arena = input->arena;
    Hikyaku__V1__StoredPathDecision *stored = NULL;
    if (wire_store_read_path_decision(input->entry->decision, arena, &stored) != 0) {
        return false;
    }
    event->event_id = arena_printf(arena, "throttle-%s-%" PRIx64, stored->session, stored->number);
    event->occurred_unix_ms = stored->occurred_unix_ms;
    event->site = stored->site;
    event->sending_ip = stored->sending_ip;
    event->rule_id = stored->rule_id;
    event->smtp_code = stored->smtp_code;
    event->enhanced_code = stored->enhanced_code;
    event->reply_class = stored->reply_class;
    event->blame = stored->blame;
    event->stage = stored->stage;
    event->reply_text = stored->reply_text;
    Hikyaku__V1__Throttle *told = throttle_of(stored, arena);
    if (stored->shadow) { /* nobody may take it for something that was done */
        event->type = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_SHADOW;
        event->shadow = told;
    } else {
        event->throttle = told;
    }
    return true;
}

static bool has_label(const Hikyaku__V1__Event *event, const char *name, const char *value)
{
    for (size_t i = 0; i < event->n_labels; i++) {
        if (strcmp(event->labels[i]->key, name) == 0 &&
            (value[0] == '\0' || strcmp(event->labels[i]->value, value) == 0)) {
            return true;
        }
    }
    return false;
}

static bool passes(const Hikyaku__V1__EventFilter *filter, const Hikyaku__V1__Event *event)
{
    return filter == NULL || (passes_type(filter, (uint8_t)event->type) &&
                              (filter->label_name[0] == '\0' ||
                               has_label(event, filter->label_name, filter->label_value)) &&
                              (filter->lane == 0 || filter->lane == event->lane) &&
                              (filter->mode == 0 || filter->mode == event->mode));
}

Hikyaku__V1__Event *event_decode(const struct event_decode_input *input, size_t place)
{
    const struct store_event_entry *entry = input->entry;
    uint8_t type = type_of(entry, place);
    if (type == 0) {
        return NULL;
    }
    Hikyaku__V1__Event *event = arena_alloc(input->arena, sizeof *event);
    hikyaku__v1__event__init(event);
    event->type = (Hikyaku__V1__EventType)type;
    event->recorded_unix_ms = entry->recorded_unix_ms;
    if (entry->kind == STORE_EVENT_DECISION) {
        return fill_decision(input, event) && passes(input->filter, event) ? event : NULL;
    }
    event->campaign_id = arena_alloc(input->arena, IDENTITY_CAMPAIGN_LENGTH + 1);
    identity_campaign_to_text(entry->name.campaign, event->campaign_id);
    event->occurred_unix_ms = entry->recorded_unix_ms;
    if (input->campaign != NULL) {
        fill_campaign(input, event);
    }
    if (entry->kind == STORE_EVENT_STATE) {
        fill_state(input, event);
    } else if (entry->kind == STORE_EVENT_UNSUBSCRIBED) {
        fill_unsubscribed(input, event);
    } else {
        fill_recipient(input, place, event);
    }
    return passes(input->filter, event) ? event : NULL;
}
