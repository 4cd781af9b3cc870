/* X11: the display here, and connections of the far side's programs to it. */
#ifndef X11_FORWARD_H
#define X11_FORWARD_H

#include <sshrs.h>
#include <stdbool.h>

#include "link.h"
#include "options.h"

struct x11_forward {
    const char *path; /* the display's Unix socket; NULL: the host and port below */
    const char *host;
    uint32_t port;
    uint32_t screen;
    char protocol[64];    /* how programs prove that they may use it: "MIT-MAGIC-COOKIE-1" */
    char cookie[1024];    /* with what, in hexadecimal; "": with nothing */
    char sent[1024];      /* what the far side gets in its place */
    int64_t end_ms;       /* when connections are no longer taken; 0: never */
};

/* Finds out about the display in DISPLAY and its cookie. False, and the reason reported, where nothing can be forwarded. */
bool x11_forward_prepare(struct x11_forward *x11, const struct options *options);

/* Asks for it before a command starts. Reports a failure. */
void x11_forward_request(const struct x11_forward *x11, ssh_channel_t *channel);

/* Serves a channel that leads to the display, which it takes. */
void x11_forward_serve(const struct x11_forward *x11, struct links *links, ssh_channel_t *channel);

#endif
