/* Texts of a file as values with units, and back. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_VALUE_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_VALUE_H

#include "common/base/text.h"

/** "true" or "false", nothing else: YAML's yes, no, on, off mean different things to different
 *  readers. @return 0 or -EINVAL */
MUST_USE int config_value_boolean(struct text text, bool *ret_value);

/** Decimal digits. @return 0, -EINVAL or -ERANGE (2^64 and more) */
MUST_USE int config_value_integer(struct text text, uint64_t *ret_value);

/** Numbers with units, largest first: "1h30m", "500ms"; units ms, s, m, h, d; "0" needs none.
 *  @return 0, -EINVAL (form, order, no unit) or -ERANGE */
MUST_USE int config_value_duration(struct text text, uint64_t *ret_ms);

/** A number and B, KiB, MiB, GiB, TiB or (powers of ten) kB, MB, GB, TB; "0" needs none.
 *  @return 0, -EINVAL or -ERANGE */
MUST_USE int config_value_size(struct text text, uint64_t *ret_bytes);

/** Large enough for the two below. */
#define CONFIG_VALUE_TEXT_BYTES 48
/** "1h30m", "0s". */
void config_value_show_duration(uint64_t ms, char ret_text[CONFIG_VALUE_TEXT_BYTES]);
/** In the largest binary unit that divides it: "8MiB", "1000B". */
void config_value_show_size(uint64_t bytes, char ret_text[CONFIG_VALUE_TEXT_BYTES]);

#endif
