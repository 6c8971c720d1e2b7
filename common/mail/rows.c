#include "common/mail/rows.h"

#include "common/base/bytes.h"

#include <errno.h>

static const struct {
    const char *name;
    bool is_final;
} outcomes[OUTCOME_LIMIT] = {
#define X(identifier, number, text, final) [(number)] = {text, final},
    ROWS_OUTCOMES(X)
#undef X
};

static const char *const gate_names[GATE_LIMIT] = {
#define X(identifier, number, name) [(number)] = (name),
    ROWS_GATES(X)
#undef X
};

enum row_offset {
#define X(field, offset, size) ROW_AT_##field = (offset),
    ROWS_FIELDS(X)
#undef X
};

void rows_encode(const struct row *row, unsigned char ret_bytes[ROWS_SIZE])
{
    ret_bytes[ROW_AT_state] = row->state;
    ret_bytes[ROW_AT_flags] = row->flags;
    ret_bytes[ROW_AT_attempts] = row->attempts;
    ret_bytes[ROW_AT_reply_class] = row->reply_class;
    ret_bytes[ROW_AT_gate] = row->gate;
    ret_bytes[ROW_AT_deaths] = row->deaths;
    bytes_put_u16(ret_bytes + ROW_AT_smtp, row->smtp);
    bytes_put_u24(ret_bytes + ROW_AT_enhanced, row->enhanced);
    ret_bytes[ROW_AT_seq] = row->seq;
    bytes_put_u32(ret_bytes + ROW_AT_due, row->due);
}

void rows_decode(const unsigned char bytes[ROWS_SIZE], struct row *ret_row)
{
    *ret_row = (struct row){
        .state = bytes[ROW_AT_state],
        .flags = bytes[ROW_AT_flags],
        .attempts = bytes[ROW_AT_attempts],
        .reply_class = bytes[ROW_AT_reply_class],
        .gate = bytes[ROW_AT_gate],
        .deaths = bytes[ROW_AT_deaths],
        .smtp = bytes_get_u16(bytes + ROW_AT_smtp),
        .enhanced = bytes_get_u24(bytes + ROW_AT_enhanced),
        .seq = bytes[ROW_AT_seq],
        .due = bytes_get_u32(bytes + ROW_AT_due),
    };
}

bool rows_is_final(uint8_t state)
{
    return state < OUTCOME_LIMIT && outcomes[state].is_final;
}

bool rows_is_open(uint8_t state)
{
    return state == OUTCOME_PENDING || state == OUTCOME_DEFERRED;
}

const char *rows_outcome_name(uint8_t state)
{
    bool known = state < OUTCOME_LIMIT && outcomes[state].name != NULL;
    return known ? outcomes[state].name : "UNKNOWN";
}

const char *rows_gate_name(uint8_t gate)
{
    return gate < GATE_LIMIT ? gate_names[gate] : "UNKNOWN";
}

int rows_parse_outcome(struct text name, uint8_t *ret_state)
{
    for (unsigned int state = 0; state < OUTCOME_LIMIT; state++) {
        if (outcomes[state].name != NULL && text_equal(name, text_of(outcomes[state].name))) {
            *ret_state = (uint8_t)state;
            return 0;
        }
    }
    return -EINVAL;
}

void rows_append_lua(struct buffer *out)
{
    buffer_printf(out, "local ROW_SIZE = %d\n", ROWS_SIZE);
    /* Lua strings count from 1. */
#define X(field, offset, size) buffer_printf(out, "local ROW_%s = %d\n", #field, (offset) + 1);
    ROWS_FIELDS(X)
#undef X
#define X(identifier, number, name, final) buffer_printf(out, "local %s = %d\n", name, number);
    ROWS_OUTCOMES(X)
#undef X
    buffer_printf(out, "local OUTCOMES = %d\nlocal GATES = %d\n", OUTCOME_LIMIT - 1, GATE_LIMIT);
    buffer_printf(out, "local MARKED = %d\nlocal POSSIBLE_DUPLICATE = %d\nlocal LATE = %d\n",
                  ROW_MARKED, ROW_POSSIBLE_DUPLICATE, ROW_LATE);
    buffer_printf(out, "local RESOLVED = %d\nlocal DOUBLED = %d\nlocal RETRY_DUE = %d\n",
                  ROW_RESOLVED, ROW_DOUBLED, GATE_RETRY_DUE);
    buffer_printf(out, "local QUARANTINED = %d\nlocal QUARANTINE_DEATHS = %d\nlocal NEVER = %u\n",
                  GATE_QUARANTINED, ROWS_DEATHS_MAX, ROWS_DUE_NEVER);
    buffer_append_string(out, "local IS_FINAL = {");
    for (unsigned int state = 1; state < OUTCOME_LIMIT; state++) {
        buffer_append_string(out, outcomes[state].is_final ? "true," : "false,");
    }
    buffer_append_string(out, "}\n");
}
