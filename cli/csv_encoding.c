#include "cli/csv_encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum csv_encoding encoding;
} names[] = {{"utf-8", CSV_ENCODING_UTF8},       {"utf8", CSV_ENCODING_UTF8},
             {"cp932", CSV_ENCODING_CP932},      {"shift_jis", CSV_ENCODING_CP932},
             {"shift-jis", CSV_ENCODING_CP932},  {"sjis", CSV_ENCODING_CP932},
             {"windows-31j", CSV_ENCODING_CP932}};

const char *csv_encoding_name(enum csv_encoding encoding)
{
    return encoding == CSV_ENCODING_UTF8 ? "utf-8" : "cp932";
}

int csv_encoding_parse(struct text name, enum csv_encoding *ret_encoding)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_equal_nocase(name, text_of(names[i].name))) {
            *ret_encoding = names[i].encoding;
            return 0;
        }
    }
    return -EINVAL;
}

/* How many bytes the character that `byte` leads should have; 1 also for what leads none. */
static size_t character_size(unsigned char byte)
{
    return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

/* Bytes at the end of `text` that may be the start of a character. */
static size_t cut_size(struct text text)
{
    for (size_t back = 1; back <= 3 && back <= text.size; back++) {
        unsigned char byte = (unsigned char)text.data[text.size - back];
        if ((byte & 0xC0) != 0x80) {
            return character_size(byte) > back ? back : 0;
        }
    }
    return 0;
}

void csv_encoding_look(struct csv_encoding_detector *detector, struct text bytes)
{
    if (detector->is_broken || bytes.size == 0) {
        return;
    }
    if (!detector->is_begun && bytes.size >= 2) {
        detector->is_utf16 =
            memcmp(bytes.data, "\xFF\xFE", 2) == 0 || memcmp(bytes.data, "\xFE\xFF", 2) == 0;
    }
    detector->is_begun = true;
    /* Complete the character that the last part cut. */
    while (detector->tail_size > 0 && bytes.size > 0) {
        detector->tail[detector->tail_size++] = bytes.data[0];
        bytes = text_skip(bytes, 1);
        if (detector->tail_size == character_size((unsigned char)detector->tail[0])) {
            detector->is_broken = !text_is_utf8((struct text){detector->tail, detector->tail_size});
            detector->tail_size = 0;
        }
    }
    size_t cut = cut_size(bytes);
    if (cut > 0) {
        memcpy(detector->tail, bytes.data + bytes.size - cut, cut);
        detector->tail_size = cut;
        bytes.size -= cut;
    }
    detector->is_broken = detector->is_broken || !text_is_utf8(bytes);
}

int csv_encoding_detect(const struct csv_encoding_detector *detector,
                        enum csv_encoding *ret_encoding, struct problem *problem)
{
    if (detector->is_utf16) {
        problem_set(problem, "", "csv_utf16",
                    "is UTF-16: save it as \"CSV UTF-8\" or as CSV in CP932");
        return -EINVAL;
    }
    bool is_utf8 = !detector->is_broken && detector->tail_size == 0;
    *ret_encoding = is_utf8 ? CSV_ENCODING_UTF8 : CSV_ENCODING_CP932;
    return 0;
}

struct csv_decoder {
    bool is_converting; /* false: UTF-8, nothing to do */
    iconv_t converter;
    char tail[8]; /* a character that the last part cut */
    size_t tail_size;
    uint64_t line;
};

int csv_encoding_open(enum csv_encoding encoding, struct csv_decoder **ret_decoder,
                      struct problem *problem)
{
    iconv_t converter = NULL;
    if (encoding == CSV_ENCODING_CP932) {
        converter = iconv_open("UTF-8", "CP932");
        if ((intptr_t)converter == -1) {
            problem_set(problem, "", "csv_cp932",
                        "needs the system's CP932 tables (Debian 13: package "
                        "libc-gconv-modules-extra)");
            return -ENOTSUP;
        }
    }
    struct csv_decoder *decoder = xalloc_zero(1, sizeof *decoder);
    decoder->is_converting = encoding == CSV_ENCODING_CP932;
    decoder->converter = converter;
    decoder->line = 1;
    *ret_decoder = decoder;
    return 0;
}

void csv_encoding_close(struct csv_decoder **decoder)
{
    if (*decoder == NULL) {
        return;
    }
    if ((*decoder)->is_converting) {
        (void)iconv_close((*decoder)->converter);
    }
    free(*decoder);
    *decoder = NULL;
}

static int refuse(const struct csv_decoder *decoder, const char *at, size_t left,
                  struct problem *problem)
{
    char field[32];
    (void)snprintf(field, sizeof field, "line %llu", (unsigned long long)decoder->line);
    problem_set(problem, field, "csv_cp932",
                "byte 0x%02X is neither UTF-8 nor CP932: say --encoding, or mend the file",
                left > 0 ? (unsigned int)(unsigned char)*at : 0U);
    return -EINVAL;
}

static void count_lines(struct csv_decoder *decoder, const char *from, const char *to)
{
    for (; from < to; from++) {
        decoder->line += *from == '\n';
    }
}

/* Convert what is whole. @param bytes  in: all; out: what is left, a cut character */
static int convert(struct csv_decoder *decoder, struct text *bytes, struct buffer *out,
                   struct problem *problem)
{
    union {
        const char *borrowed;
        char *for_iconv; /* which only reads it */
    } in = {.borrowed = bytes->data};
    size_t left = bytes->size;
    while (left > 0) {
        const char *before = in.borrowed;
        size_t room = 3 * left + 16;
        char *place = buffer_reserve(out, room);
        char *end = place;
        size_t done = iconv(decoder->converter, &in.for_iconv, &left, &end, &room);
        out->size += (size_t)(end - place);
        count_lines(decoder, before, in.borrowed);
        if (done == (size_t)-1 && errno == EINVAL && left < sizeof decoder->tail) {
            break;
        }
        if (done == (size_t)-1 && errno != E2BIG) {
            return refuse(decoder, in.borrowed, left, problem);
        }
    }
    *bytes = (struct text){in.borrowed, left};
    return 0;
}

/* The character whose first bytes came with the last part. */
static int convert_tail(struct csv_decoder *decoder, struct text *bytes, struct buffer *out,
                        struct problem *problem)
{
    while (decoder->tail_size > 0 && bytes->size > 0) {
        decoder->tail[decoder->tail_size++] = bytes->data[0];
        *bytes = text_skip(*bytes, 1);
        struct text tail = {decoder->tail, decoder->tail_size};
        if (convert(decoder, &tail, out, problem) != 0) {
            return -EINVAL;
        }
        decoder->tail_size = tail.size;
    }
    return 0;
}

int csv_encoding_decode(struct csv_decoder *decoder, struct text bytes, struct buffer *out,
                        struct problem *problem)
{
    if (!decoder->is_converting) {
        buffer_append_text(out, bytes);
        return 0;
    }
    int refused = convert_tail(decoder, &bytes, out, problem);
    if (refused == 0 && bytes.size > 0) {
        refused = convert(decoder, &bytes, out, problem);
    }
    if (refused == 0 && bytes.size > 0) {
        memcpy(decoder->tail, bytes.data, bytes.size);
        decoder->tail_size = bytes.size;
    }
    return refused;
}

int csv_encoding_finish(struct csv_decoder *decoder, struct problem *problem)
{
    return decoder->tail_size == 0 ? 0 : refuse(decoder, decoder->tail, 1, problem);
}
