#pragma once

// What every workload needs: inputs, timing, a line of JSON.

#include <croton/croton.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Numbers in [low, high): frac(0.6180339887498949 * (i + 1 + 1000003 * k)), the k-th input of a
/// workload.
croton::Array
input(const std::vector<std::int64_t>& shape, double low, double high, int k, croton::DType dtype);

/// Median nanoseconds of a call: at least 7 repetitions and 0.3 s, each repetition at least 5 ms.
/// On one thread the clock is the thread's own CPU time.
double median_ns(const std::function<void()>& call, int threads);

/// Sum of all elements in f64.
double checksum(const std::vector<croton::Array>& outputs);

/// {"peer": "croton", "workload": .., "case": .., "metric": "ns_per_call", ..}
void line(std::string_view workload,
          const std::string& name,
          double value,
          double check,
          int threads,
          std::string_view metric = "ns_per_call");

/// Runs `f` on `inputs` with buffers that exist already, and prints its line.
/// check   what a peer's line says of its results
void run_case(std::string_view workload,
              const std::string& name,
              const croton::Function& f,
              const std::vector<croton::Array>& inputs,
              int threads,
              double (*check)(const std::vector<croton::Array>& outputs) = checksum);

void w1(int threads);
void w2_w3(int threads);
void w4_w5(int threads);
void w6(int threads);
void w7(int threads);
void w9(int threads);
void w10(int threads);
void w11(const std::string& adbench, int threads); ///< data that the folder holds
void w12(int threads);
void scans(int threads);
void heston(int threads);

} // namespace bench
