// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>

#include "store/store.h"

namespace vigil::store {
namespace {

// In the order of the enumerators. The words are stored in the database and printed as JSON: they
// never change.
constexpr std::array<std::string_view, 7> kStates = {
    "observed", "capturing", "captured", "analyzing", "done", "failed", "skipped"};
constexpr std::array<std::string_view, 8> kSources = {
    "aedebug", "attach", "exit-watch", "inbox", "manual", "sampler", "event-log", "crash-control"};
constexpr std::array<std::string_view, 15> kKinds = {
    "crash",   "exit",        "manual",  "cpu",        "memory",
    "handles", "threads",     "hang",    "bugcheck",   "exception",
    "module",  "live-report", "counter", "thread-end", "thread-start"};

constexpr std::array<std::string_view, 4> kActionStates = {"waiting", "begun", "done", "failed"};

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names,
                         std::string_view name) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(State state) noexcept {
  return kStates[static_cast<std::size_t>(state)];
}
std::optional<State> state_from(std::string_view name) noexcept {
  return find<State>(kStates, name);
}

std::string_view to_string(ActionState state) noexcept {
  return kActionStates[static_cast<std::size_t>(state)];
}

std::string_view to_string(Source source) noexcept {
  return kSources[static_cast<std::size_t>(source)];
}
std::optional<Source> source_from(std::string_view name) noexcept {
  return find<Source>(kSources, name);
}

std::string_view to_string(Kind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)];
}
std::optional<Kind> kind_from(std::string_view name) noexcept {
  return find<Kind>(kKinds, name);
}

}  // namespace vigil::store
