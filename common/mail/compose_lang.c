#include "common/mail/compose_lang.h"

#include <errno.h>

#define LANG_BYTES_MAX 35 /* RFC 5646, 4.4.1 */
#define SUBTAG_BYTES_MAX 8

static bool is_alphanumeric(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char lower = (char)(text.data[i] | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(text.data[i] >= '0' && text.data[i] <= '9')) {
            return false;
        }
    }
    return true;
}

int compose_lang_check(struct text lang, const char *field, struct problem *problem)
{
    bool good = lang.size > 0 && lang.size <= LANG_BYTES_MAX;
    struct text rest = lang;
    struct text subtag;
    while (good && text_next_part(&rest, '-', &subtag)) {
        good = subtag.size > 0 && subtag.size <= SUBTAG_BYTES_MAX && is_alphanumeric(subtag);
    }
    if (!good) {
        problem_set(problem, field, "language", "must be a language tag such as ja or zh-Hant-TW");
        return -EINVAL;
    }
    return 0;
}

static const struct compose_variant *find(const struct compose_prepared *prepared, struct text lang)
{
    for (size_t i = 1; i < prepared->variant_count; i++) {
        if (text_equal_nocase(prepared->variants[i].lang, lang)) {
            return &prepared->variants[i];
        }
    }
    return NULL;
}

/* Without its last subtag, and without a single letter that introduced it (zh-x-private). */
static struct text shorten(struct text lang)
{
    while (lang.size > 0 && lang.data[lang.size - 1] != '-') {
        lang.size--;
    }
    lang.size -= lang.size > 0 ? 1 : 0;
    if (lang.size > 2 && lang.data[lang.size - 2] == '-') {
        lang.size -= 2;
    }
    return lang;
}

const struct compose_variant *compose_lang_choose(const struct compose_prepared *prepared,
                                                  struct text lang)
{
    while (lang.size > 0) {
        const struct compose_variant *variant = find(prepared, lang);
        if (variant != NULL) {
            return variant;
        }
        lang = shorten(lang);
    }
    return &prepared->variants[0];
}
