#include "cli/dns_text.h"

/* One look-up of several names. */
struct search {
    struct loop *loop;
    struct arena *arena;
    size_t left;
};

struct question {
    struct search *search;
    struct dns_text *name;
};

static void on_answer(void *context, const struct resolver_answer *answer)
{
    struct question *question = context;
    question->name->status = answer->status;
    question->name->count = answer->count;
    if (answer->status == RESOLVER_OK && answer->count > 0) {
        question->name->record = arena_text(question->search->arena, answer->texts[0]);
    }
    if (--question->search->left == 0) {
        loop_stop(question->search->loop);
    }
}

int dns_text_find(const char *resolver, struct dns_text *names, size_t count, struct arena *arena,
                  struct problem *problem)
{
    const char *const forwarders[] = {resolver, NULL};
    static const char *const open_zones[] = {"test.", NULL};
    struct resolver_settings settings = {
        .forwarders = resolver == NULL ? NULL : forwarders,
        .open_zones = resolver == NULL ? NULL : open_zones,
    };
    struct search search = {.loop = loop_create(), .arena = arena, .left = count};
    struct question *questions = arena_zero(arena, count, sizeof *questions);
    struct resolver *dns = NULL;
    int refused = resolver_create(search.loop, &settings, &dns, problem);
    for (size_t i = 0; i < count && refused == 0; i++) {
        questions[i] = (struct question){&search, &names[i]};
        (void)resolver_find_txt(dns, names[i].name, on_answer, &questions[i]);
    }
    if (refused == 0 && count > 0) {
        loop_run(search.loop);
    }
    resolver_destroy(&dns);
    loop_destroy(&search.loop);
    return refused;
}
