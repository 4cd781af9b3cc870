#include "connect.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "auth.h"
#include "hostkey.h"
#include "proxy.h"
#include "report.h"

/* One host on the way. */
struct hop {
    const char *user, *host;
    int port;
    struct hostkey_name key_name; /* what known_hosts calls it */
};

/* ConnectTimeout bounds connecting and the first key exchange together, as OpenSSH's does. A login has a bound of its own:
 * the library's, for each answer of the server; the time a person takes to answer does not count. */
struct time_left {
    bool is_bounded; /* else the library's defaults hold, each step's its own */
    int64_t end_ms;
};

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct time_left start_clock(const struct options *options)
{
    struct time_left left = {options->connect_timeout > 0, 0};

    if (left.is_bounded)
        left.end_ms = now_ms() + options->connect_timeout * INT64_C(1000);
    return left;
}

static int64_t timeout_of(struct time_left left)
{
    int64_t ms = left.end_ms - now_ms();

    if (!left.is_bounded)
        return SSH_WAIT_DEFAULT;
    return ms > 0 ? ms : 0;
}

static ssh_transport_options_t transport_options(const struct options *options)
{
    enum { LIBRARY_DEFAULT_SECONDS = 15 };
    ssh_transport_options_t o = SSH_TRANSPORT_OPTIONS_INIT;

    if (options->required_rsa_size > 2048)
        o.required_rsa_size = (uint32_t)options->required_rsa_size;
    /* A longer time than the library's own must not be cut short by it. A shorter one ends ssh_transport_start_client; later
     * key exchanges keep their time. */
    if (options->connect_timeout > LIBRARY_DEFAULT_SECONDS) {
        o.banner_timeout_ms = options->connect_timeout * INT64_C(1000);
        o.handshake_timeout_ms = o.banner_timeout_ms;
    }
    if (options->address_family != AF_UNSPEC)
        o.address_family = options->address_family == AF_INET ? 4 : 6;
    o.rekey_bytes = options->rekey.bytes;
    o.rekey_interval_ms = options->rekey.seconds * 1000;
    return o;
}

/* ---- the byte stream under the transport ---- */

/* A connection through the hop before: the library runs SSH inside a channel as well as over a socket. */
static ssh_status_t connect_through(ssh_transport_t *before, const struct hop *hop, const ssh_transport_options_t *o,
                                    struct time_left left, ssh_transport_t **out)
{
    ssh_channel_options_t target = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel = NULL;
    ssh_status_t rc;

    target.dest_host = hop->host;
    target.dest_port = (uint32_t)hop->port;
    target.src_host = "127.0.0.1";
    rc = ssh_transport_open_channel(before, "direct-tcpip", &target, timeout_of(left), &channel);
    if (rc == SSH_OK)
        rc = ssh_transport_new_channel(channel, o, out);
    ssh_channel_free(channel);
    return rc;
}

/* -o ProxyCommand; "none" stands for none. */
static bool has_proxy(const struct options *options)
{
    return options->proxy_command != NULL && strcmp(options->proxy_command, "none") != 0;
}

static bool open_proxy(const struct options *options, const struct hop *hop, const ssh_transport_options_t *o,
                       struct connection *connection, ssh_transport_t **out)
{
    struct proxy_target target = {options->destination, hop->host, hop->port, hop->user};
    int fd = proxy_start(options->proxy_command, &target, &connection->proxy);
    ssh_status_t rc = fd < 0 ? SSH_OK : ssh_transport_new_fd(fd, o, out);

    if (rc != SSH_OK)
        report_failure("running SSH over the proxy command", rc);
    return fd >= 0 && rc == SSH_OK;
}

static bool open_stream(const struct options *options, const struct hop *hop, struct connection *connection,
                        struct time_left left, ssh_transport_t **out)
{
    ssh_transport_options_t o = transport_options(options);
    char what[512];
    ssh_status_t rc;

