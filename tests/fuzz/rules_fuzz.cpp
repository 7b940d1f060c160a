// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/utf.h"
#include "rules/rules.h"

/// A rule file of any bytes: it gives rules or problems, never both, and whatever it gives can be
/// used.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vigil;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = rules::parse_rules(text, "rules.d/fuzz.yaml");
  VIGIL_CHECK(loaded.problems.empty() || loaded.rules.rules.empty());
  for (const auto& problem : loaded.problems) {
    const auto line = problem.format();
    VIGIL_CHECK(printable_utf8(line) == line && line.find('\n') == std::string::npos);
  }
  const rules::ProcessFacts process{"Orders.exe", R"(C:\Orders\Orders.exe)",
                                    text.size() < 4096 ? std::string(text) : ""};
  for (const auto kind : {rules::EventKind::Crash, rules::EventKind::Exit}) {
    const auto decision = rules::decide(loaded.rules.find(kind, 3, process), {}, {});
    VIGIL_CHECK(!decision.reason.empty());
  }
  (void)loaded.rules.find_attach(process);
  return 0;
}
