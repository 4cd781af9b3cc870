/* Three threads share one readiness queue, which holds all there is: servers that accept and echo, clients that open channels,
 * talk and hang up, handles that come and go. What was freed is never told again, and no wake-up is lost. Also run under
 * ThreadSanitizer (scripts/tsan.sh). */
#include "server.h"

#define CONNECTIONS 3
#define CHANNELS 6 /* of a connection, at once */
#define THREADS 3
#define TOTAL 20000

typedef struct item {
    enum { ACCEPT, SERVE, ASK, TALK } kind;
    ssh_transport_t *transport;
    ssh_channel_t *channel;
    bool opened;
    size_t sent, received;
} item_t;

static ssh_ready_t *ready;
static atomic_int to_begin, to_finish;

static item_t *item_new(int kind, ssh_transport_t *transport)
{
    item_t *item = calloc(1, sizeof *item);

    CHECK(item != NULL);
    item->kind = kind;
    item->transport = transport;
    return item;
}

/* From here on another thread may be told of it. */
static void arm(item_t *item, uint32_t interest)
{
    CHECK_OK(ssh_ready_add_channel(ready, item->channel, interest | SSH_READY_ONESHOT, item));
}

static void item_free(item_t *item)
{
    ssh_channel_free(item->channel);
    memset(item, 0xee, sizeof *item);
    free(item);
}

static void begin(ssh_transport_t *transport)
{
    item_t *item = item_new(ASK, transport);

    CHECK_OK(ssh_transport_open_session_begin(transport, NULL, &item->channel));
    arm(item, SSH_READY_DONE);
}

static void accept_all(item_t *item)
{
    item_t *served;
    ssh_status_t rc;

    for (;;) {
        served = item_new(SERVE, item->transport);
        if ((rc = ssh_transport_accept(item->transport, 0, &served->channel)) != SSH_OK)
            break;
        arm(served, SSH_READY_READABLE);
    }
    CHECK_STATUS(rc, SSH_ERR_TIMEOUT);
    free(served);
    CHECK_OK(ssh_ready_add_transport(ready, item->transport, SSH_READY_ACCEPTABLE | SSH_READY_ONESHOT, item));
}

static void serve(item_t *item)
{
    char buf[3000];
    size_t n;
    ssh_status_t rc = ssh_channel_recv(item->channel, buf, sizeof buf, 0, &n);

    CHECK(rc == SSH_OK || rc == SSH_EOF || rc == SSH_ERR_TIMEOUT);
    if (rc == SSH_EOF) {
        CHECK_OK(ssh_channel_send_exit_status(item->channel, 3));
        item_free(item);
        return;
    }
    CHECK_OK(ssh_channel_sendall(item->channel, buf, n, WAIT_MS, NULL)); /* the window is larger than TOTAL */
    arm(item, SSH_READY_READABLE);
}

static void ask(item_t *item)
{
    ssh_status_t rc = ssh_channel_finish(item->channel);

    CHECK(rc == SSH_OK || rc == SSH_PENDING);
    if (rc == SSH_OK && item->opened)
        item->kind = TALK;
    else if (rc == SSH_OK)
        CHECK_OK(ssh_channel_exec_command_begin(item->channel, "echo"));
    item->opened |= rc == SSH_OK;
    arm(item, item->kind == TALK ? SSH_READY_READABLE | SSH_READY_WRITABLE : SSH_READY_DONE);
}

static void talk(item_t *item, uint32_t flags)
{
    static const char data[TOTAL];
    ssh_transport_t *transport = item->transport;
    char buf[1000];
    uint32_t status;
    size_t n;
    ssh_status_t rc;

    if ((flags & SSH_READY_WRITABLE) != 0 && item->sent < TOTAL) {
        rc = ssh_channel_send(item->channel, data, item->sent + 2000 < TOTAL ? 2000 : TOTAL - item->sent, 0, &n);
        CHECK(rc == SSH_OK || rc == SSH_ERR_TIMEOUT);
        item->sent += n;
        if (item->sent == TOTAL)
            CHECK_OK(ssh_channel_shutdown_write(item->channel));
    }
    if ((flags & SSH_READY_READABLE) != 0) {
        rc = ssh_channel_recv(item->channel, buf, sizeof buf, 0, &n);
        item->received += n;
        if (rc == SSH_EOF) {
            CHECK(item->sent == TOTAL && item->received == TOTAL);
            CHECK_OK(ssh_channel_recv_exit_status(item->channel, WAIT_MS, &status));
            CHECK(status == 3);
            item_free(item);
            if (--to_begin >= 0)
                begin(transport);
            to_finish--;
            return;
        }
        CHECK_OK(rc);
    }
    arm(item, SSH_READY_READABLE | (item->sent < TOTAL ? SSH_READY_WRITABLE : 0));
}

static void *work(void *unused)
{
    uint32_t flags;
    void *user_data;
    item_t *item;

    while (to_finish > 0) {
        if (ssh_ready_next(ready, 20, &flags, &user_data) != SSH_OK || user_data == NULL)
            continue;
        item = user_data;
        switch (item->kind) {
        case ACCEPT:
            accept_all(item);
            break;
        case SERVE:
            serve(item);
            break;
        case ASK:
            ask(item);
            break;
        case TALK:
            talk(item, flags);
            break;
        }
    }
    return unused;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    pair_t pairs[CONNECTIONS];
    item_t *items[CONNECTIONS];
    pthread_t threads[THREADS];
    ssh_event_t *event;
    int i, j;

    to_finish = slow_checker() ? 60 : 400;
    to_begin = to_finish - CONNECTIONS * CHANNELS;
    CHECK_OK(ssh_ready_new(&ready));
    CHECK_OK(ssh_event_new(&event));
    for (i = 0; i < CONNECTIONS; i++) {
        pairs[i] = pair_open(&hooks);
        CHECK_OK(log_in(pairs[i].client, "secret"));
        items[i] = item_new(ACCEPT, pairs[i].server);
        CHECK_OK(ssh_ready_add_transport(ready, pairs[i].server, SSH_READY_ACCEPTABLE | SSH_READY_ONESHOT, items[i]));
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (i = 0; i < CONNECTIONS; i++)
        for (j = 0; j < CHANNELS; j++)
            begin(pairs[i].client);
    /* Something that comes and goes, ready or not. */
    for (i = 0; to_finish > 0; i++) {
        CHECK_OK(ssh_ready_add_event(ready, event, SSH_READY_DONE, NULL));
        CHECK_OK(i % 3 == 0 ? ssh_event_clear(event) : ssh_event_set(event));
        if (i % 2 == 0)
            CHECK_OK(ssh_ready_remove_event(ready, event));
        sleep_ms(1);
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(to_finish == 0);
    ssh_ready_free(ready);
    ssh_event_free(event);
    for (i = 0; i < CONNECTIONS; i++) {
        ssh_transport_free(pairs[i].client);
        ssh_transport_free(pairs[i].server);
        free(items[i]);
    }
    ssh_key_free(host_key());
    return 0;
}
