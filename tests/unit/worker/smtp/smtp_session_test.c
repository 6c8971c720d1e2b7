/* Sessions over real sockets on 127.0.0.0/8 and ::1, against a thread that plays a server. */
#include "tests/unit/worker/smtp/scripted_server.h"
#include "worker/smtp/smtp_session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MESSAGES_MAX 8

/* ---- the owner ---- */

struct owner {
    struct loop *loop;
    struct stream_tls *tls;
    struct smtp_session *session;
    struct smtp_session_settings settings;
    struct stream_address source;
    struct smtp_message messages[MESSAGES_MAX];
    struct smtp_result results[MESSAGES_MAX]; /* reply is not kept */
    size_t available;
    size_t taken;
    size_t told;
    size_t mails;
    size_t gate_asked;
    loop_fn *on_mail; /* NULL: nothing */
    struct smtp_result end;
    bool is_closed;
};

static const struct text short_part = {"Subject: hi\r\n\r\n.Hello\r\n", 23};

static struct smtp_message *next_message(void *context)
{
    struct owner *owner = context;
    return owner->taken == owner->available ? NULL : &owner->messages[owner->taken++];
}

static void on_mail_written(void *context, struct smtp_message *message)
{
    struct owner *owner = context;
    (void)message;
    owner->mails++;
    if (owner->on_mail != NULL) {
        loop_defer(owner->loop, owner->on_mail, owner);
    }
}

static bool may_complete(void *context, const struct smtp_message *message)
{
    struct owner *owner = context;
    assert_true(message->is_released);
    owner->gate_asked++;
    return true;
}

static void on_result(void *context, struct smtp_message *message, const struct smtp_result *result)
{
    struct owner *owner = context;
    assert_ptr_equal(message, &owner->messages[owner->told]);
    assert_string_equal(result->mx_host, "mx.test");
    owner->results[owner->told++] = *result;
}

static void on_closed(void *context, const struct smtp_result *end)
{
    struct owner *owner = context;
    char ip[STREAM_ADDRESS_LENGTH];
    stream_address_format(&owner->settings.remote, ip);
    assert_string_equal(end->ip, ip);
    owner->end = *end;
    owner->is_closed = true;
    loop_stop(owner->loop);
}

static void prepare(struct owner *owner, const struct stream_address *remote, size_t messages)
{
    *owner = (struct owner){.available = messages};
    owner->loop = loop_create();
    assert_int_equal(stream_tls_create(&owner->tls, NULL), 0);
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        owner->messages[i] = (struct smtp_message){.sender = TEXT("news@example.org"),
                                                   .recipient = TEXT("b@example.net"),
                                                   .parts = &short_part,
                                                   .part_count = 1,
                                                   .size_bytes = short_part.size,
                                                   .is_released = true};
    }
    owner->settings = (struct smtp_session_settings){.remote = *remote,
                                                     .mx_host = "mx.test",
                                                     .hello = "out.example",
                                                     .tls = owner->tls,
                                                     .idle_ms = 30};
}

static void run(struct owner *owner)
{
    const struct smtp_session_callbacks callbacks = {.next_message = next_message,
                                                     .on_mail_written = on_mail_written,
                                                     .may_complete = may_complete,
                                                     .on_result = on_result,
                                                     .on_closed = on_closed,
                                                     .context = owner};
    owner->session = smtp_session_open(owner->loop, &owner->settings, &callbacks);
    assert_int_equal(smtp_session_stage(owner->session), SMTP_STAGE_CONNECT);
    loop_run(owner->loop);
    assert_true(owner->is_closed);
    assert_int_equal(owner->told, owner->taken);
    loop_destroy(&owner->loop);
    stream_tls_destroy(&owner->tls);
}

static void set_source(struct owner *owner, const char *ip)
{
    assert_int_equal(stream_address_parse(text_of(ip), 0, &owner->source), 0);
    owner->settings.source = &owner->source;
}

static void expect_end(const struct owner *owner, enum smtp_stage stage, enum smtp_failure failure)
{
    assert_string_equal(smtp_result_stage_name(owner->end.stage), smtp_result_stage_name(stage));
    assert_string_equal(smtp_result_failure_name(owner->end.failure),
                        smtp_result_failure_name(failure));
}

/* ---- tests ---- */

#define GREETING                    \
    {SAY, "220 mx.test ESMTP\r\n"}, \
    {                               \
        HEAR, "EHLO out.example"    \
    }
