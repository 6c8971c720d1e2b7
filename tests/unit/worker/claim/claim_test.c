#include "worker/claim/claim.h"

#include "common/wire/wire_store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct campaign campaign = {.lane = HIKYAKU__V1__LANE__LANE_BULK};
static const struct store_batch_name name = {.number = 7};

static void add_row(struct buffer *rows, struct row row)
{
    unsigned char bytes[ROWS_SIZE];
    rows_encode(&row, bytes);
    buffer_append(rows, bytes, sizeof bytes);
}

static void add_recipient(struct claim *claim, uint32_t index, const char *address,
                          const char *wire)
{
    wire_store_append_recipient(&(struct wire_store_recipient){.index = index,
                                                               .address = text_of(address),
                                                               .wire_address = text_of(wire)},
                                &claim->recipients);
}

static void test_due_open_rows_become_letters(void **state)
{
    (void)state;
    struct claim *claim = claim_create(&campaign, &name);
    struct buffer rows = {0};
    add_row(&rows, (struct row){.state = OUTCOME_PENDING});
    add_row(&rows, (struct row){.state = OUTCOME_DEFERRED, .due = 100});
    add_row(&rows, (struct row){.state = OUTCOME_DEFERRED, .due = 101});
    add_row(&rows, (struct row){.state = OUTCOME_DELIVERED});
    add_row(&rows, (struct row){.state = OUTCOME_DUPLICATE});
    add_recipient(claim, 40, "a@example.net", "");
    add_recipient(claim, 41, "b@bücher.example", "b@xn--bcher-kva.example");
    add_recipient(claim, 42, "c@example.net", "");
    add_recipient(claim, 43, "d@example.net", "");
    add_recipient(claim, 44, "", "");
    assert_int_equal(claim_fill(claim, buffer_text(&rows), 100), 0);
    assert_int_equal(claim->count, 5);
    assert_int_equal(claim->working, 2);
    static const uint8_t places[] = {LETTER_FILING, LETTER_FILING, LETTER_IDLE, LETTER_IDLE,
                                     LETTER_IDLE};
    for (size_t i = 0; i < claim->count; i++) {
        assert_int_equal(claim->letters[i].place, places[i]);
        assert_int_equal(claim->letters[i].index, 40 + i);
        assert_int_equal(claim->letters[i].position, i);
    }
    assert_true(text_equal(claim->letters[0].domain, TEXT("example.net")));
    assert_true(text_equal(claim->letters[1].wire, TEXT("b@xn--bcher-kva.example")));
    assert_true(text_equal(claim->letters[1].domain, TEXT("xn--bcher-kva.example")));
    assert_string_equal(claim->text, "00000000000000000000000000:7");
    buffer_finish(&rows);
    claim_destroy(&claim);
    claim_destroy(&claim);
}

static void test_rows_and_recipients_must_fit(void **state)
{
    static const struct {
        size_t rows;
        size_t recipients;
    } cases[] = {{0, 0}, {1, 2}, {2, 1}, {1, 0}, {501, 501}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct claim *claim = claim_create(&campaign, &name);
        struct buffer rows = {0};
        for (size_t j = 0; j < cases[i].rows; j++) {
            add_row(&rows, (struct row){.state = OUTCOME_PENDING});
        }
        for (size_t j = 0; j < cases[i].recipients; j++) {
            add_recipient(claim, (uint32_t)j, "a@example.net", "");
        }
        assert_int_equal(claim_fill(claim, buffer_text(&rows), 0), -EPROTO);
        buffer_finish(&rows);
        claim_destroy(&claim);
    }
}

/* I7: what cannot be read stands under a gate, so its due rows need a place to be settled from. */
static void test_damaged_batches_keep_their_rows(void **state)
{
    (void)state;
    struct claim *claim = claim_create(&campaign, &name);
    struct buffer rows = {0};
    add_row(&rows, (struct row){.state = OUTCOME_PENDING});
    add_row(&rows, (struct row){.state = OUTCOME_DELIVERED});
    add_row(&rows, (struct row){.state = OUTCOME_DEFERRED, .due = 101});
    add_row(&rows, (struct row){.state = OUTCOME_DEFERRED, .due = 100});
    add_recipient(claim, 40, "a@example.net", "");
    assert_int_equal(claim_fill(claim, buffer_text(&rows), 100), -EPROTO);
    claim_fill_damaged(claim, buffer_text(&rows), 100);
    assert_true(claim->is_damaged);
    assert_int_equal(claim->count, 4);
    assert_int_equal(claim->working, 2);
    static const uint8_t places[] = {LETTER_FILING, LETTER_IDLE, LETTER_IDLE, LETTER_FILING};
    for (size_t i = 0; i < claim->count; i++) {
        assert_int_equal(claim->letters[i].place, places[i]);
        assert_int_equal(claim->letters[i].position, i);
        assert_int_equal(claim->letters[i].packed.size, 0);
    }
    buffer_finish(&rows);
    claim_destroy(&claim);
}

/* A suspect batch is claimed in parts: the other letters have their rows and nothing else to do. */
static void test_only_the_part_is_worked_on(void **state)
{
    (void)state;
    for (int is_damaged = 0; is_damaged < 2; is_damaged++) {
        struct claim *claim = claim_create(&campaign, &name);
        struct buffer rows = {0};
        claim->first_row = 1;
        claim->row_count = 2;
        for (uint32_t i = 0; i < 4; i++) {
            add_row(&rows, (struct row){.state = OUTCOME_PENDING});
            add_recipient(claim, i, "a@example.net", "");
        }
        if (is_damaged) {
            claim_fill_damaged(claim, buffer_text(&rows), 0);
        } else {
            assert_int_equal(claim_fill(claim, buffer_text(&rows), 0), 0);
        }
        assert_int_equal(claim->count, 4);
        assert_int_equal(claim->working, 2);
        assert_int_equal(claim->letters[0].place, LETTER_IDLE);
        assert_int_equal(claim->letters[1].place, LETTER_FILING);
        assert_int_equal(claim->letters[2].place, LETTER_FILING);
        assert_int_equal(claim->letters[3].place, LETTER_IDLE);
        buffer_finish(&rows);
        claim_destroy(&claim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_open_rows_become_letters),
        cmocka_unit_test(test_rows_and_recipients_must_fit),
        cmocka_unit_test(test_damaged_batches_keep_their_rows),
        cmocka_unit_test(test_only_the_part_is_worked_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
