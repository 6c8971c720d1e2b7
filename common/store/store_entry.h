/* Reads entries of an event stream: outside data, bounded and checked. Pure. */
#ifndef HIKYAKU_COMMON_STORE_STORE_ENTRY_H
#define HIKYAKU_COMMON_STORE_STORE_ENTRY_H

#include "common/store/store_events.h"

#define STORE_ENTRY_CHANGES_MAX 500
#define STORE_ENTRY_FIELDS_MAX 32

/** "generation-sequence". @return 0, or -EPROTO */
MUST_USE int store_entry_read_place(struct text id, struct store_event_place *ret_place);

/**
 * @param fields   names and values in turn; texts are borrowed
 * @param changes  room for STORE_ENTRY_CHANGES_MAX rows; borrowed by the entry
 * @return 0, or -EPROTO (damaged, or of a format not known). Partition and place are not touched.
 */
MUST_USE int store_entry_read(const struct text *fields, size_t count,
                              struct store_row_change *changes,
                              struct store_event_entry *ret_entry);

#endif
