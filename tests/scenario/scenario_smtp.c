/* Plays scripted servers against the SMTP dialogue, without socket or clock: scenario_smtp FOLDER.
 * The words of a script are in README.md; what a script does not expect is a failure, too. */
#include "common/base/clock.h"
#include "common/mail/enhanced_code.h"
#include "worker/smtp/smtp_dialogue.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX 16

struct letter {
    struct smtp_message message;
    struct text name;   /* all texts are borrowed from the script */
    struct text part;   /* of the message */
    struct buffer body; /* owned */
    bool is_mail_written;
};

struct play {
    const char *path;
    unsigned line;
    struct buffer script;
    struct smtp_dialogue_settings settings;
    struct smtp_dialogue *dialogue; /* NULL until the first word that is no setting */
    struct letter letters[LETTERS_MAX];
    size_t letter_count;
    size_t letters_taken;
    struct buffer sent;   /* what the client wrote and no line of the script has named yet */
    struct buffer events; /* results that no line has expected yet, one a line */
    unsigned writes;      /* since the last "writes" */
    uint64_t now_ms;
    uint64_t since_ms; /* of the last progress */
    uint32_t progress;
    bool is_bytewise;
    bool is_stalled;     /* the kernel takes nothing */
    bool is_gate_closed; /* may_complete() says no */
};

