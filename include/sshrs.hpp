// sshrs.hpp - RAII for sshrs.h, C++17. Handles release themselves, errors become exceptions; everything else is the C
// interface: call it with handle.get().
//
//     sshrs::transport t;
//     sshrs::check(ssh_transport_new_host("example.org", nullptr, SSH_WAIT_DEFAULT, t.out()));
//     sshrs::check(ssh_transport_connect(t.get(), &options, 30000), t.get());
#ifndef SSHRS_HPP
#define SSHRS_HPP

#include "sshrs.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sshrs {

// Owns one C handle; Free is the handle's ssh_*_free.
template <typename T, void (*Free)(T *)>
class handle {
public:
    handle() noexcept = default;
    explicit handle(T *taken) noexcept : pointer_(taken) {}
    handle(handle &&other) noexcept : pointer_(other.release()) {}
    handle &operator=(handle &&other) noexcept
    {
        if (this != &other)
            reset(other.release());
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle() { reset(); }

    T *get() const noexcept { return pointer_; }
    explicit operator bool() const noexcept { return pointer_ != nullptr; }
    // Where a C function puts its owned result; what was held is released first.
    T **out() noexcept
    {
        reset();
        return &pointer_;
    }
    T *release() noexcept
    {
        T *pointer = pointer_;
        pointer_ = nullptr;
        return pointer;
    }
    void reset(T *taken = nullptr) noexcept
    {
        if (pointer_ != nullptr)
            Free(pointer_);
        pointer_ = taken;
    }

private:
    T *pointer_ = nullptr;
};

using transport = handle<ssh_transport_t, ssh_transport_free>;
using channel = handle<ssh_channel_t, ssh_channel_free>;
using key = handle<ssh_key_t, ssh_key_free>;
using cert = handle<ssh_cert_t, ssh_cert_free>;
using krl = handle<ssh_krl_t, ssh_krl_free>;
using event = handle<ssh_event_t, ssh_event_free>;
using ready = handle<ssh_ready_t, ssh_ready_free>;
using relay = handle<ssh_relay_t, ssh_relay_free>;
using security_options = handle<ssh_security_options_t, ssh_security_options_free>;
using known_hosts = handle<ssh_known_hosts_t, ssh_known_hosts_free>;
using exception_handle = handle<ssh_exception_t, ssh_exception_free>;
using exec_result = handle<ssh_exec_result_t, ssh_exec_result_free>;
using string = handle<char, ssh_string_free>;
using bytes = handle<uint8_t, ssh_bytes_free>;

// A negative status, with what ssh_get_exception knew about it.
class error : public std::runtime_error {
public:
    error(ssh_status_t code, exception_handle details)
        : std::runtime_error(text(code, details)), code_(code), details_(std::make_shared<exception_handle>(std::move(details)))
    {
    }
    ssh_status_t code() const noexcept { return code_; }
    // For ssh_exception_*; may be NULL, which they accept.
    const ssh_exception_t *details() const noexcept { return details_->get(); }

private:
    static std::string text(ssh_status_t code, const exception_handle &details)
    {
        std::string what = details ? ssh_exception_text(details.get()) : ssh_status_text(code);
        std::string_view hint = details ? ssh_exception_hint(details.get()) : "";
        if (!hint.empty())
            what.append(" (").append(hint).append(")");
        return what;
    }

    ssh_status_t code_;
    std::shared_ptr<exception_handle> details_; // exceptions must be copyable
};

// Passes SSH_OK, SSH_EOF and SSH_PARTIAL through and throws anything else.
inline ssh_status_t check(ssh_status_t status, ssh_transport_t *transport = nullptr)
{
    if (status >= 0)
        return status;
    // The thread's last error is this call's; the transport's copy is taken, so that it is not found by a later call.
    exception_handle details(ssh_get_exception(nullptr));
    if (transport != nullptr)
        exception_handle(ssh_get_exception(transport));
    throw error(status, std::move(details));
}

} // namespace sshrs

#endif // SSHRS_HPP
