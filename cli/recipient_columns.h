/* What the columns of a recipients' file mean: `address`, `ref`, `lang` and `display_name` are the
 * recipient's, every other column is a merge field. Pure. */
#ifndef HIKYAKU_CLI_RECIPIENT_COLUMNS_H
#define HIKYAKU_CLI_RECIPIENT_COLUMNS_H

#include "cli/csv_reader.h"
#include "common/base/arena.h"
#include "hikyaku/v1/api.pb-c.h"

struct recipient_columns;

/**
 * Read the header row.
 * @return 0; -EINVAL: no `address` column, a column without name, a name given twice
 */
MUST_USE int recipient_columns_create(const struct csv_row *header,
                                      struct recipient_columns **ret_columns,
                                      struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void recipient_columns_destroy(struct recipient_columns **columns);

/** Fill a recipient from a row with as many columns as the header; its texts go into `arena`.
 *  Merge fields become a JSON object of strings. */
void recipient_columns_fill(struct recipient_columns *columns, const struct csv_row *row,
                            struct arena *arena, Hikyaku__V1__Recipient *ret_recipient);

#endif
