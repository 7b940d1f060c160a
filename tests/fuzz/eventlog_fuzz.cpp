// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/utf.h"
#include "eventlog/eventlog.h"

/// An event of any bytes: what it gives is short and free of control characters.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  const auto record =
      eventlog::parse_record(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!record.ok()) return 0;
  const auto news = eventlog::news_of(*record);
  if (!news) return 0;
  VIGIL_CHECK(news->event.process.size() <= 4096 && news->event.report_id.size() <= 256);
  VIGIL_CHECK(printable_utf8(news->event.process) == news->event.process);
  if (news->signal) VIGIL_CHECK(printable_utf8(news->signal->detail) == news->signal->detail);
  return 0;
}
