#include "worker/claim/letter.h"

#include <assert.h>

static void link_between(struct letter_list *list, struct letter *previous, struct letter *letter,
                         struct letter *next)
{
    assert(letter->list == NULL);
    letter->list = list;
    letter->previous = previous;
    letter->next = next;
    *(previous != NULL ? &previous->next : &list->first) = letter;
    *(next != NULL ? &next->previous : &list->last) = letter;
    list->count++;
}

void letter_list_append(struct letter_list *list, struct letter *letter)
{
    link_between(list, list->last, letter, NULL);
}

void letter_list_prepend(struct letter_list *list, struct letter *letter)
{
    link_between(list, NULL, letter, list->first);
}

void letter_list_remove(struct letter *letter)
{
    struct letter_list *list = letter->list;
    if (list == NULL) {
        return;
    }
    *(letter->previous != NULL ? &letter->previous->next : &list->first) = letter->next;
    *(letter->next != NULL ? &letter->next->previous : &list->last) = letter->previous;
    letter->list = NULL;
    letter->previous = letter->next = NULL;
    list->count--;
}

struct letter *letter_list_take(struct letter_list *list)
{
    struct letter *letter = list->first;
    if (letter != NULL) {
        letter_list_remove(letter);
    }
    return letter;
}

bool letter_is_unstarted(const struct letter *letter)
{
    return letter->place >= LETTER_FILING && letter->place <= LETTER_READY;
}
