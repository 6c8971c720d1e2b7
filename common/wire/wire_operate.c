/* Rules of calls that run the cluster: FleetService, AccessService and PersonService. */
#include "common/wire/wire_operate.h"

#include "common/wire/wire_check.h"
#include "hikyaku/v1/api.pb-c.h"

#define AS(type, message) ((const type *)(const void *)(message))
#define SET(rules_table, cross_check)                                                \
    {                                                                                \
        (rules_table), sizeof(rules_table) / sizeof((rules_table)[0]), (cross_check) \
    }
#define REQUIRED WIRE_RULE_REQUIRED
#define CHARACTERS WIRE_RULE_CHARACTERS
#define LABELS_MAX 10
#define ROWS_MAX (16384U * 4096U) /* of a campaign */
#define WARMUP_DAYS_MAX 60        /* of a plan */

static const struct wire_rule_set plain_set = {NULL, 0, NULL};

/* ---------------------------------------------------------------- fleet */

static void check_stop_target(struct wire_check *check, Hikyaku__V1__StopKind kind,
                              const char *target, const struct wire_path *path)
{
    bool is_all = kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_ALL;
    if (kind != 0 && is_all != (target[0] == '\0')) {
        wire_check_report(check, path, "target", is_all ? "superfluous" : "required",
                          is_all ? "must be empty: all is stopped" : "must be set");
    }
}

static void check_stop(struct wire_check *check, const ProtobufCMessage *message,
                       const struct wire_path *path)
{
    const Hikyaku__V1__StopRequest *request = AS(Hikyaku__V1__StopRequest, message);
    check_stop_target(check, request->kind, request->target, path);
    bool is_local = request->from_local[0] != '\0' || request->until_local[0] != '\0';
    if (is_local && (request->from_unix_ms != 0 || request->until_unix_ms != 0)) {
        wire_check_report(
            check, path, request->from_local[0] != '\0' ? "from_local" : "until_local",
            "superfluous", "times are told in one way: as instants, or in local time");
    }
    if (is_local != (request->time_zone[0] != '\0')) {
        wire_check_report(check, path, "time_zone", is_local ? "required" : "superfluous",
                          is_local ? "must be set: local time is told of a zone"
                                   : "must be empty: no local time is told");
    }
}

static void check_start(struct wire_check *check, const ProtobufCMessage *message,
                        const struct wire_path *path)
{
    const Hikyaku__V1__StartRequest *request = AS(Hikyaku__V1__StartRequest, message);
    check_stop_target(check, request->kind, request->target, path);
}

static const struct wire_rule stop_rules[] = {
    {.number = 1, .flags = REQUIRED},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 3},
    {.number = 4, .flags = REQUIRED, .text_class = WIRE_TEXT_REMARK, .max = 500},
    {.number = 5, .text_class = WIRE_TEXT_LABEL, .max = 64},
    {.number = 7, .text_class = WIRE_TEXT_LINE, .max = 32},
    {.number = 8, .text_class = WIRE_TEXT_LINE, .max = 32},
    {.number = 9, .text_class = WIRE_TEXT_LINE, .max = 64},
};
static const struct wire_rule_set stop_set = SET(stop_rules, check_stop);
static const struct wire_rule start_rules[] = {
    {.number = 1, .flags = REQUIRED},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 3, .text_class = WIRE_TEXT_LABEL, .max = 64},
};
static const struct wire_rule_set start_set = SET(start_rules, check_start);

static void check_throttle(struct wire_check *check, const ProtobufCMessage *message,
                           const struct wire_path *path)
{
    const Hikyaku__V1__SetThrottleRequest *request = AS(Hikyaku__V1__SetThrottleRequest, message);
    const Hikyaku__V1__ThrottleBound *bound = request->bound;
    if (bound == NULL) {
        return;
    }
    if (request->reason[0] == '\0') {
        wire_check_report(check, path, "reason", "required", "must be set");
    }
    if (bound->per_minute_least == 0 && bound->per_minute_most == 0 &&
        bound->connections_most == 0 && bound->messages_per_connection == 0) {
        wire_check_report(check, path, "bound", "required",
                          "must tell something; left out, the bound that stands is taken away");
    }
    if (bound->per_minute_most != 0 && bound->per_minute_least > bound->per_minute_most) {
        wire_check_report(check, path, "bound.per_minute_least", "out_of_range",
                          "must not be more than per_minute_most");
    }
}

