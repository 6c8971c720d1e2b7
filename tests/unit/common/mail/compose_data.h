/* What the composer's tests share: a content that is good, a recipient, and one call to compose. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_MAIL_COMPOSE_DATA_H
#define HIKYAKU_TESTS_UNIT_COMMON_MAIL_COMPOSE_DATA_H

#include "common/mail/compose.h"

#include <string.h>

#define COMPOSE_DATA_DATE 1795480200 /* Tue, 24 Nov 2026 00:30:00 UTC */
#define COMPOSE_DATA_SEED UINT64_C(0x0123456789abcdef)

/* A recipient whose address was parsed; everything lives in the arena. */
static inline struct compose_recipient
compose_data_recipient(struct arena *arena, const char *address, const char *fields)
{
    struct address *parsed = arena_zero(arena, 1, sizeof *parsed);
    const struct fields_value *values = NULL;
    assert_int_equal(address_parse(text_of(address), NULL, arena, parsed, NULL), 0);
    assert_int_equal(fields_parse(text_of(fields), &fields_limits_recipient, arena, &values, NULL),
                     0);
    return (struct compose_recipient){
        .address = parsed,
        .fields = values,
        .message_id = TEXT("abc.1@shop.example"),
        .date_unix_s = COMPOSE_DATA_DATE,
        .date_offset_minutes = 540,
        .boundary_seed = COMPOSE_DATA_SEED,
    };
}

static inline struct compose_content compose_data_content(const char *subject, const char *text,
                                                          const char *html)
{
    return (struct compose_content){
        .from = {TEXT("news@shop.example"), TEXT("Shop")},
        .texts = {TEXT(""), text_of(subject), text_of(text), text_of(html)},
    };
}

/* Prepare, compose, flatten into a string that the caller frees; NULL with the problem filled. */
static inline char *compose_data_message(const struct compose_content *content,
                                         const struct compose_recipient *recipient,
                                         struct problem *problem)
{
    struct compose_prepared *prepared = NULL;
    struct compose_scratch *scratch = compose_scratch_create();
    struct composed message = {0};
    struct buffer flat = {0};
    char *result = NULL;
    assert_int_equal(compose_prepare(content, &prepared, problem), 0);
    if (compose_message(prepared, recipient, scratch, &message, problem) == 0) {
        compose_flatten(&message, &flat);
        assert_int_equal(flat.size, message.size);
        result = buffer_take(&flat);
    }
    compose_finish(&message);
    compose_scratch_destroy(&scratch);
    compose_destroy(&prepared);
    return result;
}

/* The value of a field, unfolded, in a static place; NULL when the field is missing. */
static inline const char *compose_data_field(const char *message, const char *name)
{
    static char value[4096];
    size_t size = strlen(name);
    const char *end = strstr(message, "\r\n\r\n");
    const char *line = message;
    while (line < end && !(strncasecmp(line, name, size) == 0 && line[size] == ':')) {
        line = strstr(line, "\r\n") + 2;
    }
    if (line >= end) {
        return NULL;
    }
    size_t used = 0;
    for (line += size + 2; !(line[0] == '\r' && line[2] != ' ' && line[2] != '\t'); line++) {
        if (line[0] != '\r' && line[0] != '\n') {
            value[used++] = line[0];
        }
    }
    value[used] = '\0';
    return value;
}

#endif
