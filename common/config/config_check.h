/* Ready rules for texts, to be named in tables as .check. Each fits config_check_fn. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_CHECK_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_CHECK_H

#include "common/base/problem.h"

/** Lower-case letters, digits, '-' and '_', 1 to 63, a letter or digit first: names of pools,
 *  tenants, workers (they become parts of keys and metrics). @return 0 or -EINVAL */
int config_check_name(struct text value, struct problem *problem);
/** An IPv4 or IPv6 address without port or prefix. @return 0 or -EINVAL */
int config_check_ip(struct text value, struct problem *problem);
/** A host name of letters, digits and hyphens, at most 253 bytes. @return 0 or -EINVAL
 *  @source RFC 1123, 2.1 */
int config_check_host(struct text value, struct problem *problem);
/** https://HOST[:PORT][/PATH] of visible ASCII, without user, query and fragment. @return 0 or
 *  -EINVAL */
int config_check_https(struct text value, struct problem *problem);
/** HOST:PORT, ADDRESS:PORT, [IPV6]:PORT or unix:PATH. @return 0 or -EINVAL */
int config_check_endpoint(struct text value, struct problem *problem);

/** The most bytes of a host in an endpoint, NUL included. */
#define CONFIG_CHECK_HOST_BYTES 256

/**
 * Take an endpoint apart that config_check_endpoint accepts.
 *
 * @param ret_host  out: host or address without brackets, or the path of a unix socket
 * @param ret_port  out: 0..65535; 0 with a unix socket
 * @return 0, 1 for a unix socket (ret_host is its path, cut to no less than fits: paths of sockets
 *         are shorter), or -EINVAL
 */
MUST_USE int config_check_split_endpoint(struct text value, char ret_host[CONFIG_CHECK_HOST_BYTES],
                                         uint16_t *ret_port);

#endif