static const struct wire_rule bound_rules[] = {
    {.number = 1, .max = 1200000},
    {.number = 2, .max = 1200000},
    {.number = 3, .max = 10000},
    {.number = 4, .max = 100000},
};
static const struct wire_rule_set bound_set = SET(bound_rules, NULL);
static const struct wire_rule set_throttle_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 45},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 3, .nested = &bound_set},
    {.number = 5, .text_class = WIRE_TEXT_REMARK, .max = 500},
    {.number = 6, .text_class = WIRE_TEXT_LABEL, .max = 64},
};
static const struct wire_rule_set set_throttle_set = SET(set_throttle_rules, check_throttle);
static const struct wire_rule suspend_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 45},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 4, .flags = REQUIRED, .text_class = WIRE_TEXT_REMARK, .max = 500},
    {.number = 5, .text_class = WIRE_TEXT_LABEL, .max = 64},
};
static const struct wire_rule_set suspend_set = SET(suspend_rules, NULL);
static const struct wire_rule resume_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 45},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 3, .text_class = WIRE_TEXT_LABEL, .max = 64},
};
static const struct wire_rule_set resume_set = SET(resume_rules, NULL);
static const struct wire_rule get_throttle_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 45},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 255},
};
static const struct wire_rule_set get_throttle_set = SET(get_throttle_rules, NULL);
static const struct wire_rule list_throttles_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 45},
};
static const struct wire_rule_set list_throttles_set = SET(list_throttles_rules, NULL);
static const struct wire_rule get_shadow_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_LABEL, .max = 255},
};
static const struct wire_rule_set get_shadow_set = SET(get_shadow_rules, NULL);
static const struct wire_rule resume_restored_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 32},
    {.number = 2, .flags = REQUIRED},
};
static const struct wire_rule_set resume_restored_set = SET(resume_restored_rules, NULL);

static void check_warmup(struct wire_check *check, const ProtobufCMessage *message,
                         const struct wire_path *path)
{
    const Hikyaku__V1__SetWarmupRequest *request = AS(Hikyaku__V1__SetWarmupRequest, message);
    bool sets = request->action == HIKYAKU__V1__WARMUP_ACTION__WARMUP_ACTION_SET;
    if (sets && (request->day > 0) == request->warm) {
        wire_check_report(check, path, "day", request->warm ? "superfluous" : "required",
                          "either day or warm must be set");
    } else if (!sets && (request->day > 0 || request->warm)) {
        wire_check_report(check, path, "day", "superfluous", "belongs to SET");
    }
}

static const struct wire_rule get_warmup_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_LABEL, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 255},
};
static const struct wire_rule_set get_warmup_set = SET(get_warmup_rules, NULL);
static const struct wire_rule set_warmup_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 3, .flags = REQUIRED},
    {.number = 4, .max = WARMUP_DAYS_MAX},
    {.number = 6, .text_class = WIRE_TEXT_LABEL, .max = 64},
};
static const struct wire_rule_set set_warmup_set = SET(set_warmup_rules, check_warmup);

/* ---------------------------------------------------------------- access */

/* Of a request's principal or key: what only answers tell. */
static void refuse_told(struct wire_check *check, const struct wire_path *path, bool is_set,
                        const char *field)
{
    if (is_set) {
        wire_check_report(check, path, field, "superfluous", "must be left out: answers tell it");
    }
}

