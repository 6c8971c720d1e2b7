/* One SMTP client of the sink: commands and messages that come in pieces of any size. Everything is
 * accepted, nothing is kept but counts. Pure. */
#ifndef HIKYAKU_BENCH_SINK_SESSION_H
#define HIKYAKU_BENCH_SINK_SESSION_H

#include "common/base/buffer.h"

#define SINK_SESSION_LINE_BYTES 2048

/** What a sink has seen. */
struct sink_counts {
    uint64_t connections;
    uint64_t messages;
    uint64_t bytes; /* of messages, the ending dot's line included */
    uint64_t refused_commands;
};

struct sink_session {
    bool is_in_message;
    bool is_ended;         /* QUIT was answered */
    bool is_line_too_long; /* the line at hand is thrown away */
    unsigned int matched;  /* bytes of CR LF . CR LF seen at the end of what came */
    size_t line_size;      /* of a command whose end has not come */
    char line[SINK_SESSION_LINE_BYTES];
};

/** Begin: the greeting is appended to `replies`. */
void sink_session_init(struct sink_session *session, struct buffer *replies);

/**
 * Take what the client sent; commands behind QUIT are dropped.
 *
 * @param replies  answers are appended, in order (PIPELINING)
 * @param counts   added to
 */
void sink_session_feed(struct sink_session *session, struct text data, struct buffer *replies,
                       struct sink_counts *counts);

#endif
