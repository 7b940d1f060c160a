// SPDX-License-Identifier: Apache-2.0
#include "platform/win/account.h"

#include <array>
#include <chrono>
#include <map>
#include <mutex>

#include <windows.h>

#include <sddl.h>

#include <fmt/format.h>

#include "platform/win/security.h"
#include "platform/win/text.h"

namespace vigil::platform {
namespace {

/// More accounts than run programs on one machine.
constexpr std::size_t kMaxRemembered = 1024;
constexpr std::chrono::hours kNameHolds{24};
constexpr std::chrono::minutes kAskAgain{10};

std::vector<std::string> look_up(const std::string& text) {
  LocalMemory sid;
  if (::ConvertStringSidToSidW(wide_from_utf8(text).c_str(), sid.put()) == FALSE) return {text};
  const auto whole = account_name(sid.get());
  if (whole == text) return {text};
  const auto slash = whole.find('\\');
  return {whole, slash == std::string::npos ? whole : whole.substr(slash + 1), text};
}

}  // namespace

std::string account_name(PSID sid) {
  if (sid == nullptr) return "nobody known";
  std::array<wchar_t, 257> name{}, domain{};
  auto name_units = static_cast<DWORD>(name.size());
  auto domain_units = static_cast<DWORD>(domain.size());
  SID_NAME_USE use{};
  if (::LookupAccountSidW(nullptr, sid, name.data(), &name_units, domain.data(), &domain_units,
                          &use) == FALSE)
    return sid_text(sid);
  const auto account = utf8_from_wide(name.data());
  const auto where = utf8_from_wide(domain.data());
  return where.empty() ? account : fmt::format("{}\\{}", where, account);
}

std::vector<std::string> account_names(const std::string& sid) {
  if (sid.empty()) return {};
  using Clock = std::chrono::steady_clock;
  struct Known {
    std::vector<std::string> names;
    Clock::time_point until;
  };
  static std::mutex mutex;
  static std::map<std::string, Known> known;
  const std::lock_guard lock(mutex);
  const auto now = Clock::now();
  if (const auto found = known.find(sid); found != known.end() && now < found->second.until)
    return found->second.names;
  auto names = look_up(sid);
  if (known.size() >= kMaxRemembered) known.clear();
  // Each question may wait for another machine, also one that nobody answers.
  known.insert_or_assign(sid, Known{names, now + (names.size() > 1 ? kNameHolds : kAskAgain)});
  return names;
}

}  // namespace vigil::platform
