#include "common/mail/compose_field.h"

#include "common/mail/header.h"
#include "common/mail/header_words.h"

#include <errno.h>

#define URL_BYTES_MAX 900 /* with its brackets it stands on a line of its own (S14) */
#define LIST_ID_BYTES_MAX 255
#define SENDER_ID_BYTES_MIN 5
#define SENDER_ID_BYTES_MAX 15
#define FEEDBACK_PARTS_MAX 4
#define FEEDBACK_BYTES_MAX 300

/* What a value must look like. */
enum form {
    FORM_TEXT,  /* anything */
    FORM_WORDS, /* ASCII words */
    FORM_IDS,   /* <message id>s */
};

static const struct {
    struct text name;
    enum form form;
} structured[] = {
    {{"Importance", 10}, FORM_WORDS},
    {{"Auto-Submitted", 14}, FORM_WORDS},
    {{"In-Reply-To", 11}, FORM_IDS},
    {{"References", 10}, FORM_IDS},
};

static bool is_visible_ascii(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* @return position among the structured fields, or -1 */
static int find_structured(struct text name)
{
    for (size_t i = 0; i < sizeof structured / sizeof structured[0]; i++) {
        if (text_equal_nocase(name, structured[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

int compose_field_check_name(struct text name, const char *field, struct problem *problem)
{
    int error = header_check_name(name, field, problem);
    if (error != 0) {
        return error;
    }
    bool is_extension = text_starts_with_nocase(name, TEXT("X-")) && name.size > 2 &&
                        !text_starts_with_nocase(name, TEXT("X-Hikyaku-"));
    if (!is_extension && find_structured(name) < 0) {
        problem_set(problem, field, "header_not_allowed",
                    "must be X-..., Importance, Auto-Submitted, In-Reply-To or References");
        return -EINVAL;
    }
    return 0;
}

static bool is_bracketed_id(struct text word)
{
    return word.size > 2 && word.data[0] == '<' && word.data[word.size - 1] == '>' &&
           header_check_message_id((struct text){word.data + 1, word.size - 2}, "", NULL) == 0;
}

/* Words with one space between them. */
static bool fits(struct text value, enum form form)
{
    struct text rest = value;
    struct text word;
    while (text_next_part(&rest, ' ', &word)) {
        bool good = form == FORM_IDS ? is_bracketed_id(word)
                                     : word.size > 0 && word.size <= HEADER_NAME_BYTES_MAX &&
                                           is_visible_ascii(word);
        if (!good) {
            return false;
        }
    }
    return true;
}

int compose_field_append(struct buffer *out, struct text name, struct text value, const char *field,
                         struct problem *problem)
{
    if (value.size == 0) {
        return 0;
    }
    int position = find_structured(name);
    enum form form = position < 0 ? FORM_TEXT : structured[position].form;
    if (form == FORM_TEXT) {
        header_append_text(out, name, value);
        return 0;
    }
    if (!fits(value, form)) {
        problem_set(problem, field, "header_value",
                    form == FORM_IDS ? "must be <message ids> with one space between them"
                                     : "must be ASCII words with one space between them");
        return -EINVAL;
    }
    header_append_words(out, name, value);
    return 0;
}

int compose_field_check_list_id(struct text value, struct problem *problem)
{
    bool after_dot = true;
    bool good = value.size > 0 && value.size <= LIST_ID_BYTES_MAX;
    for (size_t i = 0; good && i < value.size; i++) {
        bool is_dot = value.data[i] == '.';
        good = is_dot ? !after_dot : header_words_is_atom(value.data[i]);
        after_dot = is_dot;
    }
    if (!good || after_dot) {
        problem_set(problem, "list_id", "list_id",
                    "must be dotted words in ASCII without brackets: news.shop.example");
        return -EINVAL;
    }
    return 0;
}

int compose_field_check_feedback_id(struct text value, struct problem *problem)
{
    size_t parts = 0;
    struct text rest = value;
    struct text part = TEXT("");
    while (text_next_part(&rest, ':', &part)) {
        parts++;
    }
    if (!is_visible_ascii(value) || value.size > FEEDBACK_BYTES_MAX || parts > FEEDBACK_PARTS_MAX ||
        part.size < SENDER_ID_BYTES_MIN || part.size > SENDER_ID_BYTES_MAX) {
        problem_set(problem, "feedback_id", "G18",
                    "must be up to three parts and a SenderId of 5 to 15 characters, joined by "
                    "colons, in ASCII without spaces");
        return -EINVAL;
    }
    return 0;
}

/* ---- List-Unsubscribe */

static int check_uri(struct text uri, const char *field, struct problem *problem)
{
    if (uri.size > URL_BYTES_MAX) {
        problem_set(problem, field, "S14", "is longer than %d bytes", URL_BYTES_MAX);
        return -EMSGSIZE;
    }
    if (!is_visible_ascii(uri) || text_has_any(uri, TEXT("<>\"\\"))) {
        problem_set(problem, field, "S15",
                    "must be ASCII without spaces, control characters, <, >, \" and \\");
        return -EINVAL;
    }
    return 0;
}

/* "mailto:" before a plain address, in which only the local part can hold what a URL encodes. */
static void append_mailto(struct buffer *out, struct text mailto)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text_starts_with_nocase(mailto, TEXT("mailto:"))) {
        buffer_append_text(out, mailto);
        return;
    }
    buffer_append_string(out, "mailto:");
    for (size_t i = 0; i < mailto.size; i++) {
        unsigned char byte = (unsigned char)mailto.data[i];
        if (text_has_any((struct text){&mailto.data[i], 1}, TEXT("%?&#/^`{|}"))) {
            char code[3] = {'%', digits[byte >> 4], digits[byte & 15]};
            buffer_append(out, code, sizeof code);
        } else {
            buffer_append_byte(out, (char)byte);
        }
    }
}

int compose_field_append_unsubscribe(struct buffer *out, struct text url, struct text mailto,
                                     struct buffer *scratch, struct problem *problem)
{
    int error = check_uri(url, "unsubscribe_url", problem);
    error = error == 0 ? check_uri(mailto, "unsubscribe_mailto", problem) : error;
    if (error != 0 || (url.size == 0 && mailto.size == 0)) {
        return error;
    }
    if (url.size > 0 && (!text_starts_with_nocase(url, TEXT("https://")) || url.size < 9)) {
        problem_set(problem, "unsubscribe_url", "U1", "must be an https URL");
        return -EINVAL;
    }
    buffer_clear(scratch);
    if (url.size > 0) {
        buffer_append_byte(scratch, '<');
        buffer_append_text(scratch, url);
        buffer_append_string(scratch, mailto.size > 0 ? ">, " : ">");
    }
    if (mailto.size > 0) {
        buffer_append_byte(scratch, '<');
        append_mailto(scratch, mailto);
        buffer_append_byte(scratch, '>');
    }
    header_append_words(out, TEXT("List-Unsubscribe"), buffer_text(scratch));
    if (url.size > 0) {
        buffer_append_string(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    }
    return 0;
}
