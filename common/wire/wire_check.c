#include "common/wire/wire_check.h"

#include "common/wire/wire_field.h"
#include "common/wire/wire_not_yet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 128

void wire_check_report(struct wire_check *check, const struct wire_path *path, const char *name,
                       const char *rule, const char *format, ...)
{
    struct problem problem;
    char field[PATH_BYTES];
    check->found++;
    if (check->list == NULL && (check->found > 1 || check->first == NULL)) {
        return;
    }
    struct wire_path place = {path, name, WIRE_PATH_NO_INDEX};
    wire_path_to_text(name != NULL ? &place : path, field, sizeof field);
    char message[sizeof problem.message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    problem_set(&problem, field, rule, "%s", message);
    if (check->list != NULL) {
        problem_list_add(check->list, &problem);
    } else {
        *check->first = problem;
    }
}

static uint64_t bound(const struct wire_check *check, size_t limit, uint64_t fixed)
{
    if (limit == 0) {
        return fixed;
    }
    uint32_t value = 0;
    memcpy(&value, (const char *)check->limits + limit - 1, sizeof value);
    return value;
}

/* Entries of a repeated field say by their least size that an empty one is none. */
static bool must_be_set(const struct wire_rule *rule)
{
    return (rule->flags & WIRE_RULE_REQUIRED) != 0 || rule->min > 0;
}

/* @return true when the size is right; a wrong one is reported */
static bool check_size(struct wire_check *check, const struct wire_rule *rule, struct text text,
                       const struct wire_path *path)
{
    bool in_characters = (rule->flags & WIRE_RULE_CHARACTERS) != 0;
    const char *unit = in_characters ? "characters" : "bytes";
    uint64_t size = in_characters ? text_utf8_length(text) : text.size;
    uint64_t max = bound(check, rule->max_limit, rule->max);
    if (size < rule->min) {
        wire_check_report(check, path, NULL, "too_short", "has %llu %s, at least %llu are needed",
                          (unsigned long long)size, unit, (unsigned long long)rule->min);
        return false;
    }
    if (max > 0 && size > max) {
        wire_check_report(check, path, NULL, "too_large", "has %llu %s, at most %llu are allowed",
                          (unsigned long long)size, unit, (unsigned long long)max);
        return false;
    }
    return true;
}

static void check_text(struct wire_check *check, const struct wire_rule *rule, struct text text,
                       const struct wire_path *path)
{
    if (text.size == 0) {
        if (must_be_set(rule)) {
            wire_check_report(check, path, NULL, "required", "must not be empty");
        }
        return;
    }
    if (!check_size(check, rule, text, path)) {
        return;
    }
    const char *fault = wire_text_fault(rule->text_class, text);
    if (fault != NULL) {
        wire_check_report(check, path, NULL, wire_text_rule(rule->text_class), "%s", fault);
    }
}

static void check_bytes(struct wire_check *check, const struct wire_rule *rule, struct text bytes,
                        const struct wire_path *path)
{
    uint64_t max = bound(check, rule->max_limit, rule->max);
    if (bytes.size == 0 && (rule->flags & WIRE_RULE_REQUIRED) != 0) {
        wire_check_report(check, path, NULL, "required", "must not be empty");
    } else if (max > 0 && bytes.size > max) {
        wire_check_report(check, path, NULL, "too_large", "has %zu bytes, at most %llu are allowed",
                          bytes.size, (unsigned long long)max);
    }
}

static void check_number(struct wire_check *check, const struct wire_rule *rule, int64_t value,
                         const struct wire_path *path)
{
    if (value == 0) {
        if (must_be_set(rule)) {
            wire_check_report(check, path, NULL, "required", "must be set");
        }
        return;
    }
    uint64_t min = bound(check, rule->min_limit, rule->min);
    uint64_t max = bound(check, rule->max_limit, rule->max);
    if (value < 0 || (uint64_t)value < min || (max > 0 && (uint64_t)value > max)) {
        wire_check_report(check, path, NULL, "out_of_range", "is %lld, must be %llu to %llu",
                          (long long)value, (unsigned long long)min,
                          (unsigned long long)(max > 0 ? max : INT64_MAX));
    }
}

static void check_submessage(struct wire_check *check, const struct wire_rule *rule,
                             const ProtobufCMessage *message, const struct wire_path *path)
{
    if (message != NULL) {
        wire_check_message(check, message, rule->nested, path);
    } else if ((rule->flags & WIRE_RULE_REQUIRED) != 0) {
        wire_check_report(check, path, NULL, "required", "must be set");
    }
}

static void check_value(struct wire_check *check, const struct wire_rule *rule,
                        const ProtobufCFieldDescriptor *field, const void *value,
                        const struct wire_path *path)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        check_text(check, rule, wire_field_text(field, value), path);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        check_bytes(check, rule, wire_field_text(field, value), path);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        check_submessage(check, rule, wire_field_message(value), path);
    } else {
        check_number(check, rule, wire_field_number(field, value), path);
    }
}

