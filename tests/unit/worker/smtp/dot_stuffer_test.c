/* S5 (RFC 5321, 4.5.2, 2.3.8): a strict receiver gets the same bytes; bare CR and LF never leave.
 */
#include "worker/smtp/dot_stuffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PARTS_MAX 64

static const struct {
    const char *message;
    const char *stuffed; /* NULL: refused */
} cases[] = {
    {"", ""},
    {"a\r\n", "a\r\n"},
    {"a", "a\r\n"},
    {".", "..\r\n"},
    {".\r\n", "..\r\n"},
    {"\r\n.\r\n", "\r\n..\r\n"},
    {"..\r\n...\r\na.\r\n", "...\r\n....\r\na.\r\n"},
    {"a\r\n.b", "a\r\n..b\r\n"},
    {"\r\n", "\r\n"},
    {"\r\n\r\n", "\r\n\r\n"},
    {"a\n", NULL},
    {"\n", NULL},
    {"a\n.\r\n", NULL},
    {"a\r", NULL},
    {"\r", NULL},
    {"\r.\r\n", NULL},
    {"a\rb\r\n", NULL},
    {"a\r\r\n", NULL},
    {"a\r\n\n", NULL},
    {"a\n\r\n", NULL},
};

static struct text take(struct text *rest, size_t size)
{
    struct text piece = {rest->data, rest->size < size ? rest->size : size};
    *rest = text_skip(*rest, piece.size);
    return piece;
}

/* Cut the message into parts of one size, send it in chunks of another. */
static int stuff(struct text message, size_t part_size, size_t limit, struct buffer *out)
{
    struct text parts[PARTS_MAX] = {{NULL, 0}};
    struct text head = take(&message, part_size);
    size_t count = 1; /* an empty part is nothing */
    while (message.size > 0) {
        assert_true(count < PARTS_MAX);
        parts[count++] = take(&message, part_size);
    }
    struct dot_stuffer stuffer;
    dot_stuffer_init(&stuffer, head, parts, count);
    while (!stuffer.is_done) {
        OWNED(buffer_finish) struct buffer chunk = {0};
        int refused = dot_stuffer_fill(&stuffer, &chunk, limit);
        if (refused != 0) {
            return refused;
        }
        assert_true(chunk.size <= limit + 3);
        buffer_append_text(out, buffer_text(&chunk));
    }
    return 0;
}

static void stuffs_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t cut = 0; cut < 25; cut++) {
            OWNED(buffer_finish) struct buffer out = {0};
            int result = stuff(text_of(cases[i].message), 1 + cut % 5, 1 + cut / 5, &out);
            assert_int_equal(result, cases[i].stuffed == NULL ? -EINVAL : 0);
            if (cases[i].stuffed != NULL) {
                assert_true(text_equal(buffer_text(&out), text_of(cases[i].stuffed)));
            }
        }
    }
}

/* A receiver that follows the RFC to the letter. @return true when the first lone dot is the end */
static bool unstuff(struct text sent, struct buffer *out)
{
    bool is_line_start = true;
    for (size_t i = 0; i < sent.size; i++) {
        if (is_line_start && sent.data[i] == '.') {
            if (text_starts_with(text_skip(sent, i), TEXT(".\r\n"))) {
                return i + 3 == sent.size;
            }
            i++;
        }
        buffer_append_byte(out, sent.data[i]);
        is_line_start = sent.data[i] == '\n';
    }
    return false;
}

static void comes_out_as_it_went_in(void **state)
{
    (void)state;
    static const char *const pieces[] = {".", "\r\n", "a", "..", "\r\n.\r\n", "bc"};
    unsigned random = 1;
    for (int round = 0; round < 2000; round++) {
        OWNED(buffer_finish) struct buffer message = {0};
        OWNED(buffer_finish) struct buffer sent = {0};
        OWNED(buffer_finish) struct buffer received = {0};
        for (int i = 0; i < 12; i++) {
            random = random * 1103515245U + 12345U;
            buffer_append_string(&message, pieces[(random >> 16) % 6]);
        }
        buffer_append_string(&message, "\r\n");
        assert_int_equal(
            stuff(buffer_text(&message), 1 + (random >> 20) % 9, 1 + (random >> 8) % 9, &sent), 0);
        buffer_append_string(&sent, ".\r\n");
        assert_true(unstuff(buffer_text(&sent), &received));
        assert_true(text_equal(buffer_text(&received), buffer_text(&message)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stuffs_however_it_is_cut),
        cmocka_unit_test(comes_out_as_it_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
