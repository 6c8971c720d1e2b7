#include "common/mail/compose_task.h"

#include "common/mail/compose_lang.h"

struct compose_task compose_task_begin(const struct compose_prepared *prepared,
                                       const struct compose_recipient *recipient,
                                       struct compose_scratch *scratch, struct buffer *out,
                                       struct problem *problem)
{
    arena_reset(scratch->arena);
    if (problem != NULL) {
        problem->field[0] = '\0'; /* the templates' own problems are told by it */
    }
    return (struct compose_task){
        .prepared = prepared,
        .variant = compose_lang_choose(prepared, recipient->lang),
        .recipient = recipient,
        .scratch = scratch,
        .input = {.fields = recipient->fields,
                  .defaults = prepared->defaults,
                  .missing = prepared->missing,
                  .limit_bytes = prepared->limit_bytes},
        .out = out,
        .problem = problem,
    };
}
