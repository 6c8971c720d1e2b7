/* "Did you mean ...?" */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_SUGGEST_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_SUGGEST_H

#include "common/base/text.h"

/** Edits (insert, delete, change, swap of neighbours) between two words of at most 63 bytes;
 *  longer ones count as 255 apart. */
unsigned int config_suggest_distance(struct text a, struct text b);

/** The best candidate so far for a mistyped word. */
struct config_suggest {
    struct text word;
    struct text best; /* borrowed; data NULL: none is near */
    unsigned int distance;
};
struct config_suggest config_suggest_start(struct text word);
/** Offer a candidate; it is kept when it is nearer than all before and near enough to be meant. */
void config_suggest_offer(struct config_suggest *suggest, struct text candidate);

#endif
