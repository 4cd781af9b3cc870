/* What the C servers share: SERVER PORT HOSTKEY AUTHORIZED_PUB CIPHER. They listen on 127.0.0.1, say "listening" once they
 * do, let one key in under any name and serve four commands in process: no pipe, no fork. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "../bench.h"

#define ZEROS ((size_t)256 * 1024)

static struct {
    uint16_t port;
    const char *host_key, *authorized, *cipher;
} args;

static const char zeros[ZEROS];

struct job {
    enum { SOURCE, SINK, ECHO, NOTHING } kind;
    uint64_t bytes; /* still to be sent by a source; received by a sink */
};

/* Tells which of the commands this is. */
static inline bool job_parse(const char *command, size_t len, struct job *job)
{
    char text[64], end[2];
    unsigned long long bytes;

    job->bytes = 0;
    if (len >= sizeof text)
        return false;
    memcpy(text, command, len);
    text[len] = 0;
    if (sscanf(text, "head -c %llu /dev/zer%1[o]", &bytes, end) == 2) {
        job->kind = SOURCE;
        job->bytes = bytes;
    } else if (strcmp(text, "wc -c") == 0) {
        job->kind = SINK;
    } else if (strcmp(text, "cat") == 0) {
        job->kind = ECHO;
    } else if (strcmp(text, "true") == 0) {
        job->kind = NOTHING;
    } else {
        return false;
    }
    return true;
}

static inline void arguments(int argc, char **argv)
{
    if (argc != 5)
        die("usage: %s PORT HOSTKEY AUTHORIZED_PUB CIPHER", argv[0]);
    args.port = (uint16_t)number(argv[1]);
    args.host_key = argv[2];
    args.authorized = argv[3];
    args.cipher = argv[4];
    raise_limit();
}

static inline void listening(void)
{
    puts("listening");
    fflush(stdout);
}

static inline int listen_local(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(args.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0)
        die("cannot listen on port %u", args.port);
    return fd;
}

#endif
