#pragma once

#include <string>

#include "bart/bench/measure.h"

namespace bart {

/// The measurements for people; with `operations` also the tables of all operations.
std::string bench_text(const BenchReport& report, bool operations);

std::string bench_json(const BenchReport& report);

}  // namespace bart
