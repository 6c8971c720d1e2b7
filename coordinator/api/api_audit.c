#include "coordinator/api/api_audit.h"

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/security/digest.h"
#include "coordinator/access/access_key.h"
#include "coordinator/api/api_state.h"
#include "coordinator/audit/audit.h"

#include <errno.h>
#include <string.h>

enum way {
    WAY_EACH, /* an entry, and the answer waits for it */
    WAY_SUM,
    WAY_NONE,
};

/* All others have an entry each. */
static const struct {
    const char *method;
    enum way way;
} ways[] = {
    {"AddRecipients", WAY_SUM},   {"SendMessages", WAY_SUM},   {"ReadEvents", WAY_SUM},
    {"GetCampaign", WAY_NONE},    {"ListCampaigns", WAY_NONE}, {"GetFleet", WAY_NONE},
    {"ListReputation", WAY_NONE}, {"GetRestored", WAY_NONE},   {"ListStops", WAY_NONE},
    {"WhoAmI", WAY_NONE},         {"GetWarmup", WAY_NONE},     {"ListThrottles", WAY_NONE},
    {"GetThrottle", WAY_NONE},    {"Forecast", WAY_NONE},      {"GetShadow", WAY_NONE},
};

static enum way way_of(const char *method)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(ways[i].method, method) == 0) {
            return ways[i].way;
        }
    }
    return WAY_EACH;
}

/* ------------------------------------------------------------------ what a request names */

/* Fields that name what a call is about; never what a recipient is found by. */
static const char *const names[] = {"campaign_id", "key_id",     "name",   "target",
                                    "ip",          "sending_ip", "site",   "domain",
                                    "principal",   "backup_id",  "tenant", "idempotency_key",
                                    "stream"};

static const void *member_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
}

static const char *string_of(const ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    bool is_string = field != NULL && field->type == PROTOBUF_C_TYPE_STRING &&
                     field->label != PROTOBUF_C_LABEL_REPEATED &&
                     (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0;
    const char *value = is_string ? *(const char *const *)member_of(message, field) : NULL;
    return value == NULL ? "" : value;
}

static void append_names(const ProtobufCMessage *message, struct buffer *out)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = string_of(message, names[i]);
        if (value[0] != '\0') {
            buffer_printf(out, "%s%s=%s", out->size > 0 ? " " : "", names[i], value);
        }
    }
}

/* What was approved. */
static void append_digest(const ProtobufCMessage *message, struct buffer *out)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "digest");
    if (field == NULL || field->type != PROTOBUF_C_TYPE_BYTES) {
        return;
    }
    const ProtobufCBinaryData *digest = member_of(message, field);
    if (digest->len == DIGEST_BYTES) {
        char hex[2 * DIGEST_BYTES + 1];
        bytes_to_hex(digest->data, digest->len, hex);
        buffer_printf(out, "%sdigest=%s", out->size > 0 ? " " : "", hex);
    }
}

/* CreateKey{key{...}}, PutPrincipal{principal{...}}: one level down, but not into content. */
static void append_nested(const ProtobufCMessage *message, struct buffer *out)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned int i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool is_nested = field->type == PROTOBUF_C_TYPE_MESSAGE &&
                         field->label != PROTOBUF_C_LABEL_REPEATED &&
                         (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 &&
                         strcmp(field->name, "content") != 0;
        const ProtobufCMessage *nested =
            is_nested ? *(const ProtobufCMessage *const *)member_of(message, field) : NULL;
        if (nested != NULL) {
            append_names(nested, out);
        }
    }
}

struct text api_audit_target(const ProtobufCMessage *request, struct arena *arena)
{
    OWNED(buffer_finish) struct buffer out = {0};
    if (request != NULL) {
        append_names(request, &out);
        append_digest(request, &out);
        append_nested(request, &out);
    }
    return arena_text(arena, buffer_text(&out));
}

/* ------------------------------------------------------------------ entries */

static const char *rule_of(const struct api_call *call)
{
    const struct wire_error *error = call->error;
    return error != NULL && error->problem_count > 0 ? error->problems[0].rule : "";
}

static struct text target_of(struct api_call *call)
{
    struct text named = api_audit_target(call->request, call->arena);
    return call->about == NULL ? named
                               : text_of(arena_printf(call->arena, "%.*s%s%s", TEXT_PRINT(named),
                                                      named.size > 0 ? " " : "", call->about));
}

static struct audit_entry entry_of(struct api_call *call)
{
    const char *reason = call->request == NULL ? "" : string_of(call->request, "reason");
    return (struct audit_entry){
        .at_unix_ms = clock_unix_ms(),
        .tenant = call->tenant,
        .principal = text_of(call->caller.principal),
        .key_id = text_of(call->caller.key_id),
        .source = text_of(call->caller.source),
        .call = text_of(call->name),
        .target = target_of(call),
        .reason = text_of(reason),
        .result = text_of(call->error == NULL ? "ok" : wire_error_word(call->error->code)),
        .rule = text_of(rule_of(call))};
}

/* The change is made, but nobody could prove it: the caller is told to ask again, which is safe. */
static void on_written(void *context, int error)
{
    struct api_call *call = context;
    if (error != 0 && call->error == NULL) {
        struct problem *problem = arena_zero(call->arena, 1, sizeof *problem);
        struct wire_error *refusal = arena_zero(call->arena, 1, sizeof *refusal);
        refusal->code = api_call_explain(error == -ENOBUFS ? -EAGAIN : error, problem);
        refusal->problems = problem;
        refusal->problem_count = 1;
        call->error = refusal;
    }
    api_call_settle(call);
}

/* Refusals that come as often as somebody likes to call. */
static bool is_flood(const struct api_call *call)
{
    const char *rule = rule_of(call);
    return call->error != NULL && call->error->code == WIRE_CODE_RESOURCE_EXHAUSTED &&
           (strcmp(rule, "quota") == 0 || strcmp(rule, "otp_locked") == 0);
}

bool api_audit_hold(struct api_call *call)
{
    struct audit *audit = call->api->settings.audit;
    const char *slash = call->name == NULL ? NULL : strchr(call->name, '/');
    if (slash == NULL || call->api->is_destroyed) {
        return false;
    }
    if (call->error != NULL && call->error->code == WIRE_CODE_PERMISSION_DENIED) {
        access_note_refused(call->api->settings.access, call->caller.key_id, call->caller.source);
    }
    bool is_denied = call->error != NULL && call->error->code == WIRE_CODE_PERMISSION_DENIED;
    enum way way = is_denied ? WAY_EACH : way_of(slash + 1);
    struct audit_entry entry = entry_of(call);
    if (is_flood(call)) {
        way = WAY_SUM;
    }
    if (way == WAY_SUM) {
        audit_sum(audit, &entry);
    } else if (way == WAY_EACH) {
        audit_write(audit, &entry, on_written, call);
    }
    return way == WAY_EACH;
}

void api_audit_refused(struct api *api, const struct access_showing *showing,
                       enum access_verdict verdict)
{
    struct text key_id = TEXT("");
    int error = access_key_parse(access_key_bearer(showing->authorization), &key_id);
    const struct audit_entry entry = {.at_unix_ms = clock_unix_ms(),
                                      .key_id = error == 0 ? key_id : TEXT(""),
                                      .source = text_of(showing->source),
                                      .call = TEXT("audit.key_refused"),
                                      .result = TEXT("unauthenticated"),
                                      .rule = text_of(access_verdict_word(verdict))};
    audit_sum(api->settings.audit, &entry);
}
