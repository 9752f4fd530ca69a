#include "workload.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace bench {

using croton::Array;
using croton::DType;

Array input(const std::vector<std::int64_t>& shape, double low, double high, int k, DType dtype)
{
    Array a = Array::empty(DType::f64, shape);
    auto* p = static_cast<double*>(a.data());
    for (std::int64_t i = 0; i < a.size(); ++i) {
        const double x = 0.6180339887498949 * (static_cast<double>(i) + 1000003.0 * k + 1);
        p[i] = low + (high - low) * (x - std::floor(x));
    }
    return a.cast(dtype);
}

double median_ns(const std::function<void()>& call, int threads)
{
    const auto now = [&] {
        timespec t{};
        clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
        return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
    };
    call();
    std::size_t inner = 1;
    const auto repetition = [&] {
        const double start = now();
        for (std::size_t i = 0; i < inner; ++i)
            call();
        return now() - start;
    };
    while (repetition() < 5e6)
        inner *= 2;
    std::vector<double> ns;
    const double start = now();
    while (ns.size() < 7 || now() - start < 0.3e9)
        ns.push_back(repetition() / static_cast<double>(inner));
    std::nth_element(ns.begin(), ns.begin() + static_cast<std::ptrdiff_t>(ns.size() / 2), ns.end());
    return ns[ns.size() / 2];
}

double checksum(const std::vector<Array>& outputs)
{
    double total = 0;
    for (const Array& output : outputs) {
        const Array wide = output.cast(DType::f64);
        const auto* p = static_cast<const double*>(wide.data());
        for (std::int64_t i = 0; i < wide.size(); ++i)
            total += p[i];
    }
    return total;
}

void line(std::string_view workload,
          const std::string& name,
          double value,
          double check,
          int threads,
          std::string_view metric)
{
    std::printf("{\"peer\": \"croton\", \"workload\": \"%.*s\", \"case\": \"%s\", \"metric\": "
                "\"%.*s\", \"value\": %.5g, \"threads\": %d, \"check\": %.15g}\n",
                static_cast<int>(workload.size()), workload.data(), name.c_str(),
                static_cast<int>(metric.size()), metric.data(), value, threads, check);
    std::fflush(stdout);
}

void run_case(std::string_view workload,
              const std::string& name,
              const croton::Function& f,
              const std::vector<Array>& inputs,
              int threads,
              double (*check)(const std::vector<Array>& outputs))
{
    // One call makes the outputs; the timed ones write into them again.
    const std::vector<croton::Any> arguments(inputs.begin(), inputs.end());
    const croton::Results first = f.call(arguments);
    std::vector<Array> outputs;
    for (std::size_t i = 0; i < first.size(); ++i)
        outputs.push_back(first[i]);
    const double ns = median_ns([&] { f.call_into(inputs, outputs); }, threads);
    line(workload, name, ns, check(outputs), threads);
}

} // namespace bench
