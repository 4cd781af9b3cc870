// The C++ wrapper: handles that release themselves, move, and errors as exceptions.
#include <sshrs.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

static const char *setting(const char *name)
{
    const char *value = std::getenv(name);

    if (value == nullptr) {
        std::fprintf(stderr, "%s is not set: run this under scripts/with-sshd.sh\n", name);
        std::exit(77);
    }
    return value;
}

static int require(bool condition, const char *what)
{
    if (!condition)
        throw std::runtime_error(what);
    return 0;
}

static void run()
{
    ssh_connect_options_t options = SSH_CONNECT_OPTIONS_INIT;
    sshrs::known_hosts hosts;
    sshrs::transport transport;
    sshrs::key key;

    sshrs::check(ssh_known_hosts_new(hosts.out()));
    sshrs::check(ssh_known_hosts_load_file(hosts.get(), setting("SSHRS_TEST_KNOWN_HOSTS")));
    sshrs::check(ssh_key_load_private_file(setting("SSHRS_TEST_KEY"), nullptr, 0, key.out()));
    sshrs::check(ssh_transport_new_address(setting("SSHRS_TEST_HOST"), static_cast<uint32_t>(std::atoi(setting("SSHRS_TEST_PORT"))),
                                           nullptr, 60000, transport.out()));
    options.known_hosts = hosts.get();
    options.username = setting("SSHRS_TEST_USER");
    options.key = key.get();
    sshrs::check(ssh_transport_connect(transport.get(), &options, 60000), transport.get());

    sshrs::channel first, channel;
    sshrs::check(ssh_transport_open_session(transport.get(), nullptr, 60000, first.out()), transport.get());
    channel = std::move(first);
    require(!first && channel, "a moved handle is empty");
    sshrs::exec_result result;
    sshrs::check(ssh_channel_exec_collect(channel.get(), "echo hello", nullptr, 0, 0, 60000, result.out()), transport.get());
    require(std::strcmp(ssh_exec_result_stdout(result.get(), nullptr), "hello\n") == 0, "the command's output");

    try {
        sshrs::check(ssh_transport_open_channel(transport.get(), "nonsense", nullptr, 60000, channel.out()), transport.get());
        throw std::runtime_error("a channel of an unknown kind was opened");
    } catch (const sshrs::error &error) {
        require(error.code() == SSH_ERR_CHANNEL_CONNECT_FAILED, "the exception's code");
        require(ssh_exception_peer_reason(error.details()) == 2, "the exception's details");
        require(std::strlen(error.what()) > 0, "the exception's text");
    }
}

int main()
{
    try {
        run();
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
