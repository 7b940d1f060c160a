// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include <fmt/format.h>

#include "watch/watch.h"

namespace vigil::watch {

std::string wait_chain_target(const ProcessKey& process) {
  return fmt::format("{}:{}", process.pid.value, process.start.us);
}

std::optional<ProcessKey> parse_wait_chain_target(std::string_view target) {
  ProcessKey key{};
  const auto* const end = target.data() + target.size();
  const auto pid = std::from_chars(target.data(), end, key.pid.value);
  if (pid.ec != std::errc{} || pid.ptr == end || *pid.ptr != ':') return std::nullopt;
  const auto start = std::from_chars(pid.ptr + 1, end, key.start.us);
  if (start.ec != std::errc{} || start.ptr != end) return std::nullopt;
  return key;
}

}  // namespace vigil::watch
