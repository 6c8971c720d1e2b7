#include "common/mail/compose_show.h"

#include "common/mail/compose_body.h"
#include "common/mail/compose_task.h"

int compose_show(const struct compose_prepared *prepared, const struct compose_recipient *recipient,
                 struct compose_scratch *scratch, struct compose_shown *ret_shown,
                 struct problem *problem)
{
    struct compose_task task =
        compose_task_begin(prepared, recipient, scratch, &scratch->head, problem);
    struct text subject = TEXT("");
    int error = compose_value_render_header(&task.variant->subject, &task.input, &scratch->value,
                                            "subject", &subject, problem);
    error = error == 0 ? compose_body_show(&task) : error;
    if (error == 0) {
        *ret_shown = (struct compose_shown){
            .subject = subject,
            .text = buffer_text(&scratch->text),
            .html = buffer_text(&scratch->page),
        };
    }
    return error;
}
