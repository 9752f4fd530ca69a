#pragma once

#include <string>

namespace croton::inline v1 {

/// Identifies this machine's CPU as far as code made for it depends on it: vendor, model and
/// feature bits, in hexadecimal. Part of the key of every compiled program; read once.
const std::string& host_cpu_identity();

/// The oldest CPU that emitted programs run on: x86-64-v3 or aarch64.
/// throws   BackendError on an older one, which names what it lacks.
void require_baseline_cpu();

} // namespace croton::inline v1
