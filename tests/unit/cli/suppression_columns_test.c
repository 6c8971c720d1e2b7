#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cli/suppression_columns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REASON(name) HIKYAKU__V1__SUPPRESSION_REASON__SUPPRESSION_REASON_##name

/* What a file became: "address reason at;" of each row, "-" left out, "!rule" refused. */
struct made {
    struct suppression_columns columns;
    Hikyaku__V1__SuppressionReason as;
    bool is_begun;
    char text[512];
};

static void note_row(struct made *made, const struct csv_row *row)
{
    struct suppression_row read;
    struct problem problem = {.message = ""};
    size_t at = strlen(made->text);
    size_t room = sizeof made->text - at;
    if (suppression_columns_read(&made->columns, row, made->as, &read, &problem) != 0) {
        (void)snprintf(made->text + at, room, "!%s;", problem.rule);
    } else if (read.is_left_out) {
        (void)snprintf(made->text + at, room, "-;");
    } else {
        (void)snprintf(made->text + at, room, "%.*s %d %lld;", TEXT_PRINT(read.address),
                       (int)read.reason, (long long)read.at_unix_ms);
    }
}

static int on_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct made *made = context;
    if (!made->is_begun) {
        made->is_begun = true;
        int error = suppression_columns_find(row, &made->columns, problem);
        if (error != 0 || made->columns.has_header) {
            return error;
        }
    }
    note_row(made, row);
    return 0;
}

static int read_all(const char *file, struct made *made, struct problem *problem)
{
    struct csv_reader *reader = csv_reader_create(on_row, made);
    int error = csv_reader_feed(reader, text_of(file), problem);
    error = error == 0 ? csv_reader_end(reader, problem) : error;
    csv_reader_destroy(&reader);
    return error;
}

static void shapes_are_told_by_their_first_row(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        Hikyaku__V1__SuppressionReason as;
        const char *shape;
        const char *rows;
    } cases[] = {
        {"status,reason,email,created\n5.1.1,\"550, "
         "no\",a@x.test,1443651125\n5.2.2,full,b@x.test,1\n",
         0, "SendGrid (bounces)", "a@x.test 1 1443651125000;-;"},
        {"created,email,reason\n1443651125,a@x.test,no mail server\n", 0, "SendGrid (invalid)",
         "a@x.test 1 1443651125000;"},
        {"email,ip,created\na@x.test,192.0.2.1,2015-10-01 00:00:00\n", 0, "SendGrid (spam reports)",
         "a@x.test 2 1443657600000;"},
        {"email,created\na@x.test,\n,1\n", 0, "SendGrid (unsubscribes)",
         "a@x.test 3 0;!csv_address;"},
        {"EmailAddress,Reason,LastUpdateTime\na@x.test,BOUNCE,2015-10-01T09:00:00+09:00\n"
         "b@x.test,COMPLAINT,\nc@x.test,OTHER,\n",
         0, "SES", "a@x.test 1 1443657600000;b@x.test 2 0;!csv_reason;"},
        {"a@x.test,BOUNCE\nb@x.test,COMPLAINT\n", 0, "SES (import form)",
         "a@x.test 1 0;b@x.test 2 0;"},
        {"type,timeLogged,orig,rcpt,bounceCat\nb,2015-10-01 09:00:00+0900,o@x.test,a@x.test,"
         "bad-mailbox\nb,2015-10-01 09:00:00+0900,o@x.test,b@x.test,quota-issues\n"
         "d,2015-10-01 09:00:00+0900,o@x.test,c@x.test,\n"
         "b,yesterday,o@x.test,a@x.test,bad-mailbox\n",
         0, "PowerMTA", "a@x.test 1 1443657600000;-;-;!csv_time;"},
        {"address_hash,stream,reason,source,actor,at,expires\r\nab12,*,MANUAL,CALL,\"y\","
         "2015-10-01T00:00:00Z,\r\n",
         0, "Hikyaku", "ab12 4 1443657600000;"},
        {"a@x.test\nb@x.test\n", 0, "addresses", "!csv_reason;!csv_reason;"},
        {"a@x.test\nb@x.test\n", REASON(UNSUBSCRIBE), "addresses", "a@x.test 3 0;b@x.test 3 0;"},
        {"name,address\nx,a@x.test\n", REASON(MANUAL), "addresses", "a@x.test 4 0;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made made = {.as = cases[i].as};
        struct problem problem = {.message = ""};
        if (read_all(cases[i].file, &made, &problem) != 0) {
            fail_msg("case %zu: %s", i, problem.message);
        }
        assert_string_equal(made.columns.shape, cases[i].shape);
        assert_string_equal(made.text, cases[i].rows);
    }
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"name,value\nx,y\n", "rcpt,time\na@x.test,1\n", "x\n"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct made made = {.as = REASON(MANUAL)};
        struct problem problem = {.message = ""};
        assert_int_equal(read_all(files[i], &made, &problem), -EINVAL);
        assert_string_equal(problem.rule, "csv_header");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_told_by_their_first_row),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
