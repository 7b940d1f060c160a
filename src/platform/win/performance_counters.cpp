// SPDX-License-Identifier: Apache-2.0
#include "platform/win/performance_counters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/win/system_library.h"
#include "platform/win/text.h"

namespace vigil::platform {
namespace {

/// Some thousands of instances with their names. What they need grows between two questions.
constexpr DWORD kMaxArrayBytes = 16 << 20;
constexpr int kMaxArrayQuestions = 4;

/// The counters that say which process an instance is of.
constexpr std::string_view kIdCounters[] = {"ID Process", "Process ID"};

bool is(PDH_STATUS status, DWORD code) {
  return static_cast<DWORD>(status) == code;
}

/// As rules say it: behind the path and a colon.
std::string text_of(PDH_STATUS status) {
  switch (static_cast<DWORD>(status)) {
    case PDH_CSTATUS_NO_OBJECT: return "this system has no such object";
    case PDH_CSTATUS_NO_COUNTER: return "this system has no such counter";
    case PDH_CSTATUS_NO_INSTANCE: return "there is no such instance";
    case PDH_CSTATUS_BAD_COUNTERNAME: return "this system does not take it for a counter";
    case PDH_ACCESS_DENIED: return "access is denied";
    default: return fmt::format("it cannot be read (PDH {:#010x})", static_cast<DWORD>(status));
  }
}

/// Of a counter that is there, and says nothing now: a rate has only been begun, and what it counts
/// may have stood still.
bool is_nothing_yet(PDH_STATUS status) {
  return is(status, PDH_INVALID_DATA) || is(status, PDH_CSTATUS_INVALID_DATA) ||
         is(status, PDH_NO_DATA) || is(status, PDH_CALC_NEGATIVE_DENOMINATOR) ||
         is(status, PDH_CALC_NEGATIVE_VALUE) || is(status, PDH_CALC_NEGATIVE_TIMEBASE);
}

CounterAnswer answer_of(PDH_STATUS status, const PDH_FMT_COUNTERVALUE& value) {
  if (status == ERROR_SUCCESS) status = static_cast<PDH_STATUS>(value.CStatus);
  if (is(status, PDH_CSTATUS_VALID_DATA) || is(status, PDH_CSTATUS_NEW_DATA)) {
    if (std::isfinite(value.doubleValue)) return {value.doubleValue, {}};
    return {};
  }
  if (is_nothing_yet(status)) return {};
  return {{}, text_of(status)};
}

/// A counter of a query; looked for again while it is not there.
struct Counter {
  std::string path;
  PDH_HCOUNTER handle = nullptr;
  PDH_STATUS status = ERROR_SUCCESS;  // of the last time that it was looked for
};

/// What one path of a rule asks for.
struct Source {
  std::string path;  // as the rule has it
  Counter counter;
  std::vector<Counter> ids;  // of the instances' processes; empty: the path asks for none
};

struct Instance {
  std::string name;
  PDH_FMT_COUNTERVALUE value;
};

}  // namespace

class CounterQuery::Impl {
 public:
  Impl(const CounterFunctions& functions, std::vector<CounterQuestion> questions)
      : functions_(functions), questions_(std::move(questions)) {}
  ~Impl() {
    if (query_ != nullptr) functions_.close(query_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status open() {
    const auto status = functions_.open(nullptr, 0, &query_);
    if (status != ERROR_SUCCESS)
      return Error{Errc::Unsupported, "performance counters: " + text_of(status)};
    for (const auto& question : questions_) {
      auto& source = sources_[question.path];
      if (source.path.empty()) source = source_of(question.path);
    }
    return {};
  }

  std::vector<CounterAnswer> look() {
    if (looks_++ % kLooksBetween == 0) find_missing();
    // What it says is said again of each counter.
    (void)functions_.collect(query_);
    std::vector<CounterAnswer> answers;
    for (const auto& question : questions_) {
      const auto& source = sources_[question.path];
      answers.push_back(source.ids.empty() ? value_of(source.counter)
                                           : value_of(source, question.process));
    }
    instances_.clear();
    return answers;
  }

 private:
  static Source source_of(const std::string& path) {
    Source source{path, {.path = path}, {}};
    constexpr std::string_view kEach = "(*)\\";
    const auto at = path.find(kEach);
    if (at == std::string::npos) return source;
    const auto all = path.substr(0, at + kEach.size());
    for (const auto id : kIdCounters) source.ids.push_back({.path = all + std::string(id)});
    return source;
  }

  void find_missing() {
    const auto find = [&](Counter& counter) {
      if (counter.handle != nullptr) return;
      counter.status =
          functions_.add(query_, wide_from_utf8(counter.path).c_str(), 0, &counter.handle);
      if (counter.status != ERROR_SUCCESS) counter.handle = nullptr;
    };
    for (auto& [path, source] : sources_) {
      find(source.counter);
      if (source.counter.handle != nullptr) std::ranges::for_each(source.ids, find);
    }
  }

  [[nodiscard]] CounterAnswer value_of(const Counter& counter) const {
    if (counter.handle == nullptr) return {{}, text_of(counter.status)};
    PDH_FMT_COUNTERVALUE value{};
    const auto status = functions_.value(counter.handle, kFormat, nullptr, &value);
    return answer_of(status, value);
  }

  [[nodiscard]] CounterAnswer value_of(const Source& source, ProcessId process) {
    if (source.counter.handle == nullptr) return {{}, text_of(source.counter.status)};
    const auto& values = instances_of(source.counter);
    const auto with_handle =
        std::ranges::find_if(source.ids, [](const Counter& id) { return id.handle != nullptr; });
    const auto* const ids = with_handle == source.ids.end() ? nullptr : &instances_of(*with_handle);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // Both are of one moment and in one order, which tells instances of the same name apart.
      const bool is_wanted =
          ids == nullptr ? is_instance_of(values[i].name, process)
                         : i < ids->size() && (*ids)[i].name == values[i].name &&
                               (*ids)[i].value.doubleValue == static_cast<double>(process.value);
      if (is_wanted) return answer_of(ERROR_SUCCESS, values[i].value);
    }
    return {{}, "it has no instance of this process"};
  }

  /// Asked once a look, however many processes share it.
  const std::vector<Instance>& instances_of(const Counter& counter) {
    const auto [place, is_new] = instances_.try_emplace(counter.handle);
    if (is_new) place->second = read_instances(counter.handle);
    return place->second;
  }

  [[nodiscard]] std::vector<Instance> read_instances(PDH_HCOUNTER counter) const {
    std::vector<PDH_FMT_COUNTERVALUE_ITEM_W> items;
    DWORD bytes = 0;
    for (int i = 0; i < kMaxArrayQuestions; ++i) {
      DWORD count = 0;
      items.resize((bytes + sizeof(items[0]) - 1) / sizeof(items[0]));
      const auto status = functions_.values(counter, kFormat, &bytes, &count,
                                            items.empty() ? nullptr : items.data());
      if (status == ERROR_SUCCESS && !items.empty()) {
        std::vector<Instance> instances;
        for (const auto& item : std::span(items).first(std::min<std::size_t>(count, items.size())))
          instances.push_back({utf8_from_wide(item.szName), item.FmtValue});
        return instances;
      }
      if (!is(status, PDH_MORE_DATA) || bytes > kMaxArrayBytes) break;
    }
    return {};
  }

  /// Percentages of several processors may be above 100.
  static constexpr DWORD kFormat = PDH_FMT_DOUBLE | PDH_FMT_NOCAP100;

  CounterFunctions functions_;
  std::vector<CounterQuestion> questions_;
  PDH_HQUERY query_ = nullptr;
  std::map<std::string, Source> sources_;                    // by the rule's path
  std::map<PDH_HCOUNTER, std::vector<Instance>> instances_;  // of this look
  std::uint32_t looks_ = 0;
};

CounterQuery::CounterQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CounterQuery::CounterQuery(CounterQuery&&) noexcept = default;
CounterQuery& CounterQuery::operator=(CounterQuery&&) noexcept = default;
CounterQuery::~CounterQuery() = default;

Result<CounterQuery> CounterQuery::open(const CounterFunctions& functions,
                                        std::vector<CounterQuestion> questions) {
  auto impl = std::make_unique<Impl>(functions, std::move(questions));
  VIGIL_TRY(impl->open());
  return CounterQuery(std::move(impl));
}

std::vector<CounterAnswer> CounterQuery::look() {
  return impl_->look();
}

Result<CounterFunctions> counter_functions() {
  const HMODULE library = system_library(L"pdh.dll");
  CounterFunctions functions;
  if (library == nullptr || !find_function(library, "PdhOpenQueryW", functions.open) ||
      !find_function(library, "PdhCloseQuery", functions.close) ||
      !find_function(library, "PdhAddEnglishCounterW", functions.add) ||
      !find_function(library, "PdhCollectQueryData", functions.collect) ||
      !find_function(library, "PdhGetFormattedCounterValue", functions.value) ||
      !find_function(library, "PdhGetFormattedCounterArrayW", functions.values)) {
    return Error{Errc::Unsupported, "this system has no performance counters"};
  }
  return functions;
}

bool is_instance_of(std::string_view name, ProcessId process) noexcept {
  std::array<char, 10> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), process.value).ptr;
  const std::string_view id(digits.data(), static_cast<std::size_t>(end - digits.data()));
  if (name.size() <= id.size()) return false;
  if (name.starts_with(id) && name[id.size()] == '_') return true;
  const char before = name[name.size() - id.size() - 1];
  return name.ends_with(id) && (before == '_' || before == ':');
}

}  // namespace vigil::platform