__attribute__((noreturn, format(printf, 2, 3))) static void give_up(const struct play *play,
                                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%s:%u: ", play->path, play->line);
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

/* ---- the owner of the dialogue ---- */

static struct smtp_message *next_message(void *context)
{
    struct play *play = context;
    return play->letters_taken == play->letter_count
               ? NULL
               : &play->letters[play->letters_taken++].message;
}

static void on_mail_written(void *context, struct smtp_message *message)
{
    (void)context;
    struct letter *letter = message->context;
    letter->is_mail_written = true;
}

static bool may_complete(void *context, const struct smtp_message *message)
{
    const struct play *play = context;
    (void)message;
    return !play->is_gate_closed;
}

static void append_fields(struct buffer *out, const struct smtp_result *result)
{
    char enhanced[ENHANCED_CODE_TEXT_SIZE];
    (void)enhanced_code_print(result->enhanced, enhanced);
    buffer_printf(out, " stage=%s failure=%s code=%u enhanced=%s",
                  smtp_result_stage_name(result->stage), smtp_result_failure_name(result->failure),
                  result->code, enhanced);
}

static void on_result(void *context, struct smtp_message *message, struct smtp_result *result)
{
    struct play *play = context;
    const struct letter *letter = message->context;
    buffer_printf(&play->events, "result %.*s", TEXT_PRINT(letter->name));
    append_fields(&play->events, result);
    buffer_printf(&play->events, " dot=%s answered=%s delivered=%s doubt=%s size=%zu\n",
                  result->was_dot_written ? "yes" : "no", result->was_answered ? "yes" : "no",
                  smtp_result_is_delivered(result) ? "yes" : "no",
                  smtp_result_is_in_doubt(result) ? "yes" : "no", result->reply.size);
}

/* Write what the dialogue wants written, as the session does. */
static void pump(struct play *play)
{
    struct text output = smtp_dialogue_output(play->dialogue);
    while (output.size > 0) {
        buffer_append_text(&play->sent, output);
        play->writes++;
        smtp_dialogue_on_taken(play->dialogue);
        if (play->is_stalled) {
            break;
        }
        smtp_dialogue_on_flushed(play->dialogue);
        output = smtp_dialogue_output(play->dialogue);
    }
    if (smtp_dialogue_progress(play->dialogue) != play->progress) {
        play->progress = smtp_dialogue_progress(play->dialogue);
        play->since_ms = play->now_ms;
    }
}

static void feed(struct play *play, struct text bytes)
{
    size_t step = play->is_bytewise ? 1 : bytes.size;
    while (bytes.size > 0) {
        smtp_dialogue_feed(play->dialogue, (struct text){bytes.data, step});
        pump(play);
        bytes = text_skip(bytes, step);
    }
}

/* ---- reading a script ---- */

static struct text take_word(struct text *rest)
{
    struct text word = {NULL, 0};
    if (rest->size > 0) {
        (void)text_next_part(rest, ' ', &word);
    }
    return word;
}

static uint64_t number_of(const struct play *play, struct text text)
{
    uint64_t number = 0;
    if (text_to_u64(text, UINT32_MAX, &number) != 0) {
        give_up(play, "a number is needed, not \"%.*s\"", TEXT_PRINT(text));
    }
    return number;
}

/* "+5m1s" */
static uint64_t duration_of(const struct play *play, struct text text)
{
    uint64_t total_ms = 0;
    text = text_skip(text, text_starts_with(text, TEXT("+")) ? 1 : 0);
    while (text.size > 0) {
        size_t digits = strspn(text.data, "0123456789");
        digits = digits < text.size ? digits : text.size;
        uint64_t number = number_of(play, (struct text){text.data, digits});
        text = text_skip(text, digits);
        bool is_minutes = text_starts_with(text, TEXT("m"));
        if (!is_minutes && !text_starts_with(text, TEXT("s"))) {
            give_up(play, "a duration is needed, like +5m1s");
        }
        total_ms += number * (is_minutes ? MINUTE_MS : SECOND_MS);
        text = text_skip(text, 1);
    }
    return total_ms;
}

/* The byte that stands for an escape; moves `text` behind it. */
static char take_escape(struct text *text)
{
    static const char letters[] = "rn0";
    static const char bytes[] = "\r\n\0";
    char letter = text->size > 0 ? text->data[0] : '\\';
    const char *known = memchr(letters, letter, 3);
    *text = text_skip(*text, 1);
    if (letter == 'x' && text->size >= 2) {
        char digits[3] = {text->data[0], text->data[1], 0};
        *text = text_skip(*text, 2);
        return (char)strtoul(digits, NULL, 16);
    }
    return known == NULL ? letter : bytes[known - letters];
}

/* Append with \r \n \0 \\ \xHH put in their places. */
static void append_plain(struct buffer *out, struct text text)
{
    while (text.size > 0) {
        char byte = text.data[0];
        text = text_skip(text, 1);
        buffer_append_byte(out, byte == '\\' ? take_escape(&text) : byte);
    }
}

static struct letter *letter_of(struct play *play, struct text name)
{
    for (size_t i = 0; i < play->letter_count; i++) {
        if (text_equal(play->letters[i].name, name)) {
            return &play->letters[i];
        }
    }
    give_up(play, "no message \"%.*s\"", TEXT_PRINT(name));
}

/* ---- the words ---- */

static void do_set(struct play *play, struct text rest)
{
    struct text word;
    while ((word = take_word(&rest)).size > 0) {
        struct text value = text_skip(word, text_find(word, '=') + 1);
        if (text_starts_with(word, TEXT("tls="))) {
            play->settings.tls = text_equal(value, TEXT("never"))      ? SMTP_TLS_NEVER
                                 : text_equal(value, TEXT("required")) ? SMTP_TLS_REQUIRED
                                                                       : SMTP_TLS_OPPORTUNISTIC;
        } else if (text_starts_with(word, TEXT("messages_max="))) {
            play->settings.messages_max = (uint32_t)number_of(play, value);
        } else if (text_equal(word, TEXT("stepwise"))) {
            play->settings.is_stepwise = true;
        } else if (text_equal(word, TEXT("bytewise"))) {
            play->is_bytewise = true;
        } else if (text_equal(word, TEXT("waits_behind_dot"))) {
            play->settings.waits_behind_dot = true;
        } else {
            give_up(play, "no setting \"%.*s\"", TEXT_PRINT(word));
        }
    }
}

/* @return false when the word is the body, which takes the rest of the line */
static bool set_letter(struct play *play, struct letter *letter, struct text word, struct text line)
{
    struct text value = text_skip(word, text_find(word, '=') + 1);
    if (text_starts_with(word, TEXT("to="))) {
        letter->message.recipient = value;
    } else if (text_starts_with(word, TEXT("from="))) {
        letter->message.sender = value;
    } else if (text_equal(word, TEXT("hold"))) {
        letter->message.is_released = false;
    } else if (text_equal(word, TEXT("8bit"))) {
        letter->message.is_8bit = true;
    } else if (text_equal(word, TEXT("utf8"))) {
        letter->message.needs_smtputf8 = true;
    } else if (text_starts_with(word, TEXT("lines="))) { /* of 64 bytes */
        for (uint64_t i = number_of(play, value); i > 0; i--) {
            buffer_append_text(&letter->body, TEXT("0123456789abcdef0123456789abcdef"
                                                   "0123456789abcdef0123456789abcd\r\n"));
        }
    } else if (text_starts_with(word, TEXT("body="))) {
        append_plain(
            &letter->body,
            text_skip((struct text){word.data, (size_t)(line.data + line.size - word.data)},
                      strlen("body=")));
        return false;
    } else {
        give_up(play, "a message has no \"%.*s\"", TEXT_PRINT(word));
    }
    return true;
}

static void do_message(struct play *play, struct text rest)
{
    if (play->letter_count == LETTERS_MAX) {
        give_up(play, "too many messages");
    }
    struct text line = rest;
    struct letter *letter = &play->letters[play->letter_count];
    letter->name = take_word(&rest);
    letter->message.sender = TEXT("news@example.org");
    letter->message.recipient = TEXT("b@example.net");
    letter->message.is_released = true;
    letter->message.context = letter;
    struct text word;
    while ((word = take_word(&rest)).size > 0 && set_letter(play, letter, word, line)) {
    }
    if (letter->body.size == 0) {
        buffer_append_text(&letter->body, TEXT("Subject: hi\r\n\r\nHello\r\n"));
    }
    letter->part = buffer_text(&letter->body);
    letter->message.parts = &letter->part;
    letter->message.part_count = 1;
    letter->message.size_bytes = letter->part.size;
    play->letter_count++;
    if (play->dialogue != NULL) {
        smtp_dialogue_wake(play->dialogue);
        pump(play);
    }
}

static void say(struct play *play, uint64_t times, struct text what, struct text end)
{
    OWNED(buffer_finish) struct buffer bytes = {0};
    for (; times > 0; times--) {
        append_plain(&bytes, what);
    }
    buffer_append_text(&bytes, end);
    feed(play, buffer_text(&bytes));
}

static void do_bytes(struct play *play, struct text rest)
{
    say(play, 1, rest, TEXT(""));
}

static void do_server(struct play *play, struct text rest)
{
    say(play, 1, rest, TEXT("\r\n"));
}

static void do_repeat(struct play *play, struct text rest)
{
    uint64_t times = number_of(play, take_word(&rest));
    say(play, times, rest, TEXT(""));
}

static void do_client(struct play *play, struct text rest)
{
    OWNED(buffer_finish) struct buffer expected = {0};
    append_plain(&expected, rest);
    buffer_append_text(&expected, TEXT("\r\n"));
    if (!text_starts_with(buffer_text(&play->sent), buffer_text(&expected))) {
        struct text sent = buffer_text(&play->sent);
        sent.size = text_find(sent, '\n');
        give_up(play, "the client sent \"%.*s\"", TEXT_PRINT(text_trim(sent)));
    }
    buffer_consume(&play->sent, expected.size);
}

static void do_client_bytes(struct play *play, struct text rest)
{
    uint64_t size = number_of(play, rest);
    if (play->sent.size < size) {
        give_up(play, "the client sent %zu bytes only", play->sent.size);
    }
    buffer_consume(&play->sent, (size_t)size);
}

static void do_silent(struct play *play, struct text rest)
{
    (void)rest;
    if (play->sent.size > 0) {
        struct text sent = buffer_text(&play->sent);
        give_up(play, "the client sent \"%.*s\"", TEXT_PRINT(sent));
    }
}

static void do_writes(struct play *play, struct text rest)
{
    if (play->writes != number_of(play, rest)) {
        give_up(play, "the client made %u writes", play->writes);
    }
    play->writes = 0;
}

static void do_stall(struct play *play, struct text rest)
{
    (void)rest;
    play->is_stalled = true;
}

static void do_flush(struct play *play, struct text rest)
{
    (void)rest;
    play->is_stalled = false;
    smtp_dialogue_on_flushed(play->dialogue);
    pump(play);
}

static void do_clock(struct play *play, struct text rest)
{
    uint64_t then_ms = play->now_ms + duration_of(play, rest);
    while (smtp_dialogue_stage(play->dialogue) != SMTP_STAGE_FINISHED &&
           play->since_ms + smtp_dialogue_timeout_ms(play->dialogue) <= then_ms) {
        play->now_ms = play->since_ms + smtp_dialogue_timeout_ms(play->dialogue);
        smtp_dialogue_on_timeout(play->dialogue);
        pump(play);
    }
    play->now_ms = then_ms;
}

static void do_end(struct play *play, struct text rest)
{
    bool is_reset = text_equal(rest, TEXT("resets"));
    smtp_dialogue_fail(play->dialogue, is_reset ? SMTP_FAILURE_RESET : SMTP_FAILURE_CLOSED);
}

static void do_handshake(struct play *play, struct text rest)
{
    if (!smtp_dialogue_wants_tls(play->dialogue)) {
        give_up(play, "no handshake is wanted");
    }
    if (text_equal(rest, TEXT("fails"))) {
        smtp_dialogue_fail(play->dialogue, SMTP_FAILURE_TLS);
    } else {
        smtp_dialogue_on_tls(play->dialogue);
    }
    pump(play);
}

static void do_release(struct play *play, struct text rest)
{
    smtp_dialogue_release(play->dialogue, &letter_of(play, rest)->message);
    pump(play);
}

static void do_abort(struct play *play, struct text rest)
{
    struct letter *letter = letter_of(play, take_word(&rest));
    bool is_late = smtp_dialogue_abort(play->dialogue, &letter->message) != 0;
    if (is_late != text_equal(rest, TEXT("too_late"))) {
        give_up(play, is_late ? "too late to abort it" : "it was aborted");
    }
    pump(play);
}

static void do_gate(struct play *play, struct text rest)
{
    play->is_gate_closed = text_equal(rest, TEXT("closed"));
}

static void do_quit(struct play *play, struct text rest)
{
    (void)rest;
    smtp_dialogue_quit(play->dialogue);
    pump(play);
}

/* Every word of `expected` must stand in the line. */
static void expect_fields(const struct play *play, struct text expected, struct text line)
{
    struct text word;
    while ((word = take_word(&expected)).size > 0) {
        struct text rest = line;
        struct text have = {NULL, 0};
        do {
            have = take_word(&rest);
        } while (have.size > 0 && !text_equal(have, word));
        if (have.size == 0) {
            give_up(play, "not so: %.*s", TEXT_PRINT(line));
        }
    }
}

static void expect_event(struct play *play, struct text expected)
{
    struct text events = buffer_text(&play->events);
    struct text line = {events.data, text_find(events, '\n')};
    if (line.size == 0) {
        give_up(play, "there is no result");
    }
    expect_fields(play, expected, line);
    buffer_consume(&play->events, line.size + 1);
}

static void do_expect(struct play *play, struct text rest)
{
    struct text expected = rest;
    struct text what = take_word(&rest);
    if (text_equal(what, TEXT("result"))) {
        expect_event(play, expected);
    } else if (text_equal(what, TEXT("end"))) {
        OWNED(buffer_finish) struct buffer line = {0};
        append_fields(&line, smtp_dialogue_end(play->dialogue));
        buffer_printf(&line, " reset=%s", smtp_dialogue_needs_reset(play->dialogue) ? "yes" : "no");
        if (smtp_dialogue_stage(play->dialogue) != SMTP_STAGE_FINISHED) {
            give_up(play, "it has not ended");
        }
        expect_fields(play, rest, text_skip(buffer_text(&line), 1));
    } else if (text_equal(what, TEXT("stage"))) {
        const char *stage = smtp_result_stage_name(smtp_dialogue_stage(play->dialogue));
        expect_fields(play, rest, text_of(stage));
    } else if (text_equal(what, TEXT("mail_written"))) {
        expect_fields(play, TEXT("yes"),
                      text_of(letter_of(play, rest)->is_mail_written ? "yes" : "no"));
    } else {
        give_up(play, "nothing to expect is called \"%.*s\"", TEXT_PRINT(what));
    }
}

static const struct {
    const char *word;
    void (*run)(struct play *play, struct text rest);
} words[] = {
    {"set", do_set},
    {"message", do_message},
    {"server", do_server},
    {"bytes", do_bytes},
    {"repeat", do_repeat},
    {"client", do_client},
    {"client_bytes", do_client_bytes},
    {"silent", do_silent},
    {"writes", do_writes},
    {"stall", do_stall},
    {"flush", do_flush},
    {"clock", do_clock},
    {"connection", do_end},
    {"handshake", do_handshake},
    {"release", do_release},
    {"abort", do_abort},
    {"gate", do_gate},
    {"quit", do_quit},
    {"expect", do_expect},
};

/* ---- playing ---- */

static void start(struct play *play)
{
    const struct smtp_dialogue_hooks hooks = {.next_message = next_message,
                                              .on_mail_written = on_mail_written,
                                              .may_complete = may_complete,
                                              .on_result = on_result,
                                              .context = play};
    play->dialogue = smtp_dialogue_create(&play->settings, &hooks);
}

static void play_line(struct play *play, struct text line)
{
    struct text rest = text_trim(line);
    struct text word = take_word(&rest);
    if (word.size == 0 || word.data[0] == '#') {
        return;
    }
    rest = rest.data == NULL ? TEXT("") : rest;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_equal(word, text_of(words[i].word))) {
            if (play->dialogue == NULL && i >= 2) { /* behind "set" and "message" */
                start(play);
            }
            words[i].run(play, rest);
            return;
        }
    }
    give_up(play, "no word \"%.*s\"", TEXT_PRINT(word));
}