static void check_principal(struct wire_check *check, const ProtobufCMessage *message,
                            const struct wire_path *path)
{
    const Hikyaku__V1__Principal *principal = AS(Hikyaku__V1__Principal, message);
    refuse_told(check, path, principal->created_unix_ms != 0, "created_unix_ms");
    refuse_told(check, path, principal->otp_enrolled_unix_ms != 0, "otp_enrolled_unix_ms");
    refuse_told(check, path, principal->otp_enrolled_by[0] != '\0', "otp_enrolled_by");
    refuse_told(check, path, principal->created_by[0] != '\0', "created_by");
}

static const struct wire_rule principal_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 63},
    {.number = 3, .text_class = WIRE_TEXT_KEY, .min = 1, .max = 64, .entries = 16},
    {.number = 4, .min = 1, .entries = 32},
    {.number = 5, .flags = CHARACTERS, .text_class = WIRE_TEXT_LINE, .max = 200},
};
static const struct wire_rule_set principal_set = SET(principal_rules, check_principal);
static const struct wire_rule put_principal_rules[] = {
    {.number = 1, .flags = REQUIRED, .nested = &principal_set},
};
static const struct wire_rule_set put_principal_set = SET(put_principal_rules, NULL);

static void check_key(struct wire_check *check, const ProtobufCMessage *message,
                      const struct wire_path *path)
{
    const Hikyaku__V1__ApiKey *key = AS(Hikyaku__V1__ApiKey, message);
    refuse_told(check, path, key->key_id[0] != '\0', "key_id");
    refuse_told(check, path, key->state != 0, "state");
    refuse_told(check, path, key->created_unix_ms != 0, "created_unix_ms");
    refuse_told(check, path, key->created_by[0] != '\0', "created_by");
    refuse_told(check, path, key->revoked_unix_ms != 0, "revoked_unix_ms");
    refuse_told(check, path, key->revoked_by[0] != '\0', "revoked_by");
    refuse_told(check, path, key->used_unix_ms != 0, "used_unix_ms");
    refuse_told(check, path, key->used != NULL, "used");
    refuse_told(check, path, key->replaces[0] != '\0', "replaces");
}

static const struct wire_rule labels_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LABEL, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_LABEL, .max = 128},
};
static const struct wire_rule_set labels_set = SET(labels_rules, NULL);

/* Exact in Redis' scripts, whose numbers are doubles. */
#define QUOTA_MAX (UINT64_C(1) << 50)
static const struct wire_rule quota_rules[] = {
    {.number = 1, .max = QUOTA_MAX},
    {.number = 2, .max = QUOTA_MAX},
    {.number = 3, .max = QUOTA_MAX},
    {.number = 4, .max = QUOTA_MAX},
};
static const struct wire_rule_set quota_set = SET(quota_rules, NULL);

static const struct wire_rule key_rules[] = {
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 64},
    {.number = 4, .min = 1, .entries = 32},
    {.number = 5, .flags = CHARACTERS, .text_class = WIRE_TEXT_LINE, .max = 200},
    {.number = 12, .text_class = WIRE_TEXT_LINE, .min = 2, .max = 64, .entries = 16},
    {.number = 13, .text_class = WIRE_TEXT_DOMAIN, .min = 1, .max = 253, .entries = 50},
    {.number = 14, .text_class = WIRE_TEXT_KEY, .min = 1, .max = 64, .entries = 50},
    {.number = 15, .flags = WIRE_RULE_MAP, .entries = LABELS_MAX, .nested = &labels_set},
    {.number = 17, .nested = &quota_set},
};
static const struct wire_rule_set key_set = SET(key_rules, check_key);
static const struct wire_rule create_key_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 128},
    {.number = 2, .flags = REQUIRED, .nested = &key_set},
};
static const struct wire_rule_set create_key_set = SET(create_key_rules, NULL);
static const struct wire_rule list_keys_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_KEY, .max = 64},
};
static const struct wire_rule_set list_keys_set = SET(list_keys_rules, NULL);
static const struct wire_rule rotate_key_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 128},
    {.number = 2, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 64},
    {.number = 3, .max = 30 * 86400},
};
static const struct wire_rule_set rotate_key_set = SET(rotate_key_rules, NULL);
static const struct wire_rule revoke_key_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 64},
};
static const struct wire_rule_set revoke_key_set = SET(revoke_key_rules, NULL);

