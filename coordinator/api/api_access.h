/* Principals and keys between store and callers: how they are shown and checked. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_ACCESS_H
#define HIKYAKU_COORDINATOR_API_API_ACCESS_H

#include "coordinator/api/api_call.h"

/** In the call's arena. */
Hikyaku__V1__Principal *api_access_view_principal(struct api_call *call,
                                                  const Hikyaku__V1__StoredPrincipal *stored);
/** In the call's arena; never its digest. */
Hikyaku__V1__ApiKey *api_access_view_key(struct api_call *call, const struct access_key *key);

/** Handle the call once the book is as Redis has it: what it says may not be a second old. */
void api_access_fresh(struct api_call *call, void (*handle)(struct api_call *call));

/** The set of a list of scopes. */
uint32_t api_access_scopes(const Hikyaku__V1__Scope *scopes, size_t count);
/** Is the call made with a key of this principal? Nobody widens what he may himself. */
bool api_access_is_self(const struct api_call *call, const char *principal);
/** Those who may: administrators, and the principal itself for its own keys.
 *  @return false: the call has been refused */
bool api_access_may_manage(struct api_call *call, const char *principal);

/** Tell what was changed, and have it read by the admission at once. */
void api_access_changed(struct api_call *call, const char *what, const char *principal,
                        const char *key_id);
/** Refuse because of a store_access_change(). @param field  the name that may be there already */
void api_access_refuse(struct api_call *call, int error, const char *field);

#endif