#define PIPELINING                               \
    {                                            \
        SAY, "250-mx.test\r\n250 PIPELINING\r\n" \
    }
#define ENVELOPE                                                               \
    {HEAR, "MAIL FROM:<news@example.org>"}, {HEAR, "RCPT TO:<b@example.net>"}, \
    {                                                                          \
        HEAR, "DATA"                                                           \
    }
#define GO_ON                                    \
    {                                            \
        SAY, "250 ok\r\n250 ok\r\n354 go on\r\n" \
    }
#define FAREWELL                                             \
    {HEAR, "QUIT"}, {SAY, "221 bye\r\n"}, {SEE_CLOSE, NULL}, \
    {                                                        \
        END, NULL                                            \
    }

/* S13: from the given address, with its name; one connection for all; closed when idle. */
static void three_messages_from_one_address(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,
                                        PIPELINING,
                                        ENVELOPE,
                                        GO_ON,
                                        {TAKE_BODY, NULL},
                                        ENVELOPE,
                                        {SAY, "250 2.0.0 one\r\n250 ok\r\n250 ok\r\n354 go on\r\n"},
                                        {TAKE_BODY, NULL},
                                        ENVELOPE,
                                        {SAY, "250 2.0.0 two\r\n250 ok\r\n250 ok\r\n354 go on\r\n"},
                                        {TAKE_BODY, NULL},
                                        {SAY, "250 2.0.0 three\r\n"},
                                        FAREWELL};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 3);
    set_source(&owner, "127.0.0.77");
    run(&owner);
    assert_int_equal(owner.told, 3);
    assert_int_equal(owner.mails, 3);
    assert_int_equal(owner.gate_asked, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(smtp_result_is_delivered(&owner.results[i]));
        assert_null(owner.results[i].tls_version);
    }
    expect_end(&owner, SMTP_STAGE_QUIT, SMTP_FAILURE_NONE);
    assert_int_equal(server.body.size, 3 * short_part.size);
    assert_string_equal(server.client_ip, "127.0.0.77");
    scripted_server_finish(&server);
}

static void over_ipv6(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,          PIPELINING,          ENVELOPE, GO_ON,
                                        {TAKE_BODY, NULL}, {SAY, "250 ok\r\n"}, FAREWELL};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "::1");
    prepare(&owner, &server.address, 1);
    set_source(&owner, "::1");
    run(&owner);
    assert_true(smtp_result_is_delivered(&owner.results[0]));
    assert_string_equal(server.client_ip, "::1");
    scripted_server_finish(&server);
}

/* T1, T2: any certificate will do; SNI is the MX host. */
static void under_tls(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,
                                        {SAY, "250-mx.test\r\n250 STARTTLS\r\n"},
                                        {HEAR, "STARTTLS"},
                                        {SAY, "220 go\r\n"},
                                        {SHAKE, NULL},
                                        {HEAR, "EHLO out.example"},
                                        PIPELINING,
                                        ENVELOPE,
                                        GO_ON,
                                        {TAKE_BODY, NULL},
                                        {SAY, "250 ok\r\n"},
                                        FAREWELL};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    run(&owner);
    assert_true(smtp_result_is_delivered(&owner.results[0]));
    assert_string_equal(owner.results[0].tls_version, "TLSv1.3");
    assert_string_equal(server.server_name, "mx.test");
    expect_end(&owner, SMTP_STAGE_QUIT, SMTP_FAILURE_NONE);
    scripted_server_finish(&server);
}

static const struct step broken_tls[] = {GREETING,
                                         {SAY, "250-mx.test\r\n250 STARTTLS\r\n"},
                                         {HEAR, "STARTTLS"},
                                         {SAY, "220 go\r\n"},
                                         {RUBBISH, NULL},
                                         {SEE_CLOSE, NULL},
                                         {NEXT_CLIENT, NULL},
                                         GREETING,
                                         {SAY, "250-mx.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n"},
                                         ENVELOPE,
                                         GO_ON,
                                         {TAKE_BODY, NULL},
                                         {SAY, "250 ok\r\n"},
                                         FAREWELL};

/* T1, RFC 7435: plain text on a second connection. */
static void plain_text_when_the_handshake_fails(void **state)
{
    (void)state;
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, broken_tls, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    set_source(&owner, "127.0.0.78");
    run(&owner);
    assert_true(smtp_result_is_delivered(&owner.results[0]));
    assert_null(owner.results[0].tls_version);
    scripted_server_finish(&server);
}

