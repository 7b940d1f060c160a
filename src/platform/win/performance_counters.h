// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <windows.h>
// After windows.h, which they need.
#include <pdh.h>
#include <pdhmsg.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

/// Performance counters of this machine by their English paths. Source: "Using the PDH Functions to
/// Consume Counter Data" of the Win32 documentation. Who registers counters has a library of his
/// loaded into whoever reads them, and may hang there: they are read in a process that somebody
/// else may end.
namespace vigil::platform {

/// The functions of pdh.dll that are used; a test brings its own.
struct CounterFunctions {
  decltype(&::PdhOpenQueryW) open = nullptr;
  decltype(&::PdhCloseQuery) close = nullptr;
  decltype(&::PdhAddEnglishCounterW) add = nullptr;
  decltype(&::PdhCollectQueryData) collect = nullptr;
  decltype(&::PdhGetFormattedCounterValue) value = nullptr;
  decltype(&::PdhGetFormattedCounterArrayW) values = nullptr;
};
/// Errc::Unsupported where the system has not all of them.
[[nodiscard]] Result<CounterFunctions> counter_functions();

struct CounterQuestion {
  std::string path;   ///< `\Object(instance)\Counter` or `\Object\Counter`.
  ProcessId process;  ///< Whose instance is meant where the instance is `*`.
  friend bool operator==(const CounterQuestion&, const CounterQuestion&) = default;
};

/// Neither: nothing is known yet, as of a rate at the first look.
struct CounterAnswer {
  std::optional<double> value = {};
  std::string why = {};  ///< Why there is none.
};

/// Whether an instance of this name is that of \p process where no counter beside it tells: IIS
/// has `4711_DefaultAppPool`, others `w3wp_4711` and `w3wp:4711`.
[[nodiscard]] bool is_instance_of(std::string_view name, ProcessId process) noexcept;

/// Counters that are read together, again and again. What could not be found is looked for again
/// after every kLooksBetween looks: a program registers its counters when it starts.
class CounterQuery {
 public:
  static constexpr std::uint32_t kLooksBetween = 30;

  [[nodiscard]] static Result<CounterQuery> open(const CounterFunctions& functions,
                                                 std::vector<CounterQuestion> questions);
  CounterQuery(CounterQuery&&) noexcept;
  CounterQuery& operator=(CounterQuery&&) noexcept;
  ~CounterQuery();

  /// One for each question, in their order.
  [[nodiscard]] std::vector<CounterAnswer> look();

 private:
  class Impl;
  explicit CounterQuery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vigil::platform
