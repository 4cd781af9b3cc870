/* A hundred children are forked while four connections move data. Some give the inherited transports up and leave, some
 * only free them, some run another program, which gets none of our descriptors, and some open a session of their own.
 * Every byte still arrives, and every connection lives. */
#include "server/server.h"
#include <dirent.h>
#include <sys/wait.h>

#define CONNECTIONS 4
#define AT_ONCE 8
/* Bytes that are under way on a connection, at most. */
#define AHEAD (1u << 20)

typedef struct mover {
    ssh_transport_t *transport;
    ssh_channel_t *channel;
    uint64_t salt;
    _Atomic uint64_t sent, received;
    pthread_t threads[2];
} mover_t;

static mover_t movers[CONNECTIONS];
static atomic_bool stop;
/* For the program that children run: descriptors this one was started with, and the sockets among them. */
static char inherited[16];
static int inherited_sockets;
static const char *program;

static uint64_t word_at(const mover_t *mover, uint64_t index)
{
    return (index + 1) * 0x9E3779B97F4A7C15u ^ mover->salt;
}

static void *push(void *arg)
{
    mover_t *mover = arg;
    uint64_t words[2048], i;

    while (!stop) {
        if (mover->sent - mover->received > AHEAD) {
            sleep_ms(1);
            continue;
        }
        for (i = 0; i < 2048; i++)
            words[i] = word_at(mover, mover->sent / 8 + i);
        CHECK_OK(ssh_channel_sendall(mover->channel, words, sizeof words, WAIT_MS, NULL));
        mover->sent += sizeof words;
    }
    CHECK_OK(ssh_channel_shutdown_write(mover->channel));
    return NULL;
}

static void *pull(void *arg)
{
    mover_t *mover = arg;
    uint64_t words[2048], i;
    size_t kept = 0, n;
    ssh_status_t rc;

    while ((rc = ssh_channel_recv(mover->channel, (char *)words + kept, sizeof words - kept, WAIT_MS, &n)) == SSH_OK) {
        n += kept;
        for (i = 0; i < n / 8; i++)
            CHECK(words[i] == word_at(mover, mover->received / 8 + i));
        mover->received += n / 8 * 8;
        kept = n % 8;
        memmove(words, &words[i], kept);
    }
    CHECK_STATUS(rc, SSH_EOF);
    CHECK(kept == 0);
    return NULL;
}

/* ---- Children ----------------------------------------------------------------------------------------------------- */

/* Descriptors of a kind, or of both that a connection or a poller could have. */
static int count_descriptors(const char *kind)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    char target[64];
    int count = 0;

    CHECK(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

        target[len < 0 ? 0 : len] = '\0';
        if (kind != NULL)
            count += strncmp(target, kind, strlen(kind)) == 0;
        else
            count += strncmp(target, "socket:", 7) == 0 || strncmp(target, "anon_inode:", 11) == 0;
    }
    closedir(dir);
    return count;
}

/* Leaves a child: by exec where memcheck would take for leaks what threads of the parent held. */
static void leave(void)
{
    if (slow_checker())
        execl("/bin/true", "true", (char *)NULL);
    _exit(0);
}

static void give_up(bool atfork)
{
    char buf[8];
    size_t n;
    int i;

    for (i = 0; i < CONNECTIONS; i++) {
        if (atfork) {
            CHECK_OK(ssh_transport_atfork(movers[i].transport));
            CHECK(!ssh_transport_is_active(movers[i].transport));
            CHECK_STATUS(ssh_channel_send(movers[i].channel, "y", 1, 1000, &n), SSH_ERR_FORKED);
            CHECK_STATUS(ssh_channel_recv(movers[i].channel, buf, sizeof buf, 1000, &n), SSH_ERR_FORKED);
            CHECK_STATUS(ssh_transport_send_ignore(movers[i].transport, 0), SSH_ERR_FORKED);
        }
        ssh_channel_free(movers[i].channel);
        ssh_transport_free(movers[i].transport);
    }
    CHECK(count_descriptors("socket:") == inherited_sockets);
}

static void session_of_its_own(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "printf own");
    char buf[8];

    CHECK(read_all(channel, buf, sizeof buf) == 3 && memcmp(buf, "own", 3) == 0);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
}

static void child(int number)
{
    switch (number % 4) {
    case 0:
        give_up(true);
        leave();
        break;
    case 1:
        execl(program, program, inherited, (char *)NULL);
        break;
    case 2:
        give_up(number % 8 == 2);
        if (number % 12 == 2)
            session_of_its_own();
        execl("/bin/true", "true", (char *)NULL);
        break;
    default:
        execl("/bin/true", "true", (char *)NULL);
    }
    _exit(1);
}

static void reap(void)
{
    int status;

    CHECK(wait(&status) > 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- The parent --------------------------------------------------------------------------------------------------- */

static void start(mover_t *mover)
{
    mover->transport = test_connect();
    mover->channel = test_exec(mover->transport, "cat");
    CHECK(pthread_create(&mover->threads[0], NULL, push, mover) == 0);
    CHECK(pthread_create(&mover->threads[1], NULL, pull, mover) == 0);
}

static void finish(mover_t *mover)
{
    uint32_t status;

    CHECK(pthread_join(mover->threads[0], NULL) == 0);
    CHECK(pthread_join(mover->threads[1], NULL) == 0);
    CHECK(mover->received == mover->sent && mover->sent > 0);
    CHECK_OK(ssh_channel_recv_exit_status(mover->channel, WAIT_MS, &status));
    CHECK(status == 0);
    ssh_channel_free(mover->channel);
    /* Others' exits left the connection as it was. */
    mover->channel = test_exec(mover->transport, "true");
    ssh_channel_free(mover->channel);
    ssh_transport_free(mover->transport);
}

int main(int argc, char **argv)
{
    int i, children = slow_checker() ? 24 : 100;
    uint64_t before[CONNECTIONS];

    if (argc == 2)
        return count_descriptors(NULL) == atoi(argv[1]) ? 0 : 1;
    program = argv[0];
    snprintf(inherited, sizeof inherited, "%d", count_descriptors(NULL));
    inherited_sockets = count_descriptors("socket:");
    for (i = 0; i < CONNECTIONS; i++) {
        movers[i].salt = (uint64_t)i << 32;
        start(&movers[i]);
    }
    for (i = 0; i < children; i++) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
            child(i);
        if (i >= AT_ONCE)
            reap();
    }
    for (i = 0; i < AT_ONCE; i++)
        reap();
    /* They still move after the last child. */
    for (i = 0; i < CONNECTIONS; i++)
        before[i] = movers[i].received;
    for (i = 0; i < CONNECTIONS; i++)
        while (movers[i].received == before[i])
            sleep_ms(1);
    stop = true;
    for (i = 0; i < CONNECTIONS; i++)
        finish(&movers[i]);
    return 0;
}
