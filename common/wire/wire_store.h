/* The values of store.proto, as they are before sealing. The three hot ones (recipients, refs,
 * event details) are written straight from our structs and read back one by one without a copy:
 * texts borrow the plaintext. The others go through protobuf-c. Readers accept unknown fields. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_STORE_H
#define HIKYAKU_COMMON_WIRE_WIRE_STORE_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/problem.h"
#include "hikyaku/v1/store.pb-c.h"

/** Bound of a plaintext, for seal_decrypt(). */
#define WIRE_STORE_PLAIN_BYTES_MAX ((size_t)24 * 1024 * 1024)
#define WIRE_STORE_HEADERS_MAX 20

struct wire_store_header {
    struct text name;
    struct text value;
};

/** StoredRecipient. All texts borrowed. */
struct wire_store_recipient {
    uint32_t index;
    struct text address;
    struct text wire_address; /* empty: as `address` */
    struct text display_name;
    struct text fields; /* canonical JSON; empty: {} */
    struct text lang;
    struct wire_store_header headers[WIRE_STORE_HEADERS_MAX];
    size_t header_count;
    struct text override; /* packed MessageItem, empty when there is none */
    bool needs_smtputf8;
};

/** Append one recipient to a StoredRecipients in the making. A default one (only its index) is an
 *  in-chunk DUPLICATE, whose row keeps its place. */
void wire_store_append_recipient(const struct wire_store_recipient *recipient, struct buffer *out);

/**
 * Take the next recipient from the plaintext of a StoredRecipients.
 * @param rest  in and out: what is left
 * @return 0; -ENODATA at the end; -EPROTO (damaged: not what was sealed by us)
 */
MUST_USE int wire_store_next_recipient(struct text *rest,
                                       struct wire_store_recipient *ret_recipient);

/** The override of a SendMessages recipient, in `arena`. @return 0, -EMSGSIZE or -EPROTO */
MUST_USE int wire_store_read_override(struct text override, struct arena *arena,
                                      Hikyaku__V1__MessageItem **ret_item);

/** StoredRef. */
struct wire_store_ref {
    uint32_t index;
    struct text ref;
    uint64_t address_hash;                  /* 0: not stored (DUPLICATE inside its chunk) */
    const Hikyaku__V1__Consent *consent;    /* borrowed; NULL: none. Only for appending */
    const struct wire_store_header *labels; /* borrowed; SendMessages. Only for appending */
    size_t label_count;
    struct text packed; /* the whole entry, as read; for wire_store_read_ref() */
};

void wire_store_append_ref(const struct wire_store_ref *ref, struct buffer *out);
/** As wire_store_next_recipient(); `labels` and `consent` are not filled. */
MUST_USE int wire_store_next_ref(struct text *rest, struct wire_store_ref *ret_ref);
/** A ref with labels and consent, in `arena`. @param packed  of wire_store_next_ref() */
MUST_USE int wire_store_read_ref(struct text packed, struct arena *arena,
                                 Hikyaku__V1__StoredRef **ret_ref);

/** StoredEventDetails of one flush: protobuf-c structs, appended one by one. */
void wire_store_append_event_detail(const Hikyaku__V1__StoredEventDetail *detail,
                                    struct buffer *out);

/* Whole values, in `arena`. @return 0, -EMSGSIZE or -EPROTO */
MUST_USE int wire_store_read_event_details(struct text plain, struct arena *arena,
                                           Hikyaku__V1__StoredEventDetails **ret_details);
MUST_USE int wire_store_read_campaign(struct text plain, struct arena *arena,
                                      Hikyaku__V1__StoredCampaign **ret_campaign);
MUST_USE int wire_store_read_session(struct text value, struct arena *arena,
                                     Hikyaku__V1__StoredSession **ret_session);
MUST_USE int wire_store_read_stop(struct text value, struct arena *arena,
                                  Hikyaku__V1__StoredStop **ret_stop);
MUST_USE int wire_store_read_path_order(struct text value, struct arena *arena,
                                        Hikyaku__V1__StoredPathOrder **ret_order);
MUST_USE int wire_store_read_path_decision(struct text value, struct arena *arena,
                                           Hikyaku__V1__StoredPathDecision **ret_decision);
MUST_USE int wire_store_read_principal(struct text value, struct arena *arena,
                                       Hikyaku__V1__StoredPrincipal **ret_principal);
MUST_USE int wire_store_read_key(struct text value, struct arena *arena,
                                 Hikyaku__V1__StoredKey **ret_key);
MUST_USE int wire_store_read_approval(struct text value, struct arena *arena,
                                      Hikyaku__V1__StoredApproval **ret_approval);
MUST_USE int wire_store_read_dkim_verdict(struct text value, struct arena *arena,
                                          Hikyaku__V1__StoredDkimVerdict **ret_verdict);

#endif
