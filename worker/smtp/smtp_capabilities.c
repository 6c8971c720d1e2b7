#include "worker/smtp/smtp_capabilities.h"

/* RFC 1870, 4: no number, or 0, is no limit. */
static void read_size(struct smtp_capabilities *capabilities, struct text parameters)
{
    uint64_t size = 0;
    capabilities->has_size = true;
    capabilities->size_bytes = text_to_u64(parameters, UINT64_MAX, &size) == 0 ? size : 0;
}

/* RFC 9422: "MAILMAX=20 RCPTMAX=100". */
static void read_limits(struct smtp_capabilities *capabilities, struct text parameters)
{
    struct text part;
    while (text_next_part(&parameters, ' ', &part)) {
        struct text name = TEXT("MAILMAX=");
        uint64_t number = 0;
        if (text_starts_with_nocase(part, name) &&
            text_to_u64(text_skip(part, name.size), 999999, &number) == 0) {
            capabilities->mail_max = (uint32_t)number;
        }
    }
}

/* Keywords without parameters. */
static bool *flag_of(struct smtp_capabilities *capabilities, struct text keyword)
{
    const struct {
        struct text keyword;
        bool *flag;
    } flags[] = {
        {TEXT("PIPELINING"), &capabilities->has_pipelining},
        {TEXT("8BITMIME"), &capabilities->has_8bitmime},
        {TEXT("STARTTLS"), &capabilities->has_starttls},
        {TEXT("SMTPUTF8"), &capabilities->has_smtputf8},
        {TEXT("ENHANCEDSTATUSCODES"), &capabilities->has_enhanced},
        {TEXT("CHUNKING"), &capabilities->has_chunking},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (text_equal_nocase(keyword, flags[i].keyword)) {
            return flags[i].flag;
        }
    }
    return NULL;
}

void smtp_capabilities_parse(struct text reply, struct smtp_capabilities *ret_capabilities)
{
    *ret_capabilities = (struct smtp_capabilities){0};
    struct text line;
    (void)text_next_part(&reply, '\n', &line); /* the server's name */
    while (text_next_part(&reply, '\n', &line)) {
        struct text parameters = text_trim(line);
        struct text keyword = {NULL, 0};
        (void)text_next_part(&parameters, ' ', &keyword);
        bool *flag = flag_of(ret_capabilities, keyword);
        if (flag != NULL) {
            *flag = true;
        } else if (text_equal_nocase(keyword, TEXT("SIZE"))) {
            read_size(ret_capabilities, text_trim(parameters));
        } else if (text_equal_nocase(keyword, TEXT("LIMITS"))) {
            read_limits(ret_capabilities, parameters);
        }
    }
}
