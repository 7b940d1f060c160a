// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "base/time.h"
#include "fetch/fetch.h"

namespace vigil::fetch {

/// Which servers did not have a file, and when that was: `name.missing` in the folder where it
/// would be. One line for each server: seconds since 1970, a space, its URL.
class Misses {
 public:
  /// Those of \p wanted in \p store that are younger than \p lasts; a damaged file has none.
  [[nodiscard]] static Misses read(const std::filesystem::path& store,
                                   const Wanted& wanted,
                                   Timestamp now,
                                   std::chrono::hours lasts);

  [[nodiscard]] bool has(const std::string& server) const { return seconds_.contains(server); }
  /// Remembers it of now, in the file too.
  [[nodiscard]] Status add(const std::string& server, Timestamp now);
  /// The file has come after all.
  void forget();

 private:
  explicit Misses(std::filesystem::path file) : file_(std::move(file)) {}

  std::filesystem::path file_;
  std::map<std::string, std::int64_t> seconds_;  // by server
};

}  // namespace vigil::fetch
