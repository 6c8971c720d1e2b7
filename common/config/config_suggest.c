#include "common/config/config_suggest.h"

#include <string.h>

#define WORD_MAX 63
#define FAR_AWAY 255

static unsigned int least(unsigned int a, unsigned int b)
{
    return a < b ? a : b;
}

/* One cell of the edit table: rows are prefixes of `a`, of which the last three are kept. */
static unsigned int cell(unsigned int rows[3][WORD_MAX + 1], struct text a, struct text b, size_t i,
                         size_t j)
{
    unsigned int *above = rows[(i + 2) % 3];
    unsigned int *two_above = rows[(i + 1) % 3];
    unsigned int *row = rows[i % 3];
    unsigned int change = a.data[i - 1] == b.data[j - 1] ? 0 : 1;
    unsigned int best = least(above[j - 1] + change, least(above[j], row[j - 1]) + 1);
    if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1]) {
        best = least(best, two_above[j - 2] + 1);
    }
    return best;
}

unsigned int config_suggest_distance(struct text a, struct text b)
{
    unsigned int rows[3][WORD_MAX + 1] = {0};
    if (a.size > WORD_MAX || b.size > WORD_MAX) {
        return FAR_AWAY;
    }
    for (size_t j = 0; j <= b.size; j++) {
        rows[0][j] = (unsigned int)j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        rows[i % 3][0] = (unsigned int)i;
        for (size_t j = 1; j <= b.size; j++) {
            rows[i % 3][j] = cell(rows, a, b, i, j);
        }
    }
    return rows[a.size % 3][b.size];
}

struct config_suggest config_suggest_start(struct text word)
{
    return (struct config_suggest){.word = word, .distance = FAR_AWAY};
}

void config_suggest_offer(struct config_suggest *suggest, struct text candidate)
{
    /* One slip in three letters is a slip of the fingers; more is another word. */
    unsigned int allowed = (unsigned int)(candidate.size < 63 ? candidate.size + 2 : 65) / 3;
    unsigned int distance = config_suggest_distance(suggest->word, candidate);
    if (distance <= allowed && distance < suggest->distance) {
        suggest->best = candidate;
        suggest->distance = distance;
    }
}
