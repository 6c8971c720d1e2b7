#include "common/policy/classify_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATES_MAX = 60000, ROOT = 0, NO_TAGS = 0 };

/* Tags of a state, as a list; behind its own come those of the words that end within its word. */
struct tag_link {
    uint32_t tag;
    uint32_t next; /* NO_TAGS ends the list */
};

struct classify_search {
    uint8_t column_of[256]; /* of each byte; 0: a byte of no word */
    uint16_t column_count;
    uint16_t *next; /* [state * columns + column]: the state behind */
    uint32_t *tags; /* [state]: its first tag_link */
    uint16_t state_count;
    size_t state_room;
    struct tag_link *links; /* from 1 */
    uint32_t link_count;
    size_t link_room;
};

enum { COLUMNS_MAX = 128 };

struct classify_search *classify_search_create(void)
{
    struct classify_search *search = xalloc_zero(1, sizeof *search);
    search->column_count = 1;
    search->state_count = 1;
    search->state_room = 1024;
    search->next = xalloc_zero(search->state_room * COLUMNS_MAX, sizeof *search->next);
    search->tags = xalloc_zero(search->state_room, sizeof *search->tags);
    search->link_count = 1;
    search->link_room = 256;
    search->links = xalloc_zero(search->link_room, sizeof *search->links);
    return search;
}

void classify_search_destroy(struct classify_search **search)
{
    if (*search != NULL) {
        free((*search)->next);
        free((*search)->tags);
        free((*search)->links);
        free(*search);
        *search = NULL;
    }
}

/* While words are added, rows are COLUMNS_MAX wide; finishing makes them as narrow as can be. */
static uint16_t *cell(struct classify_search *search, uint16_t state, unsigned char byte)
{
    return &search->next[(size_t)state * COLUMNS_MAX + search->column_of[byte]];
}

static uint16_t add_state(struct classify_search *search)
{
    if (search->state_count == search->state_room) {
        size_t old = search->state_room;
        search->state_room *= 2;
        search->next =
            xalloc_resize(search->next, search->state_room * COLUMNS_MAX, sizeof *search->next);
        search->tags = xalloc_resize(search->tags, search->state_room, sizeof *search->tags);
        memset(search->next + old * COLUMNS_MAX, 0, old * COLUMNS_MAX * sizeof *search->next);
        memset(search->tags + old, 0, old * sizeof *search->tags);
    }
    return search->state_count++;
}

static void add_tag(struct classify_search *search, uint16_t state, uint32_t tag)
{
    if (search->link_count == search->link_room) {
        search->link_room *= 2;
        search->links = xalloc_resize(search->links, search->link_room, sizeof *search->links);
    }
    search->links[search->link_count] = (struct tag_link){tag, search->tags[state]};
    search->tags[state] = search->link_count++;
}

int classify_search_add(struct classify_search *search, struct text word, uint32_t tag)
{
    uint16_t state = ROOT;
    for (size_t i = 0; i < word.size; i++) {
        unsigned char byte = (unsigned char)word.data[i];
        if (search->column_of[byte] == 0) {
            if (search->column_count == COLUMNS_MAX) {
                return -EMSGSIZE;
            }
            search->column_of[byte] = (uint8_t)search->column_count++;
        }
        if (*cell(search, state, byte) == ROOT) {
            if (search->state_count == STATES_MAX) {
                return -EMSGSIZE;
            }
            uint16_t added = add_state(search);
            *cell(search, state, byte) = added;
        }
        state = *cell(search, state, byte);
    }
    add_tag(search, state, tag);
    return 0;
}

/* The tags of the longest word that ends within this one come behind its own. */
static void chain_tags(struct classify_search *search, uint16_t state, uint16_t shorter)
{
    if (search->tags[state] == NO_TAGS) {
        search->tags[state] = search->tags[shorter];
        return;
    }
    uint32_t link = search->tags[state];
    while (search->links[link].next != NO_TAGS) {
        link = search->links[link].next;
    }
    search->links[link].next = search->tags[shorter];
}

static void narrow(struct classify_search *search)
{
    for (size_t state = 0; state < search->state_count; state++) {
        memmove(search->next + state * search->column_count, search->next + state * COLUMNS_MAX,
                search->column_count * sizeof *search->next);
    }
    search->next = xalloc_resize(search->next, (size_t)search->state_count * search->column_count,
                                 sizeof *search->next);
}

void classify_search_finish(struct classify_search *search)
{
    /* Breadth first: the state to fall back to is always done before it is needed. */
    uint16_t *queue = xalloc_zero(search->state_count, sizeof *queue);
    uint16_t *shorter = xalloc_zero(search->state_count, sizeof *shorter);
    size_t first = 0;
    size_t last = 0;
    queue[last++] = ROOT;
    while (first < last) {
        uint16_t state = queue[first++];
        chain_tags(search, state, state == ROOT ? ROOT : shorter[state]);
        for (size_t column = 1; column < search->column_count; column++) {
            uint16_t *next = &search->next[(size_t)state * COLUMNS_MAX + column];
            uint16_t fallback =
                state == ROOT ? ROOT : search->next[(size_t)shorter[state] * COLUMNS_MAX + column];
            if (*next == ROOT) {
                *next = fallback;
            } else {
                shorter[*next] = fallback;
                queue[last++] = *next;
            }
        }
    }
    free(queue);
    free(shorter);
    narrow(search);
}

void classify_search_run(const struct classify_search *search, struct text text,
                         classify_search_fn *on_word, void *context)
{
    size_t state = ROOT;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t column = search->column_of[(unsigned char)text.data[i]];
        state = search->next[state * search->column_count + column];
        for (uint32_t link = search->tags[state]; link != NO_TAGS;
             link = search->links[link].next) {
            on_word(context, search->links[link].tag);
        }
    }
}
