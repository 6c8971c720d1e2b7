/* The checksum of Redis' dumps: CRC-64, Jones' polynomial, bits reflected, begun with 0. */
#ifndef HIKYAKU_COMMON_BACKUP_CRC64_H
#define HIKYAKU_COMMON_BACKUP_CRC64_H

#include "common/base/text.h"

#include <stdint.h>

/** Go on from `sum` (0: from the beginning) over `bytes`. */
uint64_t crc64_add(uint64_t sum, struct text bytes);

#endif
