#include "bench/sink_session.h"

#include <string.h>

static const char end_of_message[] = "\r\n.\r\n";
#define END_BYTES (sizeof(end_of_message) - 1)
/* DATA's own line ends with CR LF: a dot may stand in the first line of the message. */
#define AT_LINE_START 2

/* One reply for each verb. */
static const struct {
    char verb[5];
    const char *reply;
} commands[] = {
    {"MAIL", "250 2.1.0 Ok\r\n"},
    {"RCPT", "250 2.1.5 Ok\r\n"},
    {"DATA", "354 Go ahead\r\n"},
    {"EHLO", "250-sink.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
             "250 ENHANCEDSTATUSCODES\r\n"},
    {"HELO", "250 sink.test\r\n"},
    {"RSET", "250 2.0.0 Ok\r\n"},
    {"NOOP", "250 2.0.0 Ok\r\n"},
    {"QUIT", "221 2.0.0 Bye\r\n"},
};

void sink_session_init(struct sink_session *session, struct buffer *replies)
{
    *session = (struct sink_session){.line_size = 0};
    buffer_append_string(replies, "220 sink.test ESMTP\r\n");
}

static void on_command(struct sink_session *session, struct text line, struct buffer *replies,
                       struct sink_counts *counts)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (text_starts_with_nocase(line, (struct text){commands[i].verb, 4})) {
            buffer_append_string(replies, commands[i].reply);
            session->is_in_message = commands[i].verb[0] == 'D';
            session->matched = AT_LINE_START;
            session->is_ended = commands[i].verb[0] == 'Q';
            return;
        }
    }
    counts->refused_commands++;
    buffer_append_string(replies, "502 5.5.1 Not here\r\n");
}

/* Keep the begin of a line whose end has not come. */
static void keep(struct sink_session *session, struct text part)
{
    if (part.size > sizeof(session->line) - session->line_size) {
        session->is_line_too_long = true;
        session->line_size = 0;
    }
    if (!session->is_line_too_long && part.size > 0) {
        memcpy(session->line + session->line_size, part.data, part.size);
        session->line_size += part.size;
    }
}

/* @return bytes used: to the end of a line, or all of them */
static size_t feed_command(struct sink_session *session, struct text data, struct buffer *replies,
                           struct sink_counts *counts)
{
    size_t end = text_find(data, '\n');
    struct text line = {data.data, end};
    if (end == data.size || session->line_size > 0) {
        keep(session, line);
        line = (struct text){session->line, session->line_size};
    }
    if (end == data.size) {
        return end;
    }
    if (session->is_line_too_long) {
        counts->refused_commands++;
        buffer_append_string(replies, "500 5.5.2 Line too long\r\n");
    } else {
        on_command(session, line, replies, counts);
    }
    session->is_line_too_long = false;
    session->line_size = 0;
    return end + 1;
}

/* @return bytes used: behind the ending dot's line, or all of them */
static size_t feed_message(struct sink_session *session, struct text data, struct buffer *replies,
                           struct sink_counts *counts)
{
    size_t at = 0;
    while (at < data.size && session->matched < END_BYTES) {
        if (session->matched == 0) {
            at += text_find(text_skip(data, at), '\r');
            session->matched = at < data.size ? 1 : 0;
            at++;
        } else if (data.data[at] == end_of_message[session->matched]) {
            session->matched++;
            at++;
        } else {
            session->matched = 0; /* looks at the same byte again: it may be a CR */
        }
    }
    size_t used = at < data.size ? at : data.size;
    counts->bytes += used;
    if (session->matched == END_BYTES) {
        counts->messages++;
        session->is_in_message = false;
        buffer_append_string(replies, "250 2.0.0 Ok\r\n");
    }
    return used;
}

void sink_session_feed(struct sink_session *session, struct text data, struct buffer *replies,
                       struct sink_counts *counts)
{
    while (data.size > 0 && !session->is_ended) {
        size_t used = session->is_in_message ? feed_message(session, data, replies, counts)
                                             : feed_command(session, data, replies, counts);
        data = text_skip(data, used);
    }
}
