#include "common/mail/dkim_names.h"

#include <errno.h>
#include <string.h>

/* D4; RFC 6376, 5.4.1; List-Unsubscribe-Post: RFC 8058, 4. */
static const char *const default_sign[] = {
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
};

/* D6: a second one of these would change what the reader sees. */
static const char *const default_oversign[] = {
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Reply-To",
    "Sender",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
};

/* D5: changed or added on the way (RFC 6376, 5.4). */
static const char *const never_signed[] = {
    "received", "return-path", "dkim-signature", "comments", "keywords", "authentication-results",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

int dkim_names_find(const struct dkim_names *names, struct text lower)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct dkim_name *name = &names->items[i];
        if (name->size == lower.size && memcmp(name->lower, lower.data, lower.size) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_never_signed(struct text lower)
{
    for (size_t i = 0; i < COUNT(never_signed); i++) {
        if (text_equal(lower, text_of(never_signed[i]))) {
            return true;
        }
    }
    return false;
}

/* RFC 5322, 3.6.8; ';' would end the tag it is listed in. */
static bool is_field_name(struct text name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == ':' || byte == ';') {
            return false;
        }
    }
    return name.size > 0 && name.size <= DKIM_NAMES_LENGTH_MAX;
}

static int add(struct dkim_names *names, struct text name, bool is_oversigned,
               struct problem *problem)
{
    struct dkim_name item = {.size = name.size, .is_oversigned = is_oversigned};
    if (!is_field_name(name)) {
        problem_set(problem, "headers", "D4", "a name in the list is no name of a header field");
        return -EINVAL;
    }
    memcpy(item.written, name.data, name.size);
    memcpy(item.lower, name.data, name.size);
    text_lower_ascii(item.lower, item.size);
    struct text lower = {item.lower, item.size};
    if (is_never_signed(lower)) {
        problem_set(problem, "headers", "D5", "%.*s must not be signed: it changes on the way",
                    TEXT_PRINT(name));
        return -EINVAL;
    }
    int found = dkim_names_find(names, lower);
    if (found >= 0) {
        names->items[found].is_oversigned |= is_oversigned;
        return 0;
    }
    if (names->count == DKIM_NAMES_MAX) {
        problem_set(problem, "headers", "D4", "more than %d names to sign", DKIM_NAMES_MAX);
        return -EINVAL;
    }
    names->items[names->count++] = item;
    return 0;
}

static int add_defaults(struct dkim_names *names, const char *const *list, size_t count,
                        bool is_oversigned, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        error = add(names, text_of(list[i]), is_oversigned, problem);
    }
    return error;
}

static int add_list(struct dkim_names *names, const struct text *list, size_t count,
                    bool is_oversigned, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        error = add(names, list[i], is_oversigned, problem);
    }
    return error;
}

int dkim_names_init(struct dkim_names *names, const struct text *sign, size_t sign_count,
                    const struct text *oversign, size_t oversign_count, struct problem *problem)
{
    names->count = 0;
    int error = sign == NULL
                    ? add_defaults(names, default_sign, COUNT(default_sign), false, problem)
                    : add_list(names, sign, sign_count, false, problem);
    if (error == 0) {
        error = oversign == NULL
                    ? add_defaults(names, default_oversign, COUNT(default_oversign), true, problem)
                    : add_list(names, oversign, oversign_count, true, problem);
    }
    if (error != 0) {
        return error;
    }
    int from = dkim_names_find(names, TEXT("from"));
    if (from < 0 || !names->items[from].is_oversigned) {
        problem_set(problem, "headers", from < 0 ? "D4" : "D6",
                    "From must be signed, and oversigned so that no second one can be added");
        return -EINVAL;
    }
    return 0;
}