/* G6: never plain text where TLS is required. */
static void no_plain_text_when_tls_is_required(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETING,           {SAY, "250-mx.test\r\n250 STARTTLS\r\n"},
        {HEAR, "STARTTLS"}, {SAY, "220 go\r\n"},
        {RUBBISH, NULL},    {SEE_CLOSE, NULL},
        {END, NULL}};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    owner.settings.tls_policy = SMTP_TLS_REQUIRED;
    run(&owner);
    assert_int_equal(owner.taken, 0);
    expect_end(&owner, SMTP_STAGE_TLS, SMTP_FAILURE_TLS);
    scripted_server_finish(&server);
}

/* E2: no fallback for it; somebody is at work on the line. */
static void injected_plain_text_ends_it(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETING,           {SAY, "250-mx.test\r\n250 STARTTLS\r\n"},
        {HEAR, "STARTTLS"}, {SAY, "220 go\r\n250 mx.test\r\n"},
        {SEE_CLOSE, NULL},  {END, NULL}};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    run(&owner);
    assert_int_equal(owner.taken, 0);
    expect_end(&owner, SMTP_STAGE_TLS, SMTP_FAILURE_PROTOCOL);
    scripted_server_finish(&server);
}

/* Where nobody listens; from an address that is not ours. */
static void cannot_connect(void **state)
{
    (void)state;
    struct owner owner;
    struct stream_address nowhere;
    assert_int_equal(stream_address_parse(TEXT("127.0.0.1"), 1, &nowhere), 0);
    prepare(&owner, &nowhere, 1);
    run(&owner);
    expect_end(&owner, SMTP_STAGE_CONNECT, SMTP_FAILURE_CONNECT_REFUSED);
    assert_int_equal(owner.taken, 0);

    prepare(&owner, &nowhere, 1);
    set_source(&owner, "192.0.2.1");
    run(&owner);
    expect_end(&owner, SMTP_STAGE_CONNECT, SMTP_FAILURE_SOURCE_ADDRESS);
}

static void release_first(void *context)
{
    struct owner *owner = context;
    assert_int_equal(owner->gate_asked, 0);
    smtp_session_release(owner->session, &owner->messages[0]);
}

/* HOLD: the mark is answered while the server thinks. */
static void held_message_is_released(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,          PIPELINING,          ENVELOPE, GO_ON,
                                        {TAKE_BODY, NULL}, {SAY, "250 ok\r\n"}, FAREWELL};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    owner.messages[0].is_released = false;
    owner.on_mail = release_first;
    run(&owner);
    assert_true(smtp_result_is_delivered(&owner.results[0]));
    assert_int_equal(owner.gate_asked, 1);
    scripted_server_finish(&server);
}

static struct loop_timer *abort_timer;

static void abort_in_the_body(void *context)
{
    struct owner *owner = context;
    if (smtp_session_stage(owner->session) == SMTP_STAGE_BODY) {
        assert_int_equal(smtp_session_abort(owner->session, &owner->messages[0]), 0);
        loop_timer_destroy(&abort_timer);
    }
}

static void look_for_the_body(void *context)
{
    struct owner *owner = context;
    abort_timer = loop_timer_create(owner->loop, abort_in_the_body, owner);
    loop_timer_start(abort_timer, 1, 1);
}

/* Doubt: no answer to the mark; the server must not take what it has for a whole message. */
static void aborted_message_is_reset(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING, PIPELINING,        ENVELOPE,
                                        GO_ON,    {SEE_RESET, NULL}, {END, NULL}};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    owner.messages[0].is_released = false;
    owner.on_mail = look_for_the_body;
    run(&owner);
    assert_int_equal(owner.results[0].failure, SMTP_FAILURE_ABORTED);
    assert_false(owner.results[0].was_dot_written);
    assert_int_equal(owner.gate_asked, 0);
    expect_end(&owner, SMTP_STAGE_BODY, SMTP_FAILURE_ABORTED);
    scripted_server_finish(&server);
}

