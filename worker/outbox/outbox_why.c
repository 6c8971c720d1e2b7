#include "worker/outbox/outbox_why.h"

#include "worker/outbox/outbox_parts.h"

#include <math.h>
#include <string.h>

/* Letters counted by gate and site. */
struct why {
    struct outbox *outbox;
    struct arena *arena;
    Hikyaku__V1__WaitingLetters *kinds[OUTBOX_WHY_KINDS_MAX]; /* in the arena */
    size_t count;
};

static char *copy(struct arena *arena, struct text text)
{
    return arena_copy(arena, text.data, text.size);
}

static bool has_ended(const struct letter *letter)
{
    return letter->place == LETTER_SETTLED || letter->place == LETTER_IDLE;
}

static uint8_t gate_of(struct outbox *outbox, const struct letter *letter)
{
    return letter->place == LETTER_ON_WIRE ? GATE_NONE : outbox_gate_of(outbox, letter);
}

static struct text site_of(const struct letter *letter)
{
    return letter->destination == NULL ? TEXT("") : letter->destination->site->name;
}

/* ---------------------------------------------------------------- paths */

static void add_path(struct destination *destination, struct sending_ip *ip, struct arena *arena,
                     Hikyaku__V1__WaitingLetters *letters)
{
    const struct path *held = destination_path(destination, ip);
    const struct path_control *control = &held->control;
    struct path_answer answer = paths_look(destination->outbox->settings.paths, held);
    bool is_closed = answer.gate == GATE_SITE_SUSPENDED || answer.gate == GATE_WARMUP_QUOTA;
    Hikyaku__V1__WaitingPath *path = arena_alloc(arena, sizeof *path);
    hikyaku__v1__waiting_path__init(path);
    path->sending_ip = copy(arena, text_of(ip->text));
    path->gate = answer.is_allowed ? GATE_NONE : answer.gate;
    path->wait_ms = is_closed ? answer.wait_ms : 0;
    path->rule = copy(arena, text_of(control->suspension.rule));
    bool is_rated = control->rate.ceiling > 0 || control->profile->rate_most > 0;
    path->rate_per_1000_s = is_rated ? (uint64_t)llround(control->rate.rate * 1000) : 0;
    path->connections = control->window.open;
    letters->paths[letters->n_paths++] = path;
}

static void add_paths(struct destination *destination, struct arena *arena,
                      Hikyaku__V1__WaitingLetters *letters)
{
    struct sending_ips *ips = destination->outbox->settings.ips;
    letters->paths = arena_zero(arena, ips->count + 1, sizeof(void *));
    for (size_t i = 0; i < ips->count; i++) {
        if (destination_is_of_use(destination, &ips->items[i])) {
            add_path(destination, &ips->items[i], arena, letters);
        }
    }
}

/* ---------------------------------------------------------------- kinds */

static Hikyaku__V1__WaitingLetters *obtain(struct why *why, const struct letter *letter)
{
    struct arena *arena = why->arena;
    uint8_t gate = gate_of(why->outbox, letter);
    struct text site = site_of(letter);
    for (size_t i = 0; i < why->count; i++) {
        if (why->kinds[i]->gate == gate && text_equal(text_of(why->kinds[i]->site), site)) {
            return why->kinds[i];
        }
    }
    if (why->count == OUTBOX_WHY_KINDS_MAX) {
        return NULL;
    }
    Hikyaku__V1__WaitingLetters *kind = arena_alloc(arena, sizeof *kind);
    hikyaku__v1__waiting_letters__init(kind);
    kind->gate = gate;
    kind->site = copy(arena, site);
    kind->place = letter->place;
    if (letter->destination != NULL) {
        add_paths(letter->destination, arena, kind);
    }
    why->kinds[why->count++] = kind;
    return kind;
}

static void add_claim(void *context, const struct claim *claim)
{
    struct why *why = context;
    for (size_t i = 0; i < claim->count; i++) {
        const struct letter *letter = &claim->letters[i];
        if (has_ended(letter)) {
            continue;
        }
        Hikyaku__V1__WaitingLetters *kind = obtain(why, letter);
        if (kind != NULL) {
            kind->count++;
        }
    }
}

/* Those of its tenant that came before it, and all that are further. */
static uint64_t ahead_of(const struct letter *letter)
{
    const struct destination *destination = letter->destination;
    uint64_t ahead = 0;
    if (destination == NULL || letter->place == LETTER_ON_WIRE) {
        return 0;
    }
    for (const struct letter *each = letter->previous; each != NULL; each = each->previous) {
        ahead++;
    }
    if (letter->place == LETTER_QUEUED) {
        ahead += destination_backlog(destination) - destination->queued;
    }
    return ahead;
}

static void add_letter(struct why *why, const struct letter *letter)
{
    Hikyaku__V1__WaitingLetters *kind = has_ended(letter) ? NULL : obtain(why, letter);
    if (kind != NULL) {
        kind->count = 1;
        kind->ahead = ahead_of(letter);
    }
}

static void add_one(struct why *why, const struct claims *claims,
                    const Hikyaku__V1__Inquiry *inquiry)
{
    struct store_batch_name name = {.number = inquiry->batch};
    char text[CLAIM_NAME_BYTES];
    memcpy(name.campaign, inquiry->campaign_id.data, sizeof name.campaign);
    claim_print_name(&name, text);
    const struct claim *claim = claims_find(claims, text_of(text));
    if (claim != NULL && inquiry->position < claim->count) {
        add_letter(why, &claim->letters[inquiry->position]);
    }
}

void outbox_why_fill(struct outbox *outbox, const struct claims *claims,
                     const Hikyaku__V1__Inquiry *inquiry, struct arena *arena,
                     Hikyaku__V1__InquiryAnswer *answer)
{
    struct why *why = arena_zero(arena, 1, sizeof *why);
    why->outbox = outbox;
    why->arena = arena;
    if (inquiry->all) {
        claims_visit(claims, inquiry->campaign_id.data, add_claim, why);
    } else {
        add_one(why, claims, inquiry);
    }
    answer->number = inquiry->number;
    answer->letters = why->kinds;
    answer->n_letters = why->count;
}
