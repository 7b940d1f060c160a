// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

/// YAML for people who make mistakes: text to a small tree whose every value knows its line and
/// column, and a list of everything that is wrong with it. Rule files and vigil.yaml are read with
/// this.
///
/// The text is hostile. Size, nesting and the number of values are limited before and while
/// yaml-cpp reads it; anchors, aliases, tags and several documents are refused, so a value is never
/// shared, never expanded and the tree cannot have a cycle. yaml-cpp's exceptions end here.
namespace vigil::yaml {

/// Both 1-based; 0: the file as a whole. Columns count characters, as editors do.
struct Position {
  int line = 0;
  int column = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// One thing wrong with a file. format(): `rules.d/orders.yaml:7:5: unknown key 'proces'; did you
/// mean 'process'?`
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;
  [[nodiscard]] std::string format() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// What was found wrong with one file, by line and column. Of several problems at one position
/// only the first is kept: the others follow from it. Bounded.
class Problems {
 public:
  static constexpr std::size_t kMaxProblems = 100;

  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string message);
  [[nodiscard]] bool empty() const noexcept { return problems_.empty(); }
  /// Further ones are dropped: whoever looks for more of them may stop.
  [[nodiscard]] bool full() const noexcept { return problems_.size() == kMaxProblems; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  /// The last one says so when there were more than kMaxProblems.
  [[nodiscard]] std::vector<Problem> take() &&;

 private:
  std::string file_;
  std::vector<Problem> problems_;
  bool dropped_ = false;
};

struct Key {
  std::string text;
  Position at;
};

/// One value with what is below it.
struct Node {
  enum class Kind : std::uint8_t { Null, Text, List, Map };
  Kind kind = Kind::Null;
  Position at;
  std::string text;         ///< Text: without its quotes.
  std::vector<Node> items;  ///< List: the items. Map: the values.
  std::vector<Key> keys;    ///< Map: the keys, without double ones, as many as items.
  /// The value of \p key in a map, or nullptr.
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};

inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr std::size_t kMaxDepth = 32;  ///< Also what bounds every recursion over the tree.

/// The tree of \p text, or nothing when it cannot be read as YAML at all. A double key is a problem
/// and its first value stays, so that the rest can be checked too. An empty document is a Null.
[[nodiscard]] std::optional<Node> parse(std::string_view text, Problems& problems);

/// A whole regular file of at most \p max_bytes.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::uint64_t max_bytes);

// ---- Names that are known, and maps with such keys

/// The names that may stand at one place of a file, and how a wrong one is worded.
struct Names {
  std::string_view noun;  ///< `key`, `condition`, `dump kind`: what one name is called.
  std::span<const std::string_view> known;
};

/// `unknown key 'proces'; did you mean 'process'?`, or what else is wrong with \p name.
[[nodiscard]] std::string unknown_name(std::string_view name, const Names& names);

/// Calls \p use with the index of the key and its value for every key of \p node that \p names
/// knows; a node that is no map and an unknown key are problems.
void visit_map(const Node& node,
               const Names& names,
               Problems& problems,
               const std::function<void(std::size_t key, const Node& value)>& use);

/// One key of a map and the function that reads its value into the target.
template <class Target>
struct Field {
  std::string_view key;
  void (*read)(const Node& value, Target& target, Problems& problems);
};

/// visit_map() over a table.
template <class Target, std::size_t kCount>
void read_map(const Node& node,
              const Field<Target> (&fields)[kCount],
              Target& target,
              Problems& problems) {
  std::string_view known[kCount];
  for (std::size_t i = 0; i < kCount; ++i) known[i] = fields[i].key;
  visit_map(node, {.noun = "key", .known = known}, problems,
            [&](std::size_t key, const Node& value) { fields[key].read(value, target, problems); });
}

/// The name nearest to \p name if it is near enough to be what was meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      std::span<const std::string_view> names);

/// `a, b and c`.
[[nodiscard]] std::string join_names(std::span<const std::string_view> names);

/// \p text in single quotes for a message: one printable line, cut when long.
[[nodiscard]] std::string shown(std::string_view text);

/// What \p node is, for a message: `the text 'x'`, `a list`, `a map`, `nothing`.
[[nodiscard]] std::string described(const Node& node);

// ---- Values: nothing, and a problem that says what would be right, when the node is not that

[[nodiscard]] std::optional<std::string> read_text(const Node& node,
                                                   std::string_view what,
                                                   std::size_t max_bytes,
                                                   Problems& problems);
[[nodiscard]] std::optional<bool> read_bool(const Node& node, Problems& problems);
/// The index of the text in \p names.
[[nodiscard]] std::optional<std::size_t> read_name(const Node& node,
                                                   const Names& names,
                                                   Problems& problems);

/// From \p min to \p max, both included.
template <class T>
struct Range {
  T min;
  T max;
};
[[nodiscard]] std::optional<std::uint32_t> read_count(const Node& node,
                                                      Range<std::uint32_t> range,
                                                      Problems& problems);
[[nodiscard]] std::optional<Microseconds> read_duration(const Node& node,
                                                        Range<Microseconds> range,
                                                        Problems& problems);
[[nodiscard]] std::optional<std::uint64_t> read_size(const Node& node,
                                                     Range<std::uint64_t> range,
                                                     Problems& problems);
/// A number of percent.
[[nodiscard]] std::optional<std::uint64_t> read_percent(const Node& node,
                                                        Range<std::uint64_t> range,
                                                        Problems& problems);
/// A number such as 12 or 0.25, in thousandths.
[[nodiscard]] std::optional<std::uint64_t> read_decimal(const Node& node,
                                                        Range<std::uint64_t> range,
                                                        Problems& problems);

// ---- Units

/// `30s`, `500ms`, `5m`, `2h`, `7d`: a whole number and its unit, in one word.
[[nodiscard]] Result<Microseconds> parse_duration(std::string_view text);
/// `512B`, `64KiB`, `10MiB`, `1GiB`: powers of 1024 and nothing else.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
/// `12`, `0.25`: up to three digits behind the point; the answer is in thousandths.
[[nodiscard]] Result<std::uint64_t> parse_decimal(std::string_view text);
/// `85%`: a whole number of percent.
[[nodiscard]] Result<std::uint64_t> parse_percent(std::string_view text);
/// The shortest spelling that parse_duration() reads back; below a millisecond is cut off.
[[nodiscard]] std::string format_exact(Microseconds duration);
/// The shortest spelling that parse_size() reads back.
[[nodiscard]] std::string format_size(std::uint64_t bytes);
/// Of thousandths, the shortest spelling that parse_decimal() reads back.
[[nodiscard]] std::string format_decimal(std::uint64_t thousandths);
/// `85%`
[[nodiscard]] std::string format_percent(std::uint64_t percent);

}  // namespace vigil::yaml
