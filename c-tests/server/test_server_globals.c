/* Global requests from 16 threads at once, some of them refused: each gets its own answer, over a socket pair, with
 * keepalives of both ends between them. The hook keeps some tickets, so that answers are given out of order. */
#include "server.h"

#define THREADS 16
#define REQUESTS 200

static _Atomic(ssh_ticket_t *) kept;
static atomic_int asked;

/* Requests end with their number; each third is refused. */
static bool is_refused(uint32_t number)
{
    return number % 3 == 0;
}

static int32_t settle(ssh_ticket_t *ticket, uint32_t number)
{
    return ssh_ticket_settle(ticket, is_refused(number) ? SSH_REQUEST_REFUSED : SSH_REQUEST_GRANTED);
}

static int32_t echo(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, const void *data, size_t data_len)
{
    uint32_t number;
    ssh_ticket_t *earlier;
    static uint32_t earlier_number;

    (void)user_data, (void)transport;
    CHECK(strcmp(kind, "echo@test") == 0 && data_len >= sizeof number);
    memcpy(&number, data, sizeof number);
    CHECK_OK(ssh_ticket_set_reply(ticket, data, data_len));
    /* Hooks of one transport run one after the other. Some requests are answered after the one behind them, which comes:
     * while as many as this are left, other threads have some. */
    earlier = atomic_exchange(&kept, NULL);
    if (earlier == NULL && atomic_fetch_add(&asked, 1) % 2 == 0 && atomic_load(&asked) < THREADS * REQUESTS / 2) {
        earlier_number = number;
        atomic_store(&kept, ticket);
        return SSH_HOOK_PENDING;
    }
    if (earlier != NULL)
        CHECK_OK(settle(earlier, earlier_number));
    return is_refused(number) ? SSH_REQUEST_REFUSED : SSH_REQUEST_GRANTED;
}

typedef struct worker {
    ssh_transport_t *client;
    uint32_t first;
    pthread_t thread;
} worker_t;

static void *ask(void *argument)
{
    worker_t *worker = argument;
    unsigned char data[64], *reply;
    size_t len, reply_len;
    uint32_t number;
    ssh_status_t rc;

    for (uint32_t i = 0; i < REQUESTS; i++) {
        number = worker->first + i;
        memcpy(data, &number, sizeof number);
        len = sizeof number + number % (sizeof data - sizeof number);
        memset(data + sizeof number, (int)(number & 0xff), len - sizeof number);
        rc = ssh_transport_global_request(worker->client, "echo@test", data, len, true, WAIT_MS, &reply, &reply_len);
        if (is_refused(number)) {
            CHECK_STATUS(rc, SSH_ERR_REQUEST_REFUSED);
            CHECK(reply == NULL && reply_len == 0);
        } else {
            CHECK_STATUS(rc, SSH_OK);
            CHECK(reply_len == len && memcmp(reply, data, len) == 0);
            ssh_bytes_free(reply);
        }
    }
    return NULL;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    worker_t workers[THREADS];
    ssh_event_t *done;
    pair_t pair;
    int fds[2];

    hooks.check_global_request = echo;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK_OK(ssh_transport_new_fd(fds[0], NULL, &pair.client));
    CHECK_OK(ssh_transport_new_fd(fds[1], NULL, &pair.server));
    CHECK_OK(ssh_transport_add_server_key(pair.server, host_key()));
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_start_server_event(pair.server, &hooks, done));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(log_in(pair.client, "secret"));
    CHECK_OK(ssh_transport_set_keepalive(pair.client, 1, 0));
    CHECK_OK(ssh_transport_set_keepalive(pair.server, 1, 0));
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].client = pair.client;
        workers[i].first = i * REQUESTS;
        CHECK(pthread_create(&workers[i].thread, NULL, ask, &workers[i]) == 0);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
    CHECK(ssh_transport_is_active(pair.client) && ssh_transport_is_active(pair.server));
    ssh_event_free(done);
    pair_free(&pair);
    return 0;
}
