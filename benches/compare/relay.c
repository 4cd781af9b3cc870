/* A TCP relay that adds a round trip:   relay PORT TARGET_PORT RTT_MS [MB_S]
 *
 * It listens on 127.0.0.1:PORT, prints "listening", and joins each connection to one to 127.0.0.1:TARGET_PORT. What it
 * reads goes on RTT_MS / 2 after it came, in each direction at MB_S MB/s at most (0 or nothing: not limited). Up to
 * QUEUE_MAX bytes are under way in a direction, far more than anybody's window, so that only the sender's own window
 * holds it back. Ends on SIGTERM. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX (512u << 20)
#define READ_MAX (256u << 10)

struct block {
    struct block *next;
    int64_t due; /* ns */
    size_t len; /* 0: the sender's end of file */
    unsigned char data[];
};

/* One direction. Its reader appends blocks, its writer takes them when they are due. */
struct way {
    int from, to;
    pthread_mutex_t lock; /* protects what follows */
    pthread_cond_t changed;
    struct block *first, **last;
    size_t queued;
    int dead;
};

static long delay_ns;
static double ns_per_byte;
static uint16_t target_port;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *read_side(void *arg)
{
    struct way *way = arg;
    unsigned char *buf = malloc(READ_MAX);
    int64_t line_free = 0;
    ssize_t n;

    do {
        n = buf ? recv(way->from, buf, READ_MAX, 0) : -1;
        size_t len = n > 0 ? (size_t)n : 0;
        struct block *block = malloc(sizeof *block + len);
        if (!block)
            abort();
        block->next = NULL;
        /* The line is busy with what went before. */
        int64_t now = now_ns();
        line_free = (line_free > now ? line_free : now) + (int64_t)((double)len * ns_per_byte);
        block->due = line_free + delay_ns;
        block->len = len;
        if (len)
            memcpy(block->data, buf, len);
        pthread_mutex_lock(&way->lock);
        while (way->queued >= QUEUE_MAX && !way->dead)
            pthread_cond_wait(&way->changed, &way->lock);
        way->queued += len;
        *way->last = block;
        way->last = &block->next;
        if (way->dead)
            n = 0;
        pthread_cond_broadcast(&way->changed);
        pthread_mutex_unlock(&way->lock);
    } while (n > 0);
    free(buf);
    return NULL;
}

static int send_all(int fd, const unsigned char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static void write_side(struct way *way)
{
    for (size_t len = 1; len;) {
        pthread_mutex_lock(&way->lock);
        while (!way->first)
            pthread_cond_wait(&way->changed, &way->lock);
        struct block *block = way->first;
        way->first = block->next;
        if (!way->first)
            way->last = &way->first;
        way->queued -= block->len;
        pthread_cond_broadcast(&way->changed);
        pthread_mutex_unlock(&way->lock);

        struct timespec due = {block->due / 1000000000, block->due % 1000000000};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
            continue;
        len = block->len;
        if (len && send_all(way->to, block->data, len) != 0) {
            /* The receiver is gone: the reader must not wait for room or for more. */
            shutdown(way->from, SHUT_RD);
            len = 0;
        }
        free(block);
    }
    pthread_mutex_lock(&way->lock);
    way->dead = 1;
    pthread_cond_broadcast(&way->changed);
    pthread_mutex_unlock(&way->lock);
    shutdown(way->to, SHUT_WR);
}

static void *run_way(void *arg)
{
    struct way *way = arg;
    pthread_t reader;

    pthread_mutex_init(&way->lock, NULL);
    pthread_cond_init(&way->changed, NULL);
    way->last = &way->first;
    if (pthread_create(&reader, NULL, read_side, way) != 0)
        abort();
    write_side(way);
    pthread_join(reader, NULL);
    while (way->first) {
        struct block *next = way->first->next;
        free(way->first);
        way->first = next;
    }
    return NULL;
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return to;
}

static void *run_connection(void *arg)
{
    int near = (int)(intptr_t)arg, far = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in to = loopback(target_port);
    struct way up, down;
    pthread_t thread;

    if (far >= 0 && connect(far, (struct sockaddr *)&to, sizeof to) == 0) {
        setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        memset(&up, 0, sizeof up);
        memset(&down, 0, sizeof down);
        up.from = down.to = near;
        up.to = down.from = far;
        if (pthread_create(&thread, NULL, run_way, &up) != 0)
            abort();
        run_way(&down);
        pthread_join(thread, NULL);
    }
    close(near);
    if (far >= 0)
        close(far);
    return NULL;
}

int main(int argc, char **argv)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: relay PORT TARGET_PORT RTT_MS [MB_S]\n");
        return 2;
    }
    struct sockaddr_in at = loopback((uint16_t)atoi(argv[1]));
    target_port = (uint16_t)atoi(argv[2]);
    delay_ns = (long)(atof(argv[3]) * 500000);
    ns_per_byte = argc == 5 && atof(argv[4]) > 0 ? 1000 / atof(argv[4]) : 0;
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 128) != 0) {
        perror("relay");
        return 1;
    }
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd < 0)
            continue;
        if (pthread_create(&thread, NULL, run_connection, (void *)(intptr_t)fd) != 0)
            close(fd);
        else
            pthread_detach(thread);
    }
}
