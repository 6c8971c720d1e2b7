/* For tests: a thread that plays an SMTP server by a script, in plain text and under TLS. */
#ifndef HIKYAKU_TESTS_UNIT_WORKER_SMTP_SCRIPTED_SERVER_H
#define HIKYAKU_TESTS_UNIT_WORKER_SMTP_SCRIPTED_SERVER_H

#include "common/base/buffer.h"
#include "common/net/stream.h"

#include <arpa/inet.h>
#include <pthread.h>

#include <openssl/ssl.h>

enum step_kind {
    SAY,         /* send the text */
    HEAR,        /* the next line must be this */
    TAKE_BODY,   /* read up to the lone dot, keep it in `body` */
    SHAKE,       /* TLS handshake with a certificate that nobody knows */
    RUBBISH,     /* answer the ClientHello with no TLS */
    SEE_CLOSE,   /* the client must close now, or reset */
    SEE_RESET,   /* the client must reset now */
    NEXT_CLIENT, /* close, accept another connection */
    END,
};

struct step {
    enum step_kind kind;
    const char *text;
};

struct scripted_server {
    const struct step *steps;
    int listener;
    int descriptor;
    SSL *ssl; /* NULL in plain text */
    pthread_t thread;
    struct stream_address address;
    char client_ip[INET6_ADDRSTRLEN]; /* of the first connection */
    char server_name[64];
    struct buffer body;
    char problem[256]; /* what did not go by the script; read after the join */
};

/** Set up and tear down of a group that uses SHAKE: a certificate that nobody knows. */
int scripted_server_make_certificate(void **state);
int scripted_server_drop_certificate(void **state);
/** Listen at `ip` on a free port (see `address`) and play the steps. */
void scripted_server_start(struct scripted_server *server, const struct step *steps,
                           const char *ip);
/** Wait for its last step; fails the test when something did not go by the script. */
void scripted_server_finish(struct scripted_server *server);

#endif