    if (connection->count == 0 && has_proxy(options))
        return open_proxy(options, hop, &o, connection, out);
    if (connection->count > 0)
        rc = connect_through(connect_transport(connection), hop, &o, left, out);
    else
        rc = ssh_transport_new_address(hop->host, (uint32_t)hop->port, &o, timeout_of(left), out);
    if (rc == SSH_OK)
        return true;
    snprintf(what, sizeof what, "connecting to %.300s port %d", hop->host, hop->port);
    report_failure(what, rc);
    return false;
}

/* ---- settings ---- */

/* Everything that must be said before the negotiation begins. */
static bool apply_settings(const struct options *options, ssh_transport_t *transport)
{
    ssh_security_options_t *security = NULL;
    ssh_status_t rc = ssh_transport_get_security_options(transport, &security);
    bool ok;

    if (rc == SSH_OK && options->compression)
        rc = ssh_transport_use_compression(transport, true);
    if (rc == SSH_OK && report_current_level() >= REPORT_PACKETS)
        rc = ssh_transport_set_hexdump(transport, true);
    if (rc != SSH_OK)
        report_failure("applying settings", rc);
    ok = rc == SSH_OK && algorithms_apply(&options->algorithms, security);
    ssh_security_options_free(security);
    return ok;
}

/* ---- what was negotiated ---- */

static void report_negotiated(ssh_transport_t *transport)
{
    static const struct {
        int32_t list;
        const char *what;
    } ROWS[] = {
        {SSH_LIST_KEX, "kex"},
        {SSH_LIST_HOST_KEY, "host key"},
        {SSH_LIST_CIPHER_C2S, "cipher to server"},
        {SSH_LIST_CIPHER_S2C, "cipher to client"},
        {SSH_LIST_MAC_C2S, "mac to server"},
        {SSH_LIST_MAC_S2C, "mac to client"},
        {SSH_LIST_COMPRESSION_C2S, "compression to server"},
        {SSH_LIST_COMPRESSION_S2C, "compression to client"},
    };
    char *text = NULL;
    size_t i;

    if (report_current_level() < REPORT_VERBOSE)
        return;
    if (ssh_transport_get_remote_version(transport, &text) == SSH_OK)
        report_progress("server version: %s", text);
    ssh_string_free(text);
    for (i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (ssh_transport_get_negotiated(transport, ROWS[i].list, &text) == SSH_OK)
            report_progress("%s: %s", ROWS[i].what, text);
        ssh_string_free(text);
    }
    report_progress("strict kex: %s", ssh_transport_is_strict_kex(transport) ? "yes" : "no");
}

/* ---- one hop, and all of them ---- */

static bool negotiate(const struct options *options, const struct hop *hop, ssh_known_hosts_t *known,
                      struct time_left left, ssh_transport_t *transport)
{
    char what[512];
    ssh_status_t rc = SSH_OK;

    snprintf(what, sizeof what, "negotiating with %.300s port %d", hop->host, hop->port);
    if (!apply_settings(options, transport))
        return false;
    /* Ask for a key that can be checked, unless the user has said which to ask for. */
    if (options->algorithms.host_keys == NULL)
        rc = ssh_known_hosts_prefer(known, hop->key_name.host, (uint32_t)hop->key_name.port, transport);
    if (rc == SSH_OK)
        rc = ssh_transport_start_client(transport, timeout_of(left));
    if (rc != SSH_OK) {
        report_failure(what, rc);
        return false;
    }
    report_negotiated(transport);
    return hostkey_check(options, known, hop->key_name, transport);
}

static bool start_keepalive(const struct options *options, ssh_transport_t *transport)
{
    ssh_status_t rc;

    if (options->alive_interval == 0)
        return true;
    rc = ssh_transport_set_keepalive(transport, options->alive_interval * INT64_C(1000),
                                     (uint32_t)options->alive_count_max);
    if (rc != SSH_OK)
        report_failure("ServerAliveInterval", rc);
    return rc == SSH_OK;
}

