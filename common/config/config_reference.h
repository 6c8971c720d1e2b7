/* The reference of a program's configuration, written from its table. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_REFERENCE_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_REFERENCE_H

#include "common/config/config_table.h"

/** Append Markdown: a heading, a table of keys, then each kind of record in the same form. */
void config_reference_markdown(const struct config_table *table, struct buffer *out);

#endif
