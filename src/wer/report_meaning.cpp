// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "base/utf.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

/// Types of event by what they are about, and the parameter that has the exception's code. Source:
/// reports as Windows 7, 10 and 11 wrote them.
struct Type {
  std::string_view name;
  Trouble trouble;
  std::optional<std::size_t> code = {};
};
constexpr Type kTypes[] = {
    {"APPCRASH", Trouble::Crash, 6}, {"BEX", Trouble::Crash, 7},
    {"BEX64", Trouble::Crash, 7},    {"CLR20r3", Trouble::Crash},
    {"InPageError", Trouble::Crash}, {"MoAppCrash", Trouble::Crash, 6},
    {"AppHangB1", Trouble::Hang},    {"AppHangXProcB1", Trouble::Hang},
    {"MoAppHang", Trouble::Hang},    {"MoAppHangXProc", Trouble::Hang},
};
/// What a CLR exception is raised with.
constexpr std::uint32_t kClrException = 0xe043'4352;

const Type* type_of(const Report& report) {
  const auto* found = std::ranges::find(kTypes, report.event_type, &Type::name);
  return found == std::end(kTypes) ? nullptr : found;
}

/// Takes \p prefix from the front, whatever its case.
bool take(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size() ||
      ascii_lower(text.substr(0, prefix.size())) != ascii_lower(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

Trouble trouble_of(const Report& report) {
  const auto* type = type_of(report);
  return type == nullptr ? Trouble::None : type->trouble;
}

std::optional<std::uint32_t> exception_code_of(const Report& report) {
  const auto* type = type_of(report);
  if (type == nullptr) return std::nullopt;
  if (type->name == "CLR20r3") return kClrException;
  if (!type->code) return std::nullopt;
  const auto& text = report.parameters[*type->code];
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return code;
}

std::string report_file(std::string_view folder, std::string_view program_data) {
  auto rest = folder;
  (void)take(rest, R"(\\?\)");
  if (program_data.empty() || !take(rest, program_data) ||
      !take(rest, R"(\Microsoft\Windows\WER\)") ||
      !(take(rest, R"(ReportArchive\)") || take(rest, R"(ReportQueue\)"))) {
    return {};
  }
  // A plain name: no way up, no stream, nothing that Windows makes another name of.
  const bool plain = !rest.empty() && rest.find_first_of("/\\:*?\"<>|") == std::string_view::npos &&
                     rest.find_first_not_of('.') != std::string_view::npos && rest.back() != '.' &&
                     rest.back() != ' ';
  return plain ? std::string(folder) + R"(\Report.wer)" : std::string();
}

}  // namespace vigil::wer
