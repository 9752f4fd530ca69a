// What a call with a workspace asks of the system: 100,000 calls, counted. Allocations and locks
// are counted by functions that stand in front of the C library's; system calls (futex among them)
// by a filter that lets the kernel report each; page faults by getrusage.
#include <croton/croton.hpp>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support/allocations.hpp"

namespace ct = croton;
using croton::test::allocations;

namespace {

volatile std::sig_atomic_t locks = 0;
volatile std::sig_atomic_t system_calls = 0;

void count(volatile std::sig_atomic_t& n) { n = n + 1; }

} // namespace

#ifndef CROTON_INSTRUMENTED
extern "C" {
int pthread_mutex_lock(pthread_mutex_t* m) noexcept
{
    using Lock = int (*)(pthread_mutex_t*);
    static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    count(locks);
    return real(m);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* l) noexcept
{
    using Lock = int (*)(pthread_rwlock_t*);
    static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_rwlock_rdlock"));
    count(locks);
    return real(l);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* l) noexcept
{
    using Lock = int (*)(pthread_rwlock_t*);
    static const Lock real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_rwlock_wrlock"));
    count(locks);
    return real(l);
}
}
#endif

namespace {

constexpr int calls = 100000;

/// From here on every system call but the ones to end and to report is counted, not done.
bool watch_system_calls()
{
    struct sigaction action = {};
    action.sa_handler = [](int) { count(system_calls); };
    sigaction(SIGSYS, &action, nullptr);
    const auto allow = [](unsigned number) {
        return std::array<sock_filter, 2>{sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
                                          sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    };
    std::vector<sock_filter> filter{{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)}};
    for (const int number :
         {SYS_exit_group, SYS_exit, SYS_write, SYS_getrusage, SYS_rt_sigreturn, SYS_rt_sigprocmask})
        for (const sock_filter& f : allow(static_cast<unsigned>(number)))
            filter.push_back(f);
    filter.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP});
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

