#pragma once

#include <string>

namespace croton::inline v1 {

/// What Croton is and finds on this machine, for people and for bug reports: its version, the
/// compiler and where it is, the CPU, the folder of compiled programs and its state, libraries
/// that it could use, threads. A line each. Opens nothing that was not open.
std::string info();

} // namespace croton::inline v1
