#include "common/wire/wire_scan.h"

#include "common/wire/wire_path.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 64   /* of one message type; asserted */
#define ALLOCATION 16   /* the arena rounds each allocation up to this */
#define MEMBER_BYTES 96 /* protobuf-c's own note of a field while it unpacks, slabs doubling */
#define PATH_BYTES 128

/* Wire types of the encoding. 3 and 4, groups, are in no message of ours. */
enum { VARINT = 0, FIXED_64 = 1, LENGTH = 2, FIXED_32 = 5 };

struct scanner {
    const struct wire_bounds *bounds;
    struct problem *problem;
    size_t memory;
};

/* One message on its way: where we are in it and which of its fields were seen how often. */
struct frame {
    struct scanner *scanner;
    const ProtobufCMessageDescriptor *descriptor;
    const unsigned char *at;
    const unsigned char *end;
    struct wire_path path;
    uint32_t depth;
    uint32_t members; /* fields seen, unknown ones too */
    uint32_t unknown;
    uint32_t counts[FIELDS_MAX]; /* by the field's place in the descriptor */
};

static int scan_message(struct frame *frame);

static int refuse(const struct frame *frame, const ProtobufCFieldDescriptor *field,
                  const char *rule, const char *format, ...) __attribute__((format(printf, 4, 5)));

static size_t field_place(const struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    return (size_t)(field - frame->descriptor->fields);
}

/* The path of the value that was just met: the last entry when the field repeats. */
static struct wire_path value_path(const struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    uint32_t count = frame->counts[field_place(frame, field)];
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED && count > 0;
    return (struct wire_path){&frame->path, field->name, repeated ? count - 1 : WIRE_PATH_NO_INDEX};
}

/* @return -EMSGSIZE for the rules of size, else -EPROTO */
static int refuse(const struct frame *frame, const ProtobufCFieldDescriptor *field,
                  const char *rule, const char *format, ...)
{
    struct problem *problem = frame->scanner->problem;
    if (problem != NULL) {
        char path[PATH_BYTES];
        char message[sizeof problem->message];
        struct wire_path place = field != NULL ? value_path(frame, field) : frame->path;
        wire_path_to_text(&place, path, sizeof path);
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(message, sizeof message, format, arguments);
        va_end(arguments);
        problem_set(problem, path, rule, "%s", message);
    }
    return strncmp(rule, "too_", 4) == 0 && strcmp(rule, "too_deep") != 0 ? -EMSGSIZE : -EPROTO;
}

static int refuse_malformed(const struct frame *frame)
{
    return refuse(frame, NULL, "malformed", "is not a well-formed protobuf message");
}

/* @return false when the bytes end inside it or it is longer than 64 bits */
static bool take_varint(struct frame *frame, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned int shift = 0; shift < 70 && frame->at < frame->end; shift += 7) {
        unsigned char byte = *frame->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* Tags and lengths: protobuf-c reads at most 5 bytes of them. */
static bool take_short_varint(struct frame *frame, uint64_t *ret_value)
{
    const unsigned char *start = frame->at;
    return take_varint(frame, ret_value) && frame->at - start <= 5 && *ret_value <= UINT32_MAX;
}

static bool take_bytes(struct frame *frame, size_t size, struct text *ret_bytes)
{
    if ((size_t)(frame->end - frame->at) < size) {
        return false;
    }
    *ret_bytes = (struct text){(const char *)frame->at, size};
    frame->at += size;
    return true;
}

static bool take_length(struct frame *frame, struct text *ret_bytes)
{
    uint64_t size = 0;
    return take_short_varint(frame, &size) && take_bytes(frame, (size_t)size, ret_bytes);
}

/* @return 0, or -EMSGSIZE when unpacking would take more memory than the bounds allow */
static int charge(struct frame *frame, size_t bytes)
{
    struct scanner *scanner = frame->scanner;
    scanner->memory += (bytes + ALLOCATION - 1) / ALLOCATION * ALLOCATION;
    if (scanner->memory > scanner->bounds->memory_bytes) {
        return refuse(frame, NULL, "too_large", "takes more than %zu bytes when unpacked",
                      scanner->bounds->memory_bytes);
    }
    return 0;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  uint32_t number)
{
    /* Numbers mostly run from 1 without gaps, so a field stands at its number's place. */
    if (number <= descriptor->n_fields && descriptor->fields[number - 1].id == number) {
        return &descriptor->fields[number - 1];
    }
    return protobuf_c_message_descriptor_get_field(descriptor, number);
}

static bool is_open(const struct frame *frame)
{
    const struct wire_bounds *bounds = frame->scanner->bounds;
    if (bounds->open_everywhere) {
        return true;
    }
    const ProtobufCMessageDescriptor *const *open = bounds->open;
    while (open != NULL && *open != NULL && *open != frame->descriptor) {
        open++;
    }
    return open != NULL && *open != NULL;
}

static unsigned int wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return FIXED_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return FIXED_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return LENGTH;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return VARINT;
    }
}

