// SPDX-License-Identifier: Apache-2.0
#include "capture_text.h"

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "base/words.h"
#include "text.h"

namespace vigil::cli {
namespace {

/// From here on exit codes are NTSTATUS values, which are read in hex.
constexpr std::uint32_t kFirstStatusCode = 0x4000'0000;

}  // namespace

std::string what_happened(const store::Capture& capture) {
  if (capture.kind == store::Kind::Manual) return "manual dump";
  if (capture.kind == store::Kind::Bugcheck && capture.exception_code)
    return fmt::format("bugcheck 0x{:08x}", *capture.exception_code);
  if (capture.kind == store::Kind::LiveReport && capture.exception_code)
    return fmt::format("live report 0x{:08x}", *capture.exception_code);
  if (capture.kind == store::Kind::Exception && capture.exception_code)
    return "exception " + exception_name(*capture.exception_code);
  if (capture.kind == store::Kind::ThreadEnd && capture.exit_code)
    return "thread ended with " + exit_code_in_words(*capture.exit_code);
  if (!store::is_death(capture.kind)) return std::string(store::to_string(capture.kind));
  if (!capture.verdict.empty()) return one_line(capture.verdict);
  if (capture.exception_code) return exception_name(*capture.exception_code);
  if (capture.exit_code) {
    const auto* known =
        *capture.exit_code >= kFirstStatusCode ? find_exception_code(*capture.exit_code) : nullptr;
    if (known != nullptr) return fmt::format("exit {}", known->name);
    return *capture.exit_code >= kFirstStatusCode ? fmt::format("exit 0x{:08x}", *capture.exit_code)
                                                  : fmt::format("exit {}", *capture.exit_code);
  }
  return std::string(store::to_string(capture.kind));
}

std::string dump_in_words(const store::Capture& capture) {
  if (capture.dump_file.empty() || capture.state == store::State::Capturing) return "none";
  const auto kind = one_line(capture.dump_kind);
  return fmt::format("{} {}", kind.empty() || kind == "none" ? "dump" : kind,
                     format_bytes(capture.dump_bytes));
}

std::string sources_in_words(const std::vector<store::Source>& sources) {
  std::string text;
  for (const auto source : sources) {
    if (!text.empty()) text += ", ";
    text += store::to_string(source);
  }
  return text;
}

std::filesystem::path dump_path(const Context& context, const store::Capture& capture) {
  if (capture.dump_file.empty()) return {};
  return context.data_folder / path_from_utf8(capture.dump_file).make_preferred();
}

}  // namespace vigil::cli
