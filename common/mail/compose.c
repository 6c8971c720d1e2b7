#include "common/mail/compose.h"

#include "common/mail/compose_body.h"
#include "common/mail/compose_head.h"
#include "common/mail/compose_task.h"

#include <errno.h>
#include <stdlib.h>

void compose_destroy(struct compose_prepared **prepared)
{
    if (*prepared == NULL) {
        return;
    }
    arena_destroy(&(*prepared)->arena);
    free(*prepared);
    *prepared = NULL;
}

const struct text *compose_names(const struct compose_prepared *prepared, size_t *ret_count)
{
    *ret_count = prepared->name_count;
    return prepared->names;
}

struct text compose_from_domain(const struct compose_prepared *prepared)
{
    return prepared->from_domain;
}

bool compose_is_personal(const struct compose_prepared *prepared)
{
    return prepared->is_personal;
}

struct compose_scratch *compose_scratch_create(void)
{
    struct compose_scratch *scratch = xalloc_zero(1, sizeof *scratch);
    scratch->arena = arena_create(0);
    return scratch;
}

void compose_scratch_destroy(struct compose_scratch **scratch)
{
    if (*scratch == NULL) {
        return;
    }
    arena_destroy(&(*scratch)->arena);
    buffer_finish(&(*scratch)->value);
    buffer_finish(&(*scratch)->page);
    buffer_finish(&(*scratch)->text);
    buffer_finish(&(*scratch)->head);
    free(*scratch);
    *scratch = NULL;
}

int compose_message(const struct compose_prepared *prepared,
                    const struct compose_recipient *recipient, struct compose_scratch *scratch,
                    struct composed *message, struct problem *problem)
{
    struct compose_parts parts;
    compose_parts_start(&parts, message);
    struct compose_task task =
        compose_task_begin(prepared, recipient, scratch, &message->bytes, problem);
    int error = compose_head_append_own(&task);
    error = error == 0 ? compose_head_append_rest(&task) : error;
    error = error == 0 ? compose_body_append(&task, &parts) : error;
    if (error == 0) {
        compose_parts_seal(&parts);
        message->needs_smtputf8 = recipient->address->needs_smtputf8;
    }
    if (error == 0 && message->size > prepared->limit_bytes) {
        problem_set(problem, "", "message_size", "the message is longer than %zu bytes",
                    prepared->limit_bytes);
        error = -EMSGSIZE;
    }
    if (error != 0) {
        compose_parts_start(&parts, message); /* half a message is none */
    }
    return error;
}

int compose_check(const struct compose_prepared *prepared,
                  const struct compose_recipient *recipient, struct compose_scratch *scratch,
                  struct problem *problem)
{
    buffer_clear(&scratch->head);
    struct compose_task task =
        compose_task_begin(prepared, recipient, scratch, &scratch->head, problem);
    int error = compose_head_check_name(&task);
    error = error == 0 ? compose_head_append_rest(&task) : error;
    return error == 0 ? compose_body_check(&task) : error;
}

void compose_flatten(const struct composed *message, struct buffer *out)
{
    for (size_t i = 0; i < message->count; i++) {
        buffer_append_text(out, message->parts[i]);
    }
}

void compose_finish(struct composed *message)
{
    free(message->parts);
    buffer_finish(&message->bytes);
    *message = (struct composed){0};
}