/* protobuf-c cuts what does not fit: refuse it instead. */
static bool fits(ProtobufCType type, uint64_t value)
{
    if (type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_SINT32) {
        return value <= UINT32_MAX;
    }
    if (type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_ENUM) {
        return value <= INT32_MAX || value >= (uint64_t)INT32_MIN;
    }
    return type != PROTOBUF_C_TYPE_BOOL || value <= 1;
}

static int scan_varint(struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    uint64_t value = 0;
    if (!take_varint(frame, &value)) {
        return refuse_malformed(frame);
    }
    if (!fits(field->type, value)) {
        return refuse(frame, field, "out_of_range", "is out of range");
    }
    if (field->type != PROTOBUF_C_TYPE_ENUM || is_open(frame) ||
        protobuf_c_enum_descriptor_get_value(field->descriptor, (int)(int64_t)value) != NULL) {
        return 0;
    }
    return refuse(frame, field, "unknown_value", "holds the unknown value %d", (int)(int64_t)value);
}

static int scan_string(struct frame *frame, const ProtobufCFieldDescriptor *field, struct text text)
{
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL) {
        return refuse(frame, field, "nul", "must not contain NUL");
    }
    if (!text_is_utf8(text)) {
        return refuse(frame, field, "utf8", "is not valid UTF-8");
    }
    return charge(frame, text.size + 1);
}

static int scan_submessage(struct frame *frame, const ProtobufCFieldDescriptor *field,
                           struct text bytes)
{
    struct frame inner = {
        .scanner = frame->scanner,
        .descriptor = field->descriptor,
        .at = (const unsigned char *)bytes.data,
        .end = (const unsigned char *)bytes.data + bytes.size,
        .path = value_path(frame, field),
        .depth = frame->depth + 1,
    };
    return scan_message(&inner);
}

static int scan_length(struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    struct text bytes;
    if (!take_length(frame, &bytes)) {
        return refuse_malformed(frame);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return scan_submessage(frame, field, bytes);
    }
    return field->type == PROTOBUF_C_TYPE_STRING ? scan_string(frame, field, bytes)
                                                 : charge(frame, bytes.size + 1);
}