static void read_script(struct play *play)
{
    FILE *file = fopen(play->path, "rb");
    if (file == NULL) {
        give_up(play, "cannot be read");
    }
    size_t got = 0;
    do {
        got = fread(buffer_reserve(&play->script, 4096), 1, 4096, file);
        play->script.size += got;
    } while (got > 0);
    (void)fclose(file);
    buffer_append_byte(&play->script, '\0');
    play->script.size--;
}

static void play_file(const char *path)
{
    struct play play = {.path = path,
                        .settings = {.hello = TEXT("out.example"), .idle_ms = 30 * SECOND_MS}};
    read_script(&play);
    struct text rest = buffer_text(&play.script);
    struct text line;
    while (text_next_part(&rest, '\n', &line)) {
        play.line++;
        play_line(&play, line);
    }
    do_silent(&play, rest);
    if (play.events.size > 0) {
        give_up(&play, "not expected: %.*s", TEXT_PRINT(buffer_text(&play.events)));
    }
    smtp_dialogue_destroy(&play.dialogue);
    for (size_t i = 0; i < play.letter_count; i++) {
        buffer_finish(&play.letters[i].body);
    }
    buffer_finish(&play.sent);
    buffer_finish(&play.events);
    buffer_finish(&play.script);
}

static int is_script(const struct dirent *entry)
{
    return text_ends_with_nocase(text_of(entry->d_name), TEXT(".smtp"));
}

int main(int count, char **arguments)
{
    struct dirent **names = NULL;
    int found = count == 2 ? scandir(arguments[1], &names, is_script, alphasort) : -1;
    for (int i = 0; i < found; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", arguments[1], names[i]->d_name);
        play_file(path);
        free(names[i]);
    }
    free(names);
    (void)printf("%d scenarios played\n", found);
    return found <= 0; /* an empty folder proves nothing */
}
