// SPDX-License-Identifier: Apache-2.0
#include "counter_lines.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace vigil::service {
namespace {

constexpr std::string_view kList = "list", kValue = "value", kNone = "none";

Error malformed() {
  return Error{Errc::Malformed, "a line about counters is none"};
}

/// The word that \p rest begins with, which is taken from it with the space behind it.
std::string_view take_word(std::string_view& rest) {
  const auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  return word;
}

template <class Number>
std::optional<Number> number_of(std::string_view word) {
  Number value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// Without its end.
std::optional<std::string_view> first_line(std::string_view text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(0, end);
}

std::optional<CounterList::Entry> entry_of(std::string_view line) {
  const auto process = number_of<std::uint32_t>(take_word(line));
  if (!process || line.empty()) return std::nullopt;
  return CounterList::Entry{std::string(line), ProcessId{*process}};
}

}  // namespace

std::string counter_list_text(std::uint32_t number,
                              std::span<const watch::CounterTarget> counters) {
  auto text = fmt::format("{} {} {}\n", kList, number, counters.size());
  for (const auto& counter : counters)
    text += fmt::format("{} {}\n", counter.process.pid.value, counter.path);
  return text;
}

Result<std::optional<CounterList>> take_counter_list(std::string& text) {
  const auto head = first_line(text);
  if (!head) {
    if (text.size() > kMaxCounterLineBytes) return malformed();
    return std::optional<CounterList>();
  }
  auto words = *head;
  const bool is_list = take_word(words) == kList;
  const auto number = number_of<std::uint32_t>(take_word(words));
  const auto count = number_of<std::size_t>(words);
  if (!is_list || !number || !count || *count > kMaxCounters) return malformed();
  CounterList list{.number = *number};
  std::size_t at = head->size() + 1;
  while (list.entries.size() < *count) {
    const auto rest = std::string_view(text).substr(at);
    const auto line = first_line(rest);
    if ((line ? line->size() : rest.size()) > kMaxCounterLineBytes) return malformed();
    if (!line) return std::optional<CounterList>();
    auto entry = entry_of(*line);
    if (!entry) return malformed();
    list.entries.push_back(std::move(*entry));
    at += line->size() + 1;
  }
  text.erase(0, at);
  return std::optional(std::move(list));
}

std::string counter_line_text(const CounterLine& line) {
  if (line.thousandths)
    return fmt::format("{} {} {} {}", line.list, line.index, kValue, *line.thousandths);
  return fmt::format("{} {} {} {}", line.list, line.index, kNone, line.why);
}

Result<CounterLine> parse_counter_line(std::string_view text) {
  if (text.size() > kMaxCounterLineBytes) return malformed();
  const auto list = number_of<std::uint32_t>(take_word(text));
  const auto index = number_of<std::uint32_t>(take_word(text));
  const auto word = take_word(text);
  if (!list || !index) return malformed();
  CounterLine line{.list = *list, .index = *index};
  if (word == kNone) {
    line.why = text;
    return line;
  }
  line.thousandths = number_of<std::uint64_t>(text);
  if (word != kValue || !line.thousandths) return malformed();
  return line;
}

}  // namespace vigil::service