static const struct wire_rule otp_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_KEY, .max = 64},
};
static const struct wire_rule_set otp_set = SET(otp_rules, NULL);

static const struct wire_rule why_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_CAMPAIGN},
    {.number = 2, .max = ROWS_MAX - 1},
};
static const struct wire_rule_set why_set = SET(why_rules, NULL);
static const struct wire_rule forecast_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_CAMPAIGN},
};
static const struct wire_rule_set forecast_set = SET(forecast_rules, NULL);
static const struct wire_rule list_audit_rules[] = {
    {.number = 2, .text_class = WIRE_TEXT_LINE, .max = 64},
    {.number = 3, .max = 1000},
    {.number = 4, .text_class = WIRE_TEXT_KEY, .max = 64},
    {.number = 5, .text_class = WIRE_TEXT_LINE, .max = 64},
    {.number = 6, .text_class = WIRE_TEXT_KEY, .max = 64},
};
static const struct wire_rule_set list_audit_set = SET(list_audit_rules, NULL);

static void check_reputation(struct wire_check *check, const ProtobufCMessage *message,
                             const struct wire_path *path)
{
    const Hikyaku__V1__ListReputationRequest *request =
        AS(Hikyaku__V1__ListReputationRequest, message);
    if (request->hours != 0 && request->days != 0) {
        wire_check_report(check, path, "days", "superfluous", "must be 0 when `hours` is set");
    }
    if (request->ip[0] != '\0' && request->from_domain[0] != '\0') {
        wire_check_report(check, path, "from_domain", "superfluous",
                          "must be empty when `ip` is set");
    }
}

static const struct wire_rule list_reputation_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_LABEL, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_DOMAIN, .max = 253},
    {.number = 3, .text_class = WIRE_TEXT_LABEL, .max = 255},
    {.number = 4, .max = 48},
    {.number = 5, .max = 35},
};
static const struct wire_rule_set list_reputation_set =
    SET(list_reputation_rules, check_reputation);

/* ---------------------------------------------------------------- persons */

static const struct wire_rule export_person_rules[] = {
    {.number = 1, .flags = REQUIRED, .text_class = WIRE_TEXT_LINE, .max = 320},
    {.number = 2, .text_class = WIRE_TEXT_KEY, .max = 32},
};
static const struct wire_rule_set export_person_set = SET(export_person_rules, NULL);

/* ---------------------------------------------------------------- suppression */

static void check_person(struct wire_check *check, const struct wire_path *path,
                         const char *address, const char *hash)
{
    if ((address[0] == '\0') == (hash[0] == '\0')) {
        wire_check_report(check, path, "address", "required",
                          "must be set, or address_hash instead");
    }
}

static void check_remove_suppression(struct wire_check *check, const ProtobufCMessage *message,
                                     const struct wire_path *path)
{
    const Hikyaku__V1__RemoveSuppressionRequest *request =
        AS(Hikyaku__V1__RemoveSuppressionRequest, message);
    check_person(check, path, request->address, request->address_hash);
}

/* Addresses are looked at one by one where they are hashed: a bad one fails none of the others. */
static const struct wire_rule new_suppression_rules[] = {
    {.number = 1, .max = 320},
    {.number = 2, .max = 64},
};
static const struct wire_rule_set new_suppression_set = SET(new_suppression_rules, NULL);
static const struct wire_rule add_suppressions_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_STREAM, .max = 64},
    {.number = 2, .flags = REQUIRED, .entries = 500, .nested = &new_suppression_set},
};
static const struct wire_rule_set add_suppressions_set = SET(add_suppressions_rules, NULL);
static const struct wire_rule remove_suppression_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_STREAM, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_LINE, .max = 320},
    {.number = 3, .text_class = WIRE_TEXT_KEY, .max = 32},
    {.number = 5, .flags = REQUIRED, .text_class = WIRE_TEXT_REMARK, .max = 500},
};
static const struct wire_rule_set remove_suppression_set =
    SET(remove_suppression_rules, check_remove_suppression);
