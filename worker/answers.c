#include "worker/answers.h"

#include "worker/outbox/outbox_why.h"
#include "worker/paths/paths_report.h"
#include "worker/paths/shadow_report.h"

void answers_fill(const struct answers_sources *sources, const Hikyaku__V1__Inquiry *inquiry,
                  struct arena *arena, Hikyaku__V1__InquiryAnswer *answer)
{
    answer->number = inquiry->number;
    if (inquiry->shadow) {
        shadow_report_fill(sources->paths, inquiry, arena, answer);
    } else if (inquiry->paths) {
        paths_report_fill(sources->paths, inquiry, arena, answer);
    } else {
        outbox_why_fill(sources->outbox, sources->claims, inquiry, arena, answer);
    }
}
