// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_view.h"
#include "report/report.h"

/// Whatever from_json() accepts must survive both forms, and a second trip must change nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const vigil::ByteView bytes(std::as_bytes(std::span(data, size)));
  const auto report = vigil::report::from_json(bytes.text());
  if (!report.ok()) return 0;
  const auto json = vigil::report::to_json(*report, false);
  const auto again = vigil::report::from_json(json);
  VIGIL_CHECK(again.ok());
  VIGIL_CHECK(vigil::report::to_json(*again, false) == json);
  const auto text =
      vigil::report::to_text(*report, {.color = false, .all_threads = true, .utc = true});
  VIGIL_CHECK(text.find('\x1b') == std::string::npos);
  return 0;
}