static const struct wire_rule check_suppressions_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_STREAM, .max = 64},
    {.number = 2, .entries = 500, .max = 320},
    {.number = 3, .entries = 500, .max = 64},
};
static const struct wire_rule_set check_suppressions_set = SET(check_suppressions_rules, NULL);
static const struct wire_rule list_suppressions_rules[] = {
    {.number = 1, .text_class = WIRE_TEXT_STREAM, .max = 64},
    {.number = 2, .text_class = WIRE_TEXT_KEY, .max = 8},
};
static const struct wire_rule_set list_suppressions_set = SET(list_suppressions_rules, NULL);

static const struct {
    const ProtobufCMessageDescriptor *message;
    const struct wire_rule_set *set;
} calls[] = {
    {&hikyaku__v1__list_reputation_request__descriptor, &list_reputation_set},
    {&hikyaku__v1__get_fleet_request__descriptor, &plain_set},
    {&hikyaku__v1__enrol_otp_request__descriptor, &otp_set},
    {&hikyaku__v1__remove_otp_request__descriptor, &otp_set},
    {&hikyaku__v1__stop_request__descriptor, &stop_set},
    {&hikyaku__v1__start_request__descriptor, &start_set},
    {&hikyaku__v1__list_stops_request__descriptor, &plain_set},
    {&hikyaku__v1__list_throttles_request__descriptor, &list_throttles_set},
    {&hikyaku__v1__get_throttle_request__descriptor, &get_throttle_set},
    {&hikyaku__v1__set_throttle_request__descriptor, &set_throttle_set},
    {&hikyaku__v1__suspend_path_request__descriptor, &suspend_set},
    {&hikyaku__v1__resume_path_request__descriptor, &resume_set},
    {&hikyaku__v1__get_shadow_request__descriptor, &get_shadow_set},
    {&hikyaku__v1__get_restored_request__descriptor, &plain_set},
    {&hikyaku__v1__resume_restored_request__descriptor, &resume_restored_set},
    {&hikyaku__v1__get_warmup_request__descriptor, &get_warmup_set},
    {&hikyaku__v1__set_warmup_request__descriptor, &set_warmup_set},
    {&hikyaku__v1__why_request__descriptor, &why_set},
    {&hikyaku__v1__forecast_request__descriptor, &forecast_set},
    {&hikyaku__v1__trace_request__descriptor, &why_set},
    {&hikyaku__v1__who_am_irequest__descriptor, &plain_set},
    {&hikyaku__v1__put_principal_request__descriptor, &put_principal_set},
    {&hikyaku__v1__list_principals_request__descriptor, &plain_set},
    {&hikyaku__v1__create_key_request__descriptor, &create_key_set},
    {&hikyaku__v1__list_keys_request__descriptor, &list_keys_set},
    {&hikyaku__v1__rotate_key_request__descriptor, &rotate_key_set},
    {&hikyaku__v1__revoke_key_request__descriptor, &revoke_key_set},
    {&hikyaku__v1__list_audit_request__descriptor, &list_audit_set},
    {&hikyaku__v1__add_suppressions_request__descriptor, &add_suppressions_set},
    {&hikyaku__v1__remove_suppression_request__descriptor, &remove_suppression_set},
    {&hikyaku__v1__check_suppressions_request__descriptor, &check_suppressions_set},
    {&hikyaku__v1__list_suppressions_request__descriptor, &list_suppressions_set},
    {&hikyaku__v1__export_person_request__descriptor, &export_person_set},
};

const struct wire_rule_set *wire_operate_find(const ProtobufCMessageDescriptor *request)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].message == request) {
            return calls[i].set;
        }
    }
    return NULL;
}