static struct text map_key(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           size_t index)
{
    const ProtobufCMessage *entry = wire_field_message(wire_field_at(message, field, index));
    const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];
    return wire_field_text(key, wire_field_at(entry, key, 0));
}

/* Maps are small (tens), so every pair is compared. */
static void check_keys_differ(struct wire_check *check, const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field, const struct wire_path *path)
{
    size_t count = wire_field_count(message, field);
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (text_equal(map_key(message, field, i), map_key(message, field, k))) {
                wire_check_report(check, path, field->name, "doubled", "has the same key twice");
                return;
            }
        }
    }
}

static void check_repeated(struct wire_check *check, const ProtobufCMessage *message,
                           const struct wire_rule *rule, const ProtobufCFieldDescriptor *field,
                           const struct wire_path *path)
{
    size_t count = wire_field_count(message, field);
    uint64_t most = bound(check, rule->entries_limit, rule->entries);
    if (count == 0 && (rule->flags & WIRE_RULE_REQUIRED) != 0) {
        wire_check_report(check, path, field->name, "required", "must not be empty");
    }
    if (most > 0 && count > most) {
        wire_check_report(check, path, field->name, "too_many",
                          "has %zu entries, at most %llu are allowed", count,
                          (unsigned long long)most);
        return;
    }
    if ((rule->flags & WIRE_RULE_MAP) != 0) {
        check_keys_differ(check, message, field, path);
    }
    for (size_t i = 0; i < count && (rule->flags & WIRE_RULE_SKIP) == 0; i++) {
        struct wire_path place = {path, field->name, (uint32_t)i};
        check_value(check, rule, field, wire_field_at(message, field, i), &place);
    }
}

static void check_not_yet(struct wire_check *check, const ProtobufCMessage *message,
                          const struct wire_path *path)
{
    const struct wire_not_yet *entry = wire_not_yet_next(message, NULL);
    for (; entry != NULL; entry = wire_not_yet_next(message, entry)) {
        wire_check_report(check, path, wire_not_yet_field(entry), "not_yet",
                          "has no effect yet: %s; leave it at its default", entry->what);
    }
}

void wire_check_message(struct wire_check *check, const ProtobufCMessage *message,
                        const struct wire_rule_set *set, const struct wire_path *path)
{
    check_not_yet(check, message, path);
    for (size_t i = 0; i < set->count; i++) {
        const struct wire_rule *rule = &set->rules[i];
        const ProtobufCFieldDescriptor *field = wire_field_find(message->descriptor, rule->number);
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            check_repeated(check, message, rule, field, path);
        } else if (wire_field_is_there(message, field)) {
            struct wire_path place = {path, field->name, WIRE_PATH_NO_INDEX};
            check_value(check, rule, field, wire_field_at(message, field, 0), &place);
        }
    }
    if (set->cross != NULL) {
        set->cross(check, message, path);
    }
}
