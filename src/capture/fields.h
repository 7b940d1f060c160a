// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "base/time.h"

namespace vigil::capture {

using Json = nlohmann::json;

/// Parses hostile JSON text: at most kMaxEventBytes, one object, no name twice in one object.
[[nodiscard]] Result<Json> parse_object(std::string_view text, std::string_view what);

/// One JSON line or document; text that is not UTF-8 cannot be in it (see printable()).
[[nodiscard]] std::string dump_json(const Json& value);

/// \p text without what does not belong into a terminal or a log, and at most \p limit bytes of it,
/// cut between two characters.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit);

/// Whether \p text can be the plain name of a dump file, on Windows too.
[[nodiscard]] bool is_plain_dump_name(std::string_view text) noexcept;

/// Takes the fields out of one JSON object. The first thing wrong is kept, and finish() returns it;
/// it also refuses fields that nobody asked for. It does not own the object.
class FieldReader {
 public:
  FieldReader(const Json& object, std::string where);

  void text(const char* name, std::string& out, std::size_t limit);
  void flag(const char* name, bool& out);
  void number(const char* name, std::uint32_t& out);
  void number(const char* name, std::optional<std::uint32_t>& out);
  void time(const char* name, Timestamp& out);
  void time(const char* name, std::optional<Timestamp>& out);
  void object(const char* name, const std::function<Status(const Json&)>& read);

  /// A name of a closed list, turned into its value by \p from.
  template <class T, class From>
  void name_of(const char* name, T& out, From from) {
    std::string word;
    text(name, word, kMaxName);
    if (error_ || !seen(name)) return;
    if (const auto value = from(word)) {
      out = *value;
    } else {
      fail(name, "'" + word + "' is not known");
    }
  }

  /// The field must be there.
  void require(const char* name);
  [[nodiscard]] Status finish();

 private:
  static constexpr std::size_t kMaxName = 64;
  [[nodiscard]] const Json* find(const char* name);
  [[nodiscard]] bool seen(const char* name) const { return seen_.contains(name); }
  [[nodiscard]] std::optional<std::uint64_t> unsigned_number(const char* name, std::uint64_t max);
  void fail(const char* name, std::string what);

  const Json& object_;
  std::string where_;
  std::set<std::string, std::less<>> seen_;
  std::optional<Error> error_;
};

}  // namespace vigil::capture
