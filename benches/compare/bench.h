/* What the C programs of the comparison share, clients and servers. */
#ifndef BENCH_H
#define BENCH_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define KEX "curve25519-sha256"
#define HOST_KEY "ssh-ed25519"
#define MAC "hmac-sha2-256-etm@openssh.com"

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

/* As many descriptors as the system lets us have: some modes hold a thousand connections. */
static inline void raise_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static inline uint64_t number(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text == 0 || *end != 0)
        die("%s is no number", text);
    return value;
}

/* Threads with little stack, for there may be a thousand. */
static inline pthread_t thread_start(void *(*body)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;

    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, 512 * 1024) != 0 ||
        pthread_create(&thread, &attributes, body, argument) != 0)
        die("no more threads");
    pthread_attr_destroy(&attributes);
    return thread;
}

#endif
