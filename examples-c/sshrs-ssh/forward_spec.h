/* What -L, -R and -D say. */
#ifndef FORWARD_SPEC_H
#define FORWARD_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum forward_kind { FORWARD_LOCAL, FORWARD_REMOTE, FORWARD_DYNAMIC };

struct forward_spec {
    enum forward_kind kind;
    const char *listen_host; /* NULL: loopback, "": every address */
    uint32_t listen_port;
    const char *listen_path; /* a Unix socket; NULL: the port above */
    const char *host;        /* where connections go; a dynamic forward has nothing here */
    uint32_t port;
    const char *path; /* a Unix socket; NULL: host and port */
};

/* Reads "[address:]port:host:port" with a path for either side allowed, and "[address:]port" for a dynamic forward; a space
 * may stand between the sides, as in LocalForward. The texts are kept as by options_keep. Reports what is wrong. */
bool forward_spec_parse(struct forward_spec *spec, enum forward_kind kind, const char *text);

/* The same text as the words that the configuration takes: two, or one for DynamicForward; kept. Reports what is wrong and
 * returns NULL. */
const char *forward_spec_words(enum forward_kind kind, const char *text);

/* "localhost:80" or a path. */
void forward_spec_name_target(const struct forward_spec *spec, char *out, size_t size);
void forward_spec_name_listener(const struct forward_spec *spec, char *out, size_t size);

#endif