/* Adds a transport to the connection: inside the last one if there is one. */
static bool open_hop(const struct options *options, const struct hop *hop, ssh_known_hosts_t *known,
                     struct connection *connection)
{
    ssh_transport_t *transport = NULL;
    struct time_left left = start_clock(options);

    if (connection->count == CONNECT_MAX_HOPS) {
        report_error("ProxyJump", "too many hosts", "no more than 16 are possible");
        return false;
    }
    report_progress("connecting to %s port %d", hop->host, hop->port);
    if (!open_stream(options, hop, connection, left, &transport))
        return false;
    connection->hops[connection->count++] = transport;
    return negotiate(options, hop, known, left, transport) && auth_log_in(options, hop->user, hop->host, transport) &&
           start_keepalive(options, transport);
}

/* Connects to the host that the options are of, with the known hosts that they name. */
static bool open_last(const struct options *options, struct connection *connection)
{
    ssh_known_hosts_t *known = hostkey_load(options);
    struct hop hop;
    bool ok;

    hop.user = options->user;
    hop.host = options->host;
    hop.port = options->port;
    hop.key_name.host = options->host_key_alias != NULL ? options->host_key_alias : options->host;
    /* As in OpenSSH: an alias stands for the key itself, whatever the port. */
    hop.key_name.port = options->host_key_alias != NULL ? 22 : options->port;
    ok = known != NULL && open_hop(options, &hop, known, connection);
    ssh_known_hosts_free(known);
    return ok;
}

static bool open_way(const struct options *options, struct connection *connection, int depth);

/* "[user@]host[:port],...": opens each in turn. The files may name further hosts on the way to the first. */
static bool open_jumps(const struct options *options, struct connection *connection, int depth)
{
    const char *rest = options->proxy_jump;
    bool is_first = true;

    for (; rest != NULL && *rest != '\0' && strcmp(rest, "none") != 0; is_first = false) {
        static const char SCHEME[] = "ssh://";
        size_t skip = strncmp(rest, SCHEME, strlen(SCHEME)) == 0 ? strlen(SCHEME) : 0;
        char *text = options_keep(rest + skip, strcspn(rest, ",") - skip);
        char *at = strrchr(text, '@');
        struct options hop;
        const char *host;
        int port;

        if (at != NULL)
            *at = '\0';
        if (!options_split_host_port(at == NULL ? text : at + 1, -1, &host, &port) || !options_for_hop(options, host, &hop))
            return false;
        if (at != NULL)
            hop.user = text;
        if (port > 0)
            hop.port = port;
        if (!(is_first ? open_way(&hop, connection, depth + 1) : open_last(&hop, connection)))
            return false;
        rest += strcspn(rest, ",");
        rest += *rest == ',';
    }
    return true;
}

static bool open_way(const struct options *options, struct connection *connection, int depth)
{
    if (depth < CONNECT_MAX_HOPS)
        return open_jumps(options, connection, depth) && open_last(options, connection);
    report_error("ProxyJump", "the hosts on the way lead to each other", "no more than 16 are possible");
    return false;
}

bool connect_open(const struct options *options, struct connection *connection)
{
    return open_way(options, connection, 0);
}

ssh_transport_t *connect_transport(const struct connection *connection)
{
    return connection->hops[connection->count - 1];
}

void connect_close(struct connection *connection)
{
    bool lost = connection->count > 0 && !ssh_transport_is_active(connection->hops[0]);

    if (lost && connection->proxy > 0 && proxy_has_ended(connection->proxy))
        connection->proxy = 0;
    /* From the inside out, so that each can still say goodbye. */
    while (connection->count > 0) {
        ssh_transport_t *transport = connection->hops[--connection->count];

        ssh_transport_close(transport);
        ssh_transport_free(transport);
    }
    if (connection->proxy > 0)
        proxy_end(connection->proxy);
}
