/* Suppression lists of other systems: which one a CSV file comes from, told by its first row, and
 * what its rows say. Pure; texts are outside bytes.
 *
 *   ours      address_hash,stream,reason,source,actor,at,expires
 *   SES       EmailAddress,Reason,... (BOUNCE, COMPLAINT); its import form has no header
 *   SendGrid  email with status and reason (bounces), reason (invalid), ip (spam reports), or
 *             created alone (unsubscribes)
 *   PowerMTA  rcpt and type of an accounting file: bounces (b) of bounceCat bad-mailbox
 *   plain     addresses, one a row, no header; or a column `address` */
#ifndef HIKYAKU_CLI_SUPPRESSION_COLUMNS_H
#define HIKYAKU_CLI_SUPPRESSION_COLUMNS_H

#include "cli/csv_reader.h"
#include "hikyaku/v1/api.pb-c.h"

struct suppression_columns {
    const char *shape;                     /* static: "SES" */
    Hikyaku__V1__SuppressionReason reason; /* of all rows; UNSPECIFIED: a column or --as says it */
    bool has_header;
    bool is_hash;
    int address; /* columns; -1: there is none */
    int reason_column;
    int at;
    int expires;
    int status;     /* of SendGrid's bounces */
    int type;       /* of PowerMTA's records */
    int bounce_cat; /* */
};

struct suppression_row {
    struct text address; /* or its hash */
    Hikyaku__V1__SuppressionReason reason;
    int64_t at_unix_ms; /* 0: the file does not say */
    int64_t expires_unix_ms;
    bool is_left_out; /* not a bounce that says that the address is no more */
};

/** @return 0, or -EINVAL: a header of no system that is known */
MUST_USE int suppression_columns_find(const struct csv_row *first,
                                      struct suppression_columns *ret_columns,
                                      struct problem *problem);
/**
 * @param as  UNSPECIFIED, or what all rows are
 * @return 0, or -EINVAL: rules csv_address, csv_reason, csv_time
 */
MUST_USE int suppression_columns_read(const struct suppression_columns *columns,
                                      const struct csv_row *row, Hikyaku__V1__SuppressionReason as,
                                      struct suppression_row *ret_row, struct problem *problem);

#endif
