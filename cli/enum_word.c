#include "cli/enum_word.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* "CampaignState" makes the prefix "CAMPAIGN_STATE_". @return its length */
static size_t prefix_length(const ProtobufCEnumDescriptor *descriptor)
{
    size_t length = 1;
    for (const char *at = descriptor->short_name; *at != '\0'; at++) {
        bool is_new_word = at != descriptor->short_name && isupper((unsigned char)*at) != 0;
        length += is_new_word ? 2 : 1;
    }
    return length;
}

const char *enum_word(const ProtobufCEnumDescriptor *descriptor, int64_t value)
{
    const ProtobufCEnumValue *known =
        value < 0 || value > INT32_MAX
            ? NULL
            : protobuf_c_enum_descriptor_get_value(descriptor, (int)value);
    return known == NULL ? "?" : known->name + prefix_length(descriptor);
}

int enum_word_parse(const ProtobufCEnumDescriptor *descriptor, struct text word, int *ret_value)
{
    for (unsigned int i = 0; i < descriptor->n_values; i++) {
        const ProtobufCEnumValue *value = &descriptor->values[i];
        bool is_it = text_equal_nocase(word, text_of(value->name)) ||
                     text_equal_nocase(word, text_of(value->name + prefix_length(descriptor)));
        if (is_it && value->value != 0) {
            *ret_value = value->value;
            return 0;
        }
    }
    return -EINVAL;
}

void enum_word_append_choices(const ProtobufCEnumDescriptor *descriptor, struct buffer *out)
{
    bool is_first = true;
    for (unsigned int i = 0; i < descriptor->n_values; i++) {
        if (descriptor->values[i].value != 0) {
            buffer_printf(out, "%s%s", is_first ? "" : ", ",
                          descriptor->values[i].name + prefix_length(descriptor));
            is_first = false;
        }
    }
}