/* S5: a megabyte with dots comes out as it went in, in plain text and under TLS. */
static void long_message(const struct step *steps)
{
    struct scripted_server server;
    struct owner owner;
    OWNED(buffer_finish) struct buffer body = {0};
    for (int i = 0; body.size < 1024 * 1024; i++) {
        buffer_printf(&body, "%s%d\r\n", i % 7 == 0 ? "." : "line ", i);
    }
    const struct text parts[] = {{body.data, 1000}, {body.data + 1000, body.size - 1000}};
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    owner.messages[0].signature = TEXT("DKIM-Signature: v=1\r\n");
    owner.messages[0].parts = parts;
    owner.messages[0].part_count = 2;
    owner.messages[0].size_bytes = body.size + 21;
    run(&owner);
    assert_true(smtp_result_is_delivered(&owner.results[0]));
    struct text got = buffer_text(&server.body);
    assert_true(text_starts_with(got, TEXT("DKIM-Signature: v=1\r\n")));
    assert_true(text_equal(text_skip(got, 21), buffer_text(&body)));
    scripted_server_finish(&server);
}

static void long_message_in_plain_text(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,          PIPELINING,          ENVELOPE, GO_ON,
                                        {TAKE_BODY, NULL}, {SAY, "250 ok\r\n"}, FAREWELL};
    long_message(steps);
}

static void long_message_under_tls(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,
                                        {SAY, "250-mx.test\r\n250 STARTTLS\r\n"},
                                        {HEAR, "STARTTLS"},
                                        {SAY, "220 go\r\n"},
                                        {SHAKE, NULL},
                                        {HEAR, "EHLO out.example"},
                                        PIPELINING,
                                        ENVELOPE,
                                        GO_ON,
                                        {TAKE_BODY, NULL},
                                        {SAY, "250 ok\r\n"},
                                        FAREWELL};
    long_message(steps);
}

/* S2, Y6: the first is in doubt, the second was never looked at. */
static void lost_behind_the_dot(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING,          PIPELINING, ENVELOPE,   GO_ON,
                                        {TAKE_BODY, NULL}, ENVELOPE,   {END, NULL}};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 2);
    run(&owner);
    assert_true(smtp_result_is_in_doubt(&owner.results[0]));
    assert_false(smtp_result_is_delivered(&owner.results[0]));
    assert_int_equal(owner.results[1].stage, SMTP_STAGE_MAIL);
    assert_false(owner.results[1].was_dot_written);
    assert_false(owner.results[1].was_answered);
    expect_end(&owner, SMTP_STAGE_DOT, SMTP_FAILURE_CLOSED);
    scripted_server_finish(&server);
}

/* S1, with a thousandth of its time. */
static void silent_server(void **state)
{
    (void)state;
    static const struct step steps[] = {{SEE_CLOSE, NULL}, {END, NULL}};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    owner.settings.timeout_permille = 1;
    run(&owner);
    assert_int_equal(owner.taken, 0);
    expect_end(&owner, SMTP_STAGE_GREETING, SMTP_FAILURE_TIMEOUT);
    scripted_server_finish(&server);
}

static void close_session(void *context)
{
    struct owner *owner = context;
    smtp_session_close(owner->session);
}

static void closed_by_its_owner(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETING, PIPELINING, {SEE_CLOSE, NULL}, {END, NULL}};
    struct scripted_server server;
    struct owner owner;
    scripted_server_start(&server, steps, "127.0.0.1");
    prepare(&owner, &server.address, 1);
    owner.on_mail = close_session;
    run(&owner);
    assert_int_equal(owner.results[0].failure, SMTP_FAILURE_ABORTED);
    assert_false(owner.results[0].was_dot_written);
    assert_int_equal(owner.end.failure, SMTP_FAILURE_ABORTED);
    scripted_server_finish(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_messages_from_one_address),
        cmocka_unit_test(over_ipv6),
        cmocka_unit_test(under_tls),
        cmocka_unit_test(plain_text_when_the_handshake_fails),
        cmocka_unit_test(no_plain_text_when_tls_is_required),
        cmocka_unit_test(injected_plain_text_ends_it),
        cmocka_unit_test(cannot_connect),
        cmocka_unit_test(held_message_is_released),
        cmocka_unit_test(aborted_message_is_reset),
        cmocka_unit_test(long_message_in_plain_text),
        cmocka_unit_test(long_message_under_tls),
        cmocka_unit_test(lost_behind_the_dot),
        cmocka_unit_test(silent_server),
        cmocka_unit_test(closed_by_its_owner),
    };
    return cmocka_run_group_tests(tests, scripted_server_make_certificate,
                                  scripted_server_drop_certificate);
}