/* A field that may stand once stands once, and so does a oneof. */
static int count_value(struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    uint32_t *count = &frame->counts[field_place(frame, field)];
    *count += 1;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return 0;
    }
    if (*count > 1) {
        return refuse(frame, field, "doubled", "stands more than once");
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *descriptor = frame->descriptor;
    for (unsigned int i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *other = &descriptor->fields[i];
        if (other != field && (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            other->quantifier_offset == field->quantifier_offset && frame->counts[i] > 0) {
            return refuse(frame, field, "doubled", "excludes %s: only one of them may stand",
                          other->name);
        }
    }
    return 0;
}

static int scan_value(struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    int error = count_value(frame, field);
    if (error != 0) {
        return error;
    }
    struct text ignored;
    switch (wire_type_of(field->type)) {
    case VARINT:
        return scan_varint(frame, field);
    case LENGTH:
        return scan_length(frame, field);
    case FIXED_64:
        return take_bytes(frame, 8, &ignored) ? 0 : refuse_malformed(frame);
    default:
        return take_bytes(frame, 4, &ignored) ? 0 : refuse_malformed(frame);
    }
}

/* Repeated numbers in one length-delimited run: the values follow each other without tags. */
static int scan_packed(struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    struct text bytes;
    if (!take_length(frame, &bytes)) {
        return refuse_malformed(frame);
    }
    const unsigned char *end = frame->end;
    frame->at = (const unsigned char *)bytes.data;
    frame->end = frame->at + bytes.size;
    int error = 0;
    while (error == 0 && frame->at < frame->end) {
        error = scan_value(frame, field);
    }
    frame->end = end;
    return error;
}

static int scan_unknown(struct frame *frame, uint32_t number, unsigned int wire_type)
{
    if (!is_open(frame)) {
        char path[PATH_BYTES];
        wire_path_to_text(&frame->path, path, sizeof path);
        return refuse(frame, NULL, "unknown_field", "unknown field %u in %s", (unsigned int)number,
                      path[0] != '\0' ? path : "the message");
    }
    const unsigned char *start = frame->at;
    struct text bytes;
    uint64_t value = 0;
    bool is_good = (wire_type == VARINT && take_varint(frame, &value)) ||
                   (wire_type == FIXED_64 && take_bytes(frame, 8, &bytes)) ||
                   (wire_type == LENGTH && take_length(frame, &bytes)) ||
                   (wire_type == FIXED_32 && take_bytes(frame, 4, &bytes));
    frame->unknown++;
    return is_good ? charge(frame, (size_t)(frame->at - start) + 1) : refuse_malformed(frame);
}

static int scan_field(struct frame *frame)
{
    uint64_t tag = 0;
    if (!take_short_varint(frame, &tag) || tag >> 3 == 0) {
        return refuse_malformed(frame);
    }
    frame->members++;
    unsigned int wire_type = (unsigned int)(tag & 7);
    const ProtobufCFieldDescriptor *field = find_field(frame->descriptor, (uint32_t)(tag >> 3));
    if (field == NULL) {
        return scan_unknown(frame, (uint32_t)(tag >> 3), wire_type);
    }
    unsigned int expected = wire_type_of(field->type);
    if (wire_type == expected) {
        return scan_value(frame, field);
    }
    if (wire_type == LENGTH && field->label == PROTOBUF_C_LABEL_REPEATED) {
        return scan_packed(frame, field);
    }
    return refuse(frame, field, "malformed", "has the wrong type on the wire");
}

static uint32_t most_entries(const struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    const struct wire_bounds *bounds = frame->scanner->bounds;
    for (size_t i = 0; i < bounds->count_count; i++) {
        if (bounds->counts[i].message == frame->descriptor &&
            bounds->counts[i].number == field->id) {
            return bounds->counts[i].maximum;
        }
    }
    return bounds->entries;
}

/* After the last field: how many entries there were, and what their arrays will take. */
static int check_counts(struct frame *frame)
{
    const ProtobufCMessageDescriptor *descriptor = frame->descriptor;
    for (unsigned int i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->label != PROTOBUF_C_LABEL_REPEATED || frame->counts[i] == 0) {
            continue;
        }
        uint32_t most = most_entries(frame, field);
        if (frame->counts[i] > most) {
            size_t count = frame->counts[i];
            frame->counts[i] = 0; /* the path names the field, not its last entry */
            return refuse(frame, field, "too_many", "has %zu entries, at most %u are allowed",
                          count, (unsigned int)most);
        }
        size_t element =
            field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(uint64_t);
        int error = charge(frame, frame->counts[i] * element);
        if (error != 0) {
            return error;
        }
    }
    size_t unknown = frame->unknown * sizeof(ProtobufCMessageUnknownField);
    return charge(frame, unknown + (size_t)frame->members * MEMBER_BYTES);
}

static int scan_message(struct frame *frame)
{
    assert(frame->descriptor->n_fields <= FIELDS_MAX);
    if (frame->depth > frame->scanner->bounds->depth) {
        return refuse(frame, NULL, "too_deep", "is nested more than %u deep",
                      (unsigned int)frame->scanner->bounds->depth);
    }
    int error = charge(frame, frame->descriptor->sizeof_message);
    while (error == 0 && frame->at < frame->end) {
        error = scan_field(frame);
    }
    return error != 0 ? error : check_counts(frame);
}

int wire_scan(const ProtobufCMessageDescriptor *descriptor, const struct wire_bounds *bounds,
              struct text bytes, size_t *ret_memory_bytes, struct problem *problem)
{
    assert(bounds->depth <= WIRE_SCAN_DEPTH_MAX);
    static const unsigned char nothing;
    const unsigned char *start = bytes.size > 0 ? (const unsigned char *)bytes.data : &nothing;
    struct scanner scanner = {.bounds = bounds, .problem = problem};
    struct frame frame = {
        .scanner = &scanner,
        .descriptor = descriptor,
        .at = start,
        .end = start + bytes.size,
        .path = {NULL, NULL, WIRE_PATH_NO_INDEX},
        .depth = 1,
    };
    if (bytes.size > bounds->bytes) {
        return refuse(&frame, NULL, "too_large", "is larger than %zu bytes", bounds->bytes);
    }
    int error = scan_message(&frame);
    if (error == 0 && ret_memory_bytes != NULL) {
        *ret_memory_bytes = scanner.memory;
    }
    return error;
}
