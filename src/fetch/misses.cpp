// SPDX-License-Identifier: Apache-2.0
#include "fetch/misses.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "base/utf.h"
#include "fetch/places.h"
#include "platform/platform.h"

namespace vigil::fetch {
namespace {

constexpr std::uint64_t kMaxBytes = 65'536;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

}  // namespace

Misses Misses::read(const std::filesystem::path& store,
                    const Wanted& wanted,
                    Timestamp now,
                    std::chrono::hours lasts) {
  Misses misses(folder_in(store, wanted) / path_from_utf8(wanted.name + ".missing"));
  const auto text = platform::read_file(misses.file_, kMaxBytes);
  if (!text.ok()) return misses;
  const auto now_seconds = now.us / kMicrosecondsPerSecond;
  const auto oldest = now_seconds - std::chrono::seconds(lasts).count();
  for (std::string_view rest = *text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
    const auto used = static_cast<std::size_t>(end - line.data());
    if (error != std::errc() || used + 1 >= line.size() || line[used] != ' ') continue;
    // A time that is yet to come is of a clock that was wrong.
    if (seconds > oldest && seconds <= now_seconds)
      misses.seconds_[std::string(line.substr(used + 1))] = seconds;
  }
  return misses;
}

Status Misses::add(const std::string& server, Timestamp now) {
  seconds_[server] = now.us / kMicrosecondsPerSecond;
  std::string text;
  for (const auto& [url, seconds] : seconds_) text += fmt::format("{} {}\n", seconds, url);
  VIGIL_TRY(platform::create_folders(file_.parent_path()));
  return platform::write_file_atomically(file_, text);
}

void Misses::forget() {
  std::error_code ignored;  // it only costs asking a second time
  std::filesystem::remove(file_, ignored);
}

}  // namespace vigil::fetch
