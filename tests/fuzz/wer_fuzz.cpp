// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_view.h"
#include "base/result.h"
#include "base/utf.h"
#include "wer/wer.h"

/// A Report.wer of any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  const auto report = wer::parse_report(ByteView(std::as_bytes(std::span(data, size))));
  if (!report.ok()) return 0;
  VIGIL_CHECK(!report->event_type.empty());
  for (const auto& parameter : report->parameters)
    VIGIL_CHECK(printable_utf8(parameter) == parameter);
  return 0;
}
