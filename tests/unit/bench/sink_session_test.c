#include "bench/sink_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GREETING "220 sink.test ESMTP\r\n"
#define OK_MAIL "250 2.1.0 Ok\r\n"
#define OK_RCPT "250 2.1.5 Ok\r\n"
#define GO_AHEAD "354 Go ahead\r\n"
#define OK "250 2.0.0 Ok\r\n"
#define BYE "221 2.0.0 Bye\r\n"

/* What a client says, what it hears, and how many messages that makes. */
static const struct {
    const char *sent;
    const char *heard;
    uint64_t messages;
    uint64_t bytes;
    uint64_t refused;
} cases[] = {
    {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n",
     GREETING OK_MAIL OK_RCPT GO_AHEAD OK BYE, 1, 7, 0},
    /* An empty message. */
    {"DATA\r\n.\r\nquit\r\n", GREETING GO_AHEAD OK BYE, 1, 3, 0},
    /* Dots that end nothing: stuffed, in a line, before a bare LF, behind a doubled CR. */
    {"DATA\r\n..\r\na.\r\n.a\r\n.\n\r\r\n.\r\r\n\r\n.\r\nNOOP\r\n", GREETING GO_AHEAD OK OK, 1, 26,
     0},
    /* The next message follows at once. */
    {"DATA\r\nx\r\n.\r\nMAIL FROM:<>\r\nDATA\r\n\r\n.\r\n",
     GREETING GO_AHEAD OK OK_MAIL GO_AHEAD OK, 2, 11, 0},
    /* Lines that are no command; the end of what is heard after QUIT. */
    {"VRFY x\r\nRSET\r\nQUIT\r\nNOOP\r\n", GREETING "502 5.5.1 Not here\r\n" OK BYE, 0, 0, 1},
};

static void dialogues_are_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text sent = text_of(cases[i].sent);
        for (size_t piece = 1; piece <= sent.size; piece++) {
            struct sink_session session;
            struct buffer heard = {NULL, 0, 0};
            struct sink_counts counts = {0};
            sink_session_init(&session, &heard);
            for (size_t at = 0; at < sent.size; at += piece) {
                size_t size = sent.size - at < piece ? sent.size - at : piece;
                char *copy = xalloc_copy(sent.data + at, size); /* so that overreads show */
                sink_session_feed(&session, (struct text){copy, size}, &heard, &counts);
                free(copy);
            }
            assert_int_equal(heard.size, strlen(cases[i].heard));
            assert_memory_equal(heard.data, cases[i].heard, heard.size);
            assert_int_equal(counts.messages, cases[i].messages);
            assert_int_equal(counts.bytes, cases[i].bytes);
            assert_int_equal(counts.refused_commands, cases[i].refused);
            buffer_finish(&heard);
        }
    }
}

static void endless_line_is_refused_once(void **state)
{
    (void)state;
    struct sink_session session;
    struct buffer heard = {NULL, 0, 0};
    struct sink_counts counts = {0};
    sink_session_init(&session, &heard);
    buffer_clear(&heard);
    char part[1000];
    memset(part, 'a', sizeof part);
    for (int i = 0; i < 5; i++) {
        sink_session_feed(&session, (struct text){part, sizeof part}, &heard, &counts);
    }
    sink_session_feed(&session, TEXT("\r\nNOOP\r\n"), &heard, &counts);
    assert_true(text_equal(buffer_text(&heard), TEXT("500 5.5.2 Line too long\r\n" OK)));
    buffer_finish(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialogues_are_cut_anywhere),
        cmocka_unit_test(endless_line_is_refused_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
