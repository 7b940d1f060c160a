// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "pipeline/pipeline.h"
#include "report/report.h"

/// A dump of hostile making through all that reads it: whatever it holds, the report that comes out
/// is one that its own reader takes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  constexpr std::chrono::milliseconds kTime{200};
  const ByteView bytes(std::as_bytes(std::span(data, size)));
  symbols::Library library({.module_paths = false});
  const auto report = pipeline::analyze(std::make_unique<MemorySource>(bytes), library,
                                        {.time = kTime, .crashed_thread_time = kTime});
  if (!report.ok()) return 0;
  (void)report::to_text(*report, {});
  const auto read = report::from_json(report::to_json(*report, false));
  VIGIL_CHECK(read.ok());
  VIGIL_CHECK(report::to_json(*read, false) == report::to_json(*report, false));
  return 0;
}