long page_faults()
{
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/// Calls `call` 100,000 times in a child, after the calls that bring everything in. Returns whether
/// nothing was asked for, but at most `locks_a_call` locks that nobody else holds, and
/// `allocations_a_call` calls of malloc or free.
template <class Call>
bool asks_nothing(const char* name, Call call, int locks_a_call = 0, int allocations_a_call = 0)
{
    const pid_t child = fork();
    if (child != 0) {
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    bool all = true;
    for (int i = 0; i < 1000; ++i)
        all &= call();
    const bool watched = watch_system_calls();
    // Another process may take a page away: the best of three rounds.
    long faults = 1;
    int rounds = 0;
    allocations() = 0;
    locks = 0;
    system_calls = 0;
    for (; rounds < 3 && faults > 0; ++rounds) {
        const long before = page_faults();
        for (int i = 0; i < calls; ++i)
            all &= call();
        faults = page_faults() - before;
    }
    char text[256];
    const int length = std::snprintf(
        text, sizeof text,
        "%-28s %s %d allocations, %d locks, %d system calls%s, %ld page faults\n", name,
        all ? "" : "FAILED CALLS,", static_cast<int>(allocations()), static_cast<int>(locks),
        static_cast<int>(system_calls), watched ? "" : " (not watched: no filters here)", faults);
    const bool written = write(1, text, static_cast<std::size_t>(length)) == length;
    const bool few_locks = locks <= rounds * calls * locks_a_call;
    const bool few_allocations = allocations() <= rounds * calls * allocations_a_call;
    _exit(written && all && few_allocations && few_locks && system_calls == 0 && faults == 0 ? 0
                                                                                             : 1);
}

bool scalars()
{
    const auto x = ct::scalar<double>("x"), y = ct::scalar<double>("y");
    const auto f = ct::function({x, y}, {x * y + 1});
    const auto call = f.typed<void(double, double, double&)>();
    auto workspace = f.workspace();
    double out = 0;
    return asks_nothing("scalars, workspace",
                        [&] { return call(workspace, 2, 3, out) && out == 7; }) &&
           asks_nothing("scalars, checked", [&] {
               call(2.0, 3.0, out);
               return out == 7;
           });
}

bool products()
{
    const auto x = ct::matrix<float>("x", {ct::dim("n"), 16}), w = ct::matrix<float>("w", {16, 8});
    const auto f = ct::function({x, w}, {ct::softmax(ct::dot(ct::tanh(x), w) + 1, 1)});
    using In = ct::View<const float, 2>;
    const auto call = f.typed<void(In, In, ct::View<float, 2>)>();
    std::vector<float> a(64), b(128), c(32);
    const In va(a.data(), {4, 16}), vb(b.data(), {16, 8});
    const ct::View<float, 2> vc(c.data(), {4, 8});
    auto workspace = f.workspace({{"n", 4}});
    workspace.touch();
    return asks_nothing("a layer, workspace",
                        [&] { return static_cast<bool>(call(workspace, va, vb, vc)); }) &&
           asks_nothing("a layer, checked", [&] {
               call(va, vb, vc);
               return true;
           });
}

bool states()
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")});
    const auto f = ct::function({{x, ct::Layout::any}},
                                ct::Output("x1", ct::cumsum(x * 0.5, 0), ct::Layout::any),
                                {.in_place = {{0, 0}}});
    const auto call = f.typed<void(ct::View<const double, 2>, ct::View<double, 2>)>();
    std::vector<double> memory(12, 1.0);
    ct::View<double, 2> state(memory.data(), {3, 4});
    state.strides = {1, 3};
    auto workspace = f.workspace({{"n", 3}, {"m", 4}});
    workspace.touch();
    return asks_nothing("a state of any strides",
                        [&] { return static_cast<bool>(call(workspace, state, state)); });
}

/// A step that updates shared variables holds the lock of each for the time of the call, and a
/// function that reads them none.
bool training()
{
    const auto x = ct::matrix<float>("x", {8, 4});
    const auto w = ct::shared("w", ct::Array::normal(1, {4, 4}));
    const auto b = ct::shared("b", ct::zeros<float>({4}));
    const auto n = ct::shared("n", ct::zeros<std::int64_t>({}));
    const auto loss = ct::mean(ct::square(ct::tanh(ct::dot(x, w) + b) - x));
    const auto [w_bar, b_bar] = ct::grad(loss, {w, b});
    const auto step = ct::function(
        {x}, {loss}, {.updates = {{w, w - 0.1 * w_bar}, {b, b - 0.1 * b_bar}, {n, n + 1}}});
    const auto score = ct::function({x}, {loss});
    using Call = ct::Typed<void(ct::View<const float, 2>, float&)>;
    const auto train = step.typed<void(ct::View<const float, 2>, float&)>();
    const auto read = score.typed<void(ct::View<const float, 2>, float&)>();
    std::vector<float> memory(32, 0.5F);
    const ct::View<const float, 2> in(memory.data(), {8, 4});
    float out = 0;
    auto workspace = step.workspace(), reading = score.workspace();
    workspace.touch();
    reading.touch();
    const auto with_workspace = [&](const Call& call, ct::Workspace& own) {
        return [&] { return static_cast<bool>(call(own, in, out)); };
    };
    std::vector<ct::Array> arrays{ct::Array::copy(in)}, results{ct::Array::scalar(0.0F)};
    return asks_nothing("a training step, workspace", with_workspace(train, workspace), 3) &&
           asks_nothing(
               "a training step, checked",
               [&] {
                   train(in, out);
                   return true;
               },
               3) &&
           asks_nothing(
               "a training step, Arrays",
               [&] {
                   step.call_into(arrays, results);
                   return true;
               },
               3) &&
           asks_nothing("a reader, workspace", with_workspace(read, reading)) &&
           asks_nothing("a reader, checked", [&] {
               read(in, out);
               return true;
           });
}

template <std::size_t>
using Number = double;
template <std::size_t>
using NumberOut = double&;

/// So many arguments that their lists lie beside the workspace.
template <std::size_t... i>
bool many(std::index_sequence<i...>)
{
    ct::Variables x, y;
    for (std::size_t k = 0; k < sizeof...(i); ++k) {
        x.push_back(ct::scalar<double>(""));
        y.push_back(x.back() * 2);
    }
    const auto f = ct::function(x, y);
    const auto call = f.typed<void(Number<i>..., NumberOut<i>...)>();
    auto workspace = f.workspace();
    std::array<double, sizeof...(i)> out{};
    std::vector<ct::Array> given, into;
    for (std::size_t k = 0; k < sizeof...(i); ++k) {
        given.push_back(ct::Array::scalar(1.0));
        into.push_back(ct::Array::scalar(0.0));
    }
    return asks_nothing("many numbers, workspace",
                        [&] {
                            return static_cast<bool>(
                                call(workspace, static_cast<double>(i)..., out[i]...));
                        }) &&
           asks_nothing("many numbers, checked",
                        [&] {
                            call(static_cast<double>(i)..., out[i]...);
                            return out[1] == 2;
                        }) &&
           asks_nothing("many numbers, Arrays", [&] {
               f.call_into(given, into);
               return true;
           });
}

/// A call with Arrays allocates a result and the list of results, and both are freed. The counters
/// see what they must.
bool arrays()
{
    const auto x = ct::vector<double>("x"), y = ct::vector<double>("y");
    const auto f = ct::function({x, y}, {ct::concatenate({x, y})});
    const ct::Array a = ct::zeros<double>({4}), b = ct::zeros<double>({3});
    const auto call = [&] { return f(a, b)[0].size() == 7; };
    return asks_nothing("Arrays, which allocate", call, 0, 4) &&
           !asks_nothing("Arrays, one time less", call, 0, 3) &&
           !asks_nothing("a system call", [] { return syscall(SYS_getppid) != 0; });
}

bool refused()
{
    const auto x = ct::vector<double>("x", {4});
    const auto f = ct::function({x}, {x + 1});
    const auto call = f.typed<void(ct::View<const double>, ct::View<double>)>();
    std::vector<double> in(5), out(4);
    auto workspace = f.workspace();
    return asks_nothing("a call that is refused",
                        [&] { return call(workspace, in, out).code == ct::Code::shape; });
}

} // namespace

int main()
{
#ifdef CROTON_INSTRUMENTED
    constexpr bool counts = false;
#else
    constexpr bool counts = true;
#endif
    if (!counts) {
        std::puts("not counted: sanitizers allocate and lock");
        return 0;
    }
    const bool all = static_cast<int>(scalars()) + static_cast<int>(products()) +
                         static_cast<int>(states()) + static_cast<int>(training()) +
                         static_cast<int>(refused()) + static_cast<int>(arrays()) +
                         static_cast<int>(many(std::make_index_sequence<300>{})) ==
                     7;
    return all ? 0 : 1;
}
